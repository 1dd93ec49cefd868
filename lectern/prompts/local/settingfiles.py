"""The JSON files of a model's folder, looked at before transformers acts on them.

transformers (5.24) takes more from such files than settings: classes of other people (`auto_map`, and names such as
`org/repo--module.Class`), about which it asks on the console; an adapter's base, and the codec of `audio_tokenizer`,
from the hub; attention and experts from kernels of the hub, which are code; files elsewhere that hold the weights; and
numbers that say how much is built before anything is compared with the weights.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...errors import first_line
from ...jsontext import parts
from ..errors import ModelFolderError

CONFIG = "config.json"
ADAPTER = "adapter_config.json"
GENERATION = "generation_config.json"
TOKENIZER = "tokenizer_config.json"
LARGEST = 4 << 20  # bytes; tokenizer_config.json may list some thousand tokens
LARGEST_WORDS = 128 << 20  # bytes of tokenizer.json and vocabularies, which only their own reader reads
LARGEST_TEMPLATE = 1 << 20  # bytes
WORDS = ("tokenizer.json", "vocab.json", "added_tokens.json")
MOST = 1000  # layers, or blocks; the largest models have some hundred
PLAIN = (None, "eager", "sdpa")  # attention; all else may be a kernel of the hub
# Said to transformers by folders, and not wanted: other people's classes where transformers has its own, patches of
# layers, another file with weights. `_name_or_path` is where somebody else had the model.
DROPPED = ("auto_map", "fusion_config", "transformers_weights", "distributed_config", "_name_or_path")
_SHARD = re.compile(r"shard-\d+-model-\d+-of-\d+\.safetensors")  # is taken for a checkpoint of many machines
_CLASS = re.compile(r"_(class|processor_type|extractor_type)$")


def read_config(folder: Path) -> dict[str, Any]:
    """The values of config.json without those that are DROPPED, at any depth, after a look at all settings.

    Raises:
        ModelFolderError: names the file and the setting that is not taken.
    """
    _check_files(folder)
    for file in sorted(folder.glob("*.json")):
        if file.name not in (*WORDS, CONFIG) and not file.name.endswith(".index.json"):
            _check_beside(file, read_object(file))
    config = _kept(read_object(folder / CONFIG))
    _check_config(folder / CONFIG, config)
    return config


def read_object(file: Path) -> dict[str, Any]:
    """Raises ModelFolderError: it cannot be read, or is no JSON object of moderate size."""
    try:
        with file.open("rb") as source:
            text = source.read(LARGEST + 1)
        values = json.loads(text) if len(text) <= LARGEST else None
        if isinstance(values, dict):
            return values
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or first_line(error)
        raise _refusal(file, f"cannot be read ({reason})", "Get that file anew") from error
    raise _refusal(file, "is not a JSON object of moderate size", "Get it anew")


def token_ids(value: Any) -> tuple[int, ...]:
    """Of an entry such as eos_token_id, which is a number, a list of them, or nothing."""
    found = value if isinstance(value, list) else [value]
    return tuple(one for one in found if isinstance(one, int) and not isinstance(one, bool) and one >= 0)


def _check_files(folder: Path) -> None:
    if (folder / ADAPTER).exists():
        raise _refusal(folder / ADAPTER, "makes it an adapter of a model elsewhere", "Choose the whole model")
    for file in folder.iterdir():
        if _SHARD.fullmatch(file.name):
            raise _refusal(file, "is a part of a checkpoint of several machines", "Get the model as it is published")
        largest = LARGEST_TEMPLATE if file.suffix == ".jinja" else LARGEST_WORDS if file.name in WORDS else None
        if largest is not None and file.stat().st_size > largest:
            raise _refusal(file, f"has more than {largest >> 20} MB", "Get that file anew")


def _check_config(file: Path, config: dict[str, Any]) -> None:
    for name, value in _settings(config):
        if name == "quantization_config" and value:
            method = value.get("quant_method") if isinstance(value, dict) else value
            what = f"says that its weights are quantized ({str(method)[:40]}), which is not read here"
            raise _refusal(file, what, "Get the same model with plain weights, or run it with a server")
        if _fetches(name, value):
            what = f"sets {name[:80]} to {str(value)[:80]!r}, which can bring code or weights from elsewhere"
            raise _refusal(file, what, "Delete that setting")
        if _builds_too_much(name, value):
            raise _refusal(file, f"asks for too much with its {name[:80]}", "Get that file anew")


def _check_beside(file: Path, values: dict[str, Any]) -> None:
    """Settings of tokenizers, processors and generation."""
    for name, value in _settings(values):
        foreign = isinstance(value, str) and _CLASS.search(name) and not value.isidentifier()
        if foreign or (value and name in ("auto_map", "custom_generate", "audio_tokenizer")):
            what = f"sets {name[:80]}, which would bring code or weights from elsewhere"
            raise _refusal(file, what, "Delete that setting")


def _fetches(name: str, value: Any) -> bool:
    if name.endswith(("attn_implementation", "attn_implementation_internal", "experts_implementation")):
        allowed = (*PLAIN, "grouped_mm", "batched_mm") if "experts" in name else PLAIN
        return any(part not in allowed for part, _ in parts(value) if not isinstance(part, dict))
    if name in ("use_timm_backbone", "use_pretrained_backbone", "use_kernels", "custom_generate", "speculators_config"):
        return bool(value)
    # timm, too, takes such names for addresses
    return name in ("architecture", "backbone") and isinstance(value, str) and bool(re.search("[:/]", value))


def _builds_too_much(name: str, value: Any) -> bool:
    if not re.search("layers|blocks|depth", name):
        return False
    if isinstance(value, list) and len(value) > MOST:
        return True
    return any(one > MOST for one, _ in parts(value) if isinstance(one, int | float))


def _settings(values: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for one, _ in parts(values):
        if isinstance(one, dict):
            yield from one.items()


def _kept(config: dict[str, Any]) -> dict[str, Any]:
    for one, _ in parts(config):
        if isinstance(one, dict):
            for name in DROPPED:
                one.pop(name, None)
    return config


def _refusal(file: Path, what: str, remedy: str) -> ModelFolderError:
    return ModelFolderError(f"{file.parent.parent.name}/{file.parent.name}: {file.name} {what}. {remedy}.")
