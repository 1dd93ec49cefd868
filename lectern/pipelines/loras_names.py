"""A LoRA file's tensors -> layers of a pipeline's components, and which of them fit.

diffusers' own converters know the trainers' formats (kohya, peft, xlabs, ai-toolkit, musubi ...). What they or the
models leave out without a word is counted here.
"""

import math
from collections.abc import Iterable, Mapping
from inspect import signature
from typing import Any, NamedTuple

from .errors import LoraError, first_line
from .loras import LoraFile, takes_loras
from .loras_files import read_metadata, read_tensors, shown, written_settings
from .quiet import quiet

DENOISERS = ("unet", "transformer", "transformer_2")
MISSIZED = 10  # one in so many layers with a known name and another size: the model is another one
SECOND = "transformer_2"  # of Wan 2.2: a file names the first alone
# Ends of peft's tensor names -> fields of Part.
ENDS = {
    ".lora_A.weight": "down", ".lora_B.weight": "up", ".lora_B.bias": "bias",
    ".lora_magnitude_vector.weight": "magnitude", ".lora_magnitude_vector": "magnitude",
}  # fmt: skip
# What diffusers' converters raise for tensors whose names or shapes they do not expect.
CONVERSION = (ValueError, KeyError, IndexError, TypeError, AttributeError, RuntimeError, NotImplementedError)


class Part(NamedTuple):
    """What a LoRA adds to one layer: up(down(x)) * alpha / rank."""

    down: Any  # (rank, in, ...)
    up: Any  # (out, rank, ...)
    alpha: float
    bias: Any = None  # of `up`
    magnitude: Any = None  # of a DoRA

    @property
    def rank(self) -> int:
        return int(self.down.shape[0])


Parts = dict[str, Part]  # by the layer's name in its component


class Tally(NamedTuple):
    """What a file has and what of it has a place."""

    given: Mapping[str, Parts]
    found: Mapping[str, Parts]
    strange: list[str]  # layers of no component
    missed: list[str]  # all without a place
    sized: int  # of those, by their size alone


class Fitted(NamedTuple):
    parts: Mapping[str, Parts]  # by component
    note: str  # what was left out, for the person; empty for nothing


def fitted(file: LoraFile, pipe: Any) -> Fitted:
    """Raises LoraError: it was made for another kind of model; FolderError: the file is damaged."""
    components = takes_loras(pipe)
    settings = written_settings(read_metadata(file))
    given, strange = _grouped(*_converted(file, pipe), components, settings)
    found: dict[str, Parts] = {}
    missed, sized = list(strange), 0
    for name, parts in given.items():
        fits, misses, others = _matches(parts, _layers(getattr(pipe, name, None)))
        found[name] = fits
        missed += [f"{name}.{layer}" for layer in misses]
        sized += others
    _check_family(file, pipe, Tally(given, found, strange, missed, sized))
    if getattr(pipe, SECOND, None) is not None and "transformer" in given:
        found[SECOND] = _matches(given["transformer"], _layers(getattr(pipe, SECOND)))[0]
    total = sum(map(len, given.values())) + len(strange)
    return Fitted(found, _note(file, missed, total))


def _converted(file: LoraFile, pipe: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Tensors by diffusers' names, each beginning with its component, and alphas by names of their own."""
    tensors = read_tensors(file)
    options: dict[str, Any] = {}
    if hasattr(pipe, "text_encoder_2") and hasattr(pipe, "unet"):
        options["unet_config"] = pipe.unet.config  # SDXL's files number their blocks otherwise
    if "return_alphas" in signature(pipe.lora_state_dict).parameters:
        options["return_alphas"] = True
    try:
        with quiet():
            made = pipe.lora_state_dict(tensors, **options)
    except CONVERSION as error:
        raise LoraError(
            f"{file.name} is no LoRA for {type(pipe).__name__}: diffusers cannot place its layers such as"
            f" {shown(tensors)} ({first_line(error)[:120]}). Use one that was made for this kind of model."
        ) from error
    state, alphas = made[:2] if isinstance(made, tuple) else (made, None)
    return state, alphas or {}


def _grouped(
    tensors: Mapping[str, Any], alphas: Mapping[str, Any], components: Iterable[str], settings: Mapping[str, Any]
) -> tuple[dict[str, Parts], list[str]]:
    """Component -> layer -> part, and the names of tensors that belong to none."""
    fields: dict[tuple[str, str], dict[str, Any]] = {}
    strange: list[str] = []
    for name, tensor in tensors.items():
        component, layer, part = _place(name, components)
        if part:
            fields.setdefault((component, layer), {})[part] = tensor
        else:
            strange.append(name.split(".lora")[0])
    known = {_place(_as_tensor(name), components)[:2]: _number(alpha) for name, alpha in alphas.items()}
    grouped: dict[str, Parts] = {}
    for (component, layer), one in fields.items():
        if "down" in one and "up" in one and one["down"].ndim > 1 and one["up"].ndim > 1:
            alpha = known.get((component, layer)) or _written_alpha(settings, component, layer, len(one["down"]))
            grouped.setdefault(component, {})[layer] = Part(one.pop("down"), one.pop("up"), alpha, **one)
        else:
            strange.append(f"{component}.{layer}")
    return grouped, list(dict.fromkeys(strange))


def _place(name: str, components: Iterable[str]) -> tuple[str, str, str]:
    """Component, layer and field of Part; empty strings for a name of another form."""
    from diffusers.utils.state_dict_utils import (
        StateDictType,
        convert_state_dict_to_peft,
        convert_unet_state_dict_to_peft,
    )

    component, _, rest = name.partition(".")
    if component in components:
        state: dict[str, Any] = {rest: None}
        if component not in DENOISERS:
            state = convert_state_dict_to_peft(state, original_type=StateDictType.DIFFUSERS_OLD)
        (rest,) = convert_unet_state_dict_to_peft(state)
        for end, part in ENDS.items():
            if rest.endswith(end):
                return component, rest.removesuffix(end), part
    return "", "", ""


def _as_tensor(alpha: str) -> str:
    """diffusers names an alpha after its layer, or after the whole tensor below it."""
    name = alpha.removesuffix(".alpha")
    return name if name.endswith(".down.weight") else name + ".lora.down.weight"


def _written_alpha(settings: Mapping[str, Any], component: str, layer: str, rank: int) -> float:
    """As peft's settings in the file say, for a layer without an alpha of its own; else the rank, which scales by 1."""
    own = settings.get(f"{component}.alpha_pattern")
    alpha = own.get(layer) if isinstance(own, dict) else None
    alpha = _number(alpha if alpha is not None else settings.get(f"{component}.lora_alpha", rank)) or float(rank)
    return alpha * math.sqrt(rank) if settings.get(f"{component}.use_rslora") is True else alpha


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, RuntimeError):
        return None
    return number if math.isfinite(number) else None


def _layers(module: Any) -> dict[str, Any]:
    """Linear layers and convolutions by the names that they have without any LoRA."""
    found: dict[str, Any] = {}
    for name, layer in module.named_modules() if module is not None else ():
        if (hasattr(layer, "in_features") or hasattr(layer, "kernel_size")) and ".lora_" not in name:
            found[name.removesuffix(".base_layer")] = layer
    return found


def _matches(parts: Parts, layers: Mapping[str, Any]) -> tuple[Parts, list[str], int]:
    """Parts in their layers' shapes by those layers' names; those that have none; how many of these by size alone."""
    fits: Parts = {}
    misses: list[str] = []
    sized = 0
    for name, part in parts.items():
        # transformers 5 left out `text_model` from its names.
        names = (name, name.removeprefix("text_model."), f"text_model.{name}")
        known = next((one for one in names if one in layers), None)
        shaped = _shaped(part, layers[known]) if known else None
        if known and shaped:
            fits[known] = shaped
        else:
            misses.append(name)
            sized += known is not None
    return fits, misses, sized


def _shaped(part: Part, layer: Any) -> Part | None:
    """None where it is for a layer of another size. Quantised layers store other shapes, so theirs are not asked."""
    layer = getattr(layer, "base_layer", layer)
    if hasattr(layer, "kernel_size"):
        into, out, kernel = layer.in_channels // layer.groups, layer.out_channels, tuple(layer.kernel_size)
    else:
        into, out, kernel = layer.in_features, layer.out_features, ()
    rank, ones = part.rank, (1,) * len(kernel)
    fits = rank > 0 and part.down.shape[1] == into and part.down.numel() == rank * into * math.prod(kernel)
    if not fits or tuple(part.up.shape[:2]) != (out, rank) or part.up.numel() != out * rank:
        return None
    return part._replace(down=part.down.reshape(rank, into, *kernel), up=part.up.reshape(out, rank, *ones))


def _check_family(file: LoraFile, pipe: Any, tally: Tally) -> None:
    """Some layers of another family fit by chance: text encoders are shared, and many names and widths are the same."""
    main = next((name for name in DENOISERS if name in tally.given), None)
    counted = [main] if main else list(tally.given)
    fit = sum(len(tally.found.get(name, {})) for name in counted)
    total = sum(len(tally.given[name]) for name in counted) + len(tally.strange)
    foreign = not main and any(name.split(".")[0] in DENOISERS for name in tally.strange)
    if fit * 2 >= max(total, 1) and tally.sized * MISSIZED < total and not foreign:
        return
    raise LoraError(
        f"{file.name} is a LoRA for another kind of model than {type(pipe).__name__}: {total - fit} of its {total}"
        f" layers{f' for the {main}' if main else ''} have no place there, such as {shown(tally.missed)}. Use one that"
        " was made for this kind of model."
    )


def _note(file: LoraFile, missed: list[str], total: int) -> str:
    if not missed:
        return ""
    return f"{len(missed)} of {total} layers of {file.name} did not fit and were left out: {shown(missed)}."
