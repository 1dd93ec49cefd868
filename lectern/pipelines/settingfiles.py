"""The JSON files of a pipeline's components, looked at before diffusers and transformers act on them.

Both take more from such a file than settings: where an object belongs and a text is, diffusers (0.42.1) takes that for
a name on the hub and asks there, in spite of local_files_only; transformers (5.23) takes an adapter's base from the
hub, and attention with its code, where the package kernels is there; and numbers say how much is built before
anything is compared with the weights.
"""

import json
from pathlib import Path
from typing import Any

from ..jsontext import parts
from .errors import FolderError, first_line

LARGEST = 1 << 20  # bytes
LARGEST_WORDS = 64 << 20  # bytes of what belongs to a tokenizer
CONFIG = "config.json"
ADAPTER = "adapter_config.json"
WORDS = ("tokenizer", "special_tokens", "added_tokens")  # how the names of a tokenizer's files begin
# Part of a setting's name -> the most that it may be. The largest models have some hundred layers.
MOST = {"layers": 1000, "num_blocks": 1000, "num_train_timesteps": 100_000, "pos_embed_max_size": 10_000}
LONGEST = 1000  # entries of a list of layers or blocks
PLAIN = (None, "eager", "sdpa")  # attention; all else may be a kernel of the hub, which is code
QUANTIZED = (None, "bitsandbytes", "torchao", "quanto", "sdnq")  # methods; others, too, fetch kernels


def read_object(file: Path, largest: int = LARGEST) -> dict[str, Any]:
    """Raises FolderError: it cannot be read, or is no JSON object of moderate size."""
    said = f"{file.parent.parent.name}/{file.parent.name}: {file.name}"
    try:
        with file.open("rb") as source:
            text = source.read(largest + 1)
        values = json.loads(text) if len(text) <= largest else None
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or first_line(error)
        raise FolderError(f"{said} cannot be read ({reason}). Get that file anew.") from error
    if not isinstance(values, dict):
        raise FolderError(f"{said} is not a JSON object of moderate size. Get it anew.")
    return values


def check_component(folder: Path) -> None:
    """All settings at the top of a folder. Raises FolderError."""
    if (folder / ADAPTER).exists():
        raise FolderError(
            f"{folder.parent.name}/{folder.name} holds {ADAPTER}, which names a model elsewhere. Delete that file; for"
            " LoRAs there is Pipeline LoRA."
        )
    for file in sorted(folder.glob("*.json")):
        if file.name.startswith(WORDS):
            read_object(file, LARGEST_WORDS)
        elif file.name == CONFIG or file.name.endswith("_config.json"):
            _check_values(file, read_object(file))


def _check_values(file: Path, values: dict[str, Any]) -> None:
    """Also of settings within settings, as multimodal encoders have them."""
    for one, _ in parts(values):
        for name, value in one.items() if isinstance(one, dict) else ():
            if _builds_too_much(name, value):
                raise _refusal(file, f"asks for too much with its {name[:80]}", "Get that file anew")
            if _fetches(name, value):
                what = f"sets {name[:80]} to {str(value)[:80]!r}, which can bring code from elsewhere"
                raise _refusal(file, what, "Delete that setting")


def _fetches(name: str, value: Any) -> bool:
    if name.endswith(("attn_implementation", "attn_implementation_internal", "experts_implementation")):
        return any(part not in PLAIN for part, _ in parts(value) if not isinstance(part, dict))
    return (name == "quant_method" and value not in QUANTIZED) or (name == "use_timm_backbone" and bool(value))


def _refusal(file: Path, what: str, remedy: str) -> FolderError:
    return FolderError(
        f"{file.parent.parent.name}/{file.parent.name}: {file.name} {what}. {remedy}, or choose another pipeline."
    )


def _builds_too_much(name: str, value: Any) -> bool:
    if isinstance(value, list) and ("layers" in name or "block" in name) and len(value) > LONGEST:
        return True
    most = next((most for part, most in MOST.items() if part in name), None)
    numbers = [one for one, _ in parts(value) if isinstance(one, int | float)]
    return most is not None and any(one > most for one in numbers)
