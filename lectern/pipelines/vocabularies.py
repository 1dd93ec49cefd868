"""Tokenizers for single files: settings from the shipped configs, vocabularies from those that ComfyUI ships."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import FolderError

SETTINGS = "tokenizer_config.json"
# Class of transformers -> the name that the host gives its vocabulary, and the files that make it up.
VOCABULARIES = {
    "CLIPTokenizer": ("clip", ("vocab.json", "merges.txt")),
    "T5TokenizerFast": ("t5", ("tokenizer.json",)),
}


def tokenizer(kind: Any, config: Path, folders: Mapping[str, Path]) -> Any:
    """`config` is the component's folder among the shipped configs; `folders` are the host's, by VOCABULARIES' names.

    Raises:
        FolderError: this ComfyUI has no such vocabulary.
    """
    name, files = VOCABULARIES[config_kind(config)]
    folder = folders.get(name)
    if folder is None or not all((folder / file).is_file() for file in files):
        raise FolderError(
            f"The vocabulary that single files need for their {config.name} ({' and '.join(files)}) is not in ComfyUI's"
            f" folder {folder or name}. Choose a base pipeline of the same family, which brings its own, or update"
            " ComfyUI."
        )
    return kind.from_pretrained(str(folder), local_files_only=True, **_settings(config))


def config_kind(config: Path) -> str:
    return str(_read(config)["tokenizer_class"])


def _settings(config: Path) -> dict[str, Any]:
    return {name: value for name, value in _read(config).items() if name != "tokenizer_class"}


def _read(config: Path) -> dict[str, Any]:
    return json.loads((config / SETTINGS).read_text("utf-8"))
