"""LoRA files: whole, plain LoRAs, and their tensors. Only safetensors is read."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from ..weightfiles import check_whole
from .errors import LoraError, first_line
from .loras import LoraFile

# Parts of tensor names by which other kinds of adapters are known.
OTHER_KINDS = {
    "lokr_": "LoKr", "hada_": "LoHa", "oft_blocks": "OFT", "oft_diag": "OFT", "boft_": "BOFT", "glora": "GLoRA",
    "dora_scale": "DoRA of another format than diffusers'", "ia3_": "IA3",
}  # fmt: skip
SHOWN = 3  # names in a message


def read_metadata(file: LoraFile) -> dict[str, str]:
    """What the file says about itself, after a look at all of its header. Reads no tensor.

    Raises:
        FolderError: the file is damaged. LoraError: it is no LoRA, or of a kind that is not loaded.
    """
    from safetensors import SafetensorError, safe_open

    check_whole(file.path)
    try:
        with safe_open(file.path, "pt") as opened:
            check_kind(file, opened.keys())
            return dict(opened.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise _unreadable(file, error) from error


def read_tensors(file: LoraFile) -> dict[str, Any]:
    """Name -> tensor on the CPU. Raises as `read_metadata`."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        check_whole(file.path)
        tensors = load_file(file.path)
    except (OSError, SafetensorError) as error:
        raise _unreadable(file, error) from error
    check_kind(file, tensors)
    return tensors


def check_kind(file: LoraFile, names: Collection[str]) -> None:
    """Raises LoraError: by its tensors' names it is no plain LoRA."""
    for part, kind in OTHER_KINDS.items():
        if any(part in name for name in names):
            raise LoraError(f"{file.name} is a {kind}, which cannot be loaded. Use a LoRA, or merge it into a model.")
    if not any("lora" in name for name in names):
        raise LoraError(
            f"{file.name} is no LoRA: it holds {len(names)} weights ({shown(names) or 'none at all'}). Choose a LoRA;"
            " whole models belong into a loader."
        )


def shown(names: Collection[str]) -> str:
    """The first few, for a message."""
    first = [name[:80] for name in list(names)[:SHOWN]]
    return ", ".join([*first, "..."] if len(names) > SHOWN else first)


def written_settings(metadata: Mapping[str, str]) -> dict[str, Any]:
    """peft's settings as diffusers writes them into a file, `unet.lora_alpha` and so on; empty where there are none."""
    try:
        values = json.loads(metadata.get("lora_adapter_metadata", "{}"))
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _unreadable(file: LoraFile, error: Exception) -> LoraError:
    return LoraError(f"The LoRA {file.name} cannot be read: {first_line(error)}. Get it anew.")
