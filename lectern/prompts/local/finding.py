"""The transformers models in models/LLM, by names that workflows keep: paths below it, such as `owner/model`."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ...modelfiles import find_folders, in_order
from ..errors import ModelFolderError

KIND = "LLM"  # of models folders


def find_models(roots: Iterable[Path]) -> dict[str, Path]:
    """Name -> folder, sorted by name; of two with one name the first root's counts. Opens config.json files alone."""
    return in_order(find_folders(roots, _is_transformers))


def find_model(name: str, roots: Iterable[Path]) -> Path:
    """Raises ModelFolderError when nothing has that name; a path is no name."""
    found = find_models(roots)
    if name in found:
        return found[name]
    known = ", ".join(found) or "none"
    if name.lower().endswith(".gguf"):
        raise ModelFolderError(
            f"{name[:200]!r} is a GGUF file, which is not read here. Run it with llama.cpp or Ollama and choose that"
            f" server, or choose a folder of models/{KIND} that is there: {known[:2000]}."
        )
    raise ModelFolderError(
        f"There is no model {name[:200]!r} in models/{KIND}. Choose one of those that are there: {known[:2000]}. A"
        " model is a folder with a config.json and safetensors files."
    )


def _is_transformers(config: dict[str, Any]) -> bool:
    return isinstance(config.get("model_type"), str)
