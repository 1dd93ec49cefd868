"""LoRAs chosen for a pipeline: which file, and how strongly it counts in each component and block."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from .errors import LoraError

# The second denoiser of Wan 2.2 takes LoRAs of its own; a file goes there only when its weight is given.
OFF_BY_DEFAULT = ("transformer_2",)
LARGEST = 100.0  # of a weight, either way
LONGEST_TEXT = 20_000  # letters of JSON
UNET_BLOCKS = {"down": "down_blocks", "mid": "mid_block", "up": "up_blocks"}  # diffusers' short names
EXAMPLE = '{"text_encoder": 0.5, "unet": {"down": 0.5, "mid": 1, "up": {"block_1": 0.8}}}'


@dataclass(frozen=True, eq=False)
class LoraFile:
    """One content of one file. As long as somebody holds it, its layers may stay in the models that used it."""

    path: Path
    stamp: tuple[int, int]  # ns, bytes

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def adapter(self) -> str:
        """What its layers are called in a model: never a name that anybody else would choose."""
        return "lectern_" + sha256(repr((str(self.path), self.stamp)).encode()).hexdigest()[:16]


_files: WeakValueDictionary[tuple[Path, tuple[int, int]], LoraFile] = WeakValueDictionary()
_lock = Lock()


def lora_file(path: Path) -> LoraFile:
    """The same object for the same content. Raises LoraError: there is no such file."""
    try:
        status = path.stat()
    except OSError as error:
        raise LoraError(f"The LoRA {path.name} cannot be read: {error.strerror}. Choose another one.") from error
    key = (path.resolve(), (status.st_mtime_ns, status.st_size))
    with _lock:
        found = _files.get(key)
        if found is None:
            found = _files[key] = LoraFile(*key)
        return found


class Weight(NamedTuple):
    """Of one component; both multiply the LoRA's strength."""

    factor: float = 1.0
    blocks: Mapping[str, float] = MappingProxyType({})  # module name, or the start of one -> its own factor


@dataclass(frozen=True, eq=False)
class Lora:
    file: LoraFile
    strength: float = 1.0
    weights: Mapping[str, Weight] = field(default_factory=dict)  # component -> weight

    def wanted(self, component: str) -> bool:
        """Whether it can have an effect there."""
        return self._weight(component).factor * self.strength != 0

    def scale(self, component: str, layer: str) -> float:
        weight = self._weight(component)
        return self.strength * weight.factor * _block_factor(weight.blocks, layer)

    def _weight(self, component: str) -> Weight:
        return self.weights.get(component, Weight(0.0 if component in OFF_BY_DEFAULT else 1.0))


def parsed_weights(text: str) -> dict[str, Weight]:
    """JSON of a number, or an object of blocks, for each component. Raises LoraError."""
    try:
        values = json.loads(text) if text.strip() and len(text) <= LONGEST_TEXT else {}
    except (ValueError, RecursionError) as error:
        raise LoraError(f"The weights are not JSON ({error}). Write an object such as {EXAMPLE}.") from error
    if not isinstance(values, dict) or len(text) > LONGEST_TEXT:
        raise LoraError(f"The weights must be a JSON object of moderate size, such as {EXAMPLE}.")
    return {
        name: Weight(blocks=_blocks(name, value)) if isinstance(value, dict) else Weight(_number(name, value))
        for name, value in values.items()
    }


def chosen(pipe: Any, file: LoraFile, strength: float = 1.0, weights: str = "") -> Lora:
    """Raises LoraError: the pipeline takes no LoRA, or the weights name what it does not have."""
    names = [name for name in takes_loras(pipe) if getattr(pipe, name, None) is not None]
    if not math.isfinite(strength):
        raise LoraError(f"The strength of a LoRA must be a number, got {strength}. Set it to 1.")
    parsed = parsed_weights(weights)
    for component, weight in parsed.items():
        if component not in names:
            raise LoraError(
                f"A LoRA for {type(pipe).__name__} has no component {component[:80]!r}. Give weights for:"
                f" {', '.join(names)}."
            )
        _check_blocks(component, weight, getattr(pipe, component))
    return Lora(file, float(strength), parsed)


def takes_loras(pipe: Any) -> tuple[str, ...]:
    """Components that a LoRA can go into. Raises LoraError: diffusers has no LoRAs for this pipeline."""
    names = tuple(getattr(pipe, "_lora_loadable_modules", ()))
    if not names or not hasattr(pipe, "lora_state_dict"):
        raise LoraError(f"diffusers takes no LoRA for {type(pipe).__name__}. Unlink the LoRA, or use another pipeline.")
    return names


def _check_blocks(component: str, weight: Weight, module: Any) -> None:
    if not weight.blocks:
        return
    names = {_alike(name) for name, _ in module.named_modules()}
    missing = next((block for block in weight.blocks if _alike(block) not in names), None)
    if missing is not None:
        blocks = sorted(name for name in names if re.fullmatch(r"\w+blocks\.\d+|mid_block", name))
        raise LoraError(f"{component} has no block {missing[:80]!r} to weigh. It has: {', '.join(blocks[:60])}.")


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST:
        raise LoraError(
            f"The weight of {name[:80]!r} must be a number from -{LARGEST:g} to {LARGEST:g}, got {str(value)[:80]}."
            f" Write for example {EXAMPLE}."
        )
    return float(value)


def _blocks(component: str, values: Mapping[str, Any]) -> dict[str, float]:
    """diffusers' nested names as starts of module names."""
    short = UNET_BLOCKS if component == "unet" else {}
    found: dict[str, float] = {}
    for name, value in values.items():
        start = short.get(name, name)
        if isinstance(value, dict) and name in ("down", "up") and short:
            inner = {f"{start}.{key.removeprefix('block_')}": one for key, one in value.items()}
        else:
            inner = {start: value}
        for block, one in inner.items():
            found |= _spread(block, one)
    return found


def _spread(block: str, value: Any) -> dict[str, float]:
    """A list gives one number for each attention of the block."""
    if not isinstance(value, list):
        return {block: _number(block, value)}
    if len(value) == 1:
        return {block: _number(block, value[0])}
    return {f"{block}.attentions.{place}": _number(block, one) for place, one in enumerate(value)}


def _alike(name: str) -> str:
    """A block's resnet counts with the attention beside it, as in diffusers."""
    return name.replace(".resnets.", ".attentions.", 1)


def _block_factor(blocks: Mapping[str, float], layer: str) -> float:
    if not blocks:
        return 1.0
    name = _alike(layer) + "."
    fitting = [block for block in blocks if name.startswith(_alike(block) + ".")]
    return blocks[max(fitting, key=len)] if fitting else 1.0
