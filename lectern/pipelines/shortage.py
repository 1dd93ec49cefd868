"""Not enough memory: what was needed, what is free, and which option would fit."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from ..outofmemory import amount, ran_out
from .errors import ShortageError
from .memory import Memory
from .offloading import offload_of
from .pipeline import Pipeline
from .plans import FULL, GROUP, MODEL, SEQUENTIAL, denoisers

T = TypeVar("T")


class Part(NamedTuple):
    """One component, in bytes."""

    name: str
    whole: int
    block: int  # the largest of its blocks
    layer: int  # the largest of its layers
    denoises: bool = False
    wide: bool = False  # stored with two bytes or more for each weight


def needs(parts: list[Part], working: int) -> dict[str, int]:
    """Bytes on the device for each way to offload, smallest last; `working` is what a run takes beside the weights.

    Group offloading holds a block and the one that comes next; the VAE always comes whole.
    """
    vae = max((part.whole for part in parts if part.name.startswith("vae")), default=0)
    moved = [part for part in parts if not part.name.startswith("vae")]
    return {
        FULL: working + sum(part.whole for part in parts),
        MODEL: working + max((part.whole for part in parts), default=0),
        GROUP: working + max([vae, *(2 * part.block for part in moved)]),
        SEQUENTIAL: working + max([vae, *(2 * part.layer for part in moved)]),
    }


def in_fp8(parts: list[Part]) -> list[Part]:
    """What fp8 storage makes of them, near enough: its norms and ends keep their precision."""
    return [
        Part(part.name, part.whole // 2, part.block // 2, part.layer, True) if part.denoises and part.wide else part
        for part in parts
    ]


def sentence(kind: str, offload: str, parts: list[Part], working: int, free: int, tiled: bool) -> str:
    """`free`: bytes on the device once this pipeline is off it; `tiled`: whether the VAE works in tiles already."""
    need, smaller = needs(parts, working), needs(in_fp8(parts), working)
    fits = {f"offload {name}": need[name] for name in need if name != offload and need[name] < min(free, need[offload])}
    if smaller[offload] < need[offload] and smaller[offload] < free:
        fits["fp8 storage in Pipeline Loader"] = smaller[offload]
    listed = ", ".join(f"{name} ({amount(size)})" for name, size in fits.items())
    advice = (
        f"These would fit, in Pipeline Memory where nothing else is said: {listed}"
        if listed
        else "No way to offload the weights would fit; make smaller or fewer pictures at once, or take a smaller model"
    )
    tiles = "" if tiled else "; vae_tiling makes decoding smaller"
    return (
        f"Not enough memory: with offload {offload} {kind} needs about {amount(need[offload])} on the device,"
        f" {amount(free)} are free. {advice}{tiles}."
    )


def enough(run: Callable[[], T], pipeline: Pipeline, memory: Memory, working: int) -> T:
    """Raises ShortageError in place of what torch raises; the pipeline's weights have left the device then."""
    try:
        return run()
    except (RuntimeError, MemoryError) as error:
        if not ran_out(error):
            raise
    # Outside of the handler and without its error: that one holds every tensor of the frames it came through.
    memory.release(pipeline.all_weights())
    offload, tiled = offload_of(pipeline, memory, working), pipeline.plan.vae_tiling
    raise ShortageError(sentence(pipeline.kind, offload, parts_of(pipeline), working, memory.free(), tiled))


def room_to_load(run: Callable[[], T], name: str, sizes: Mapping[str, int], memory: Memory) -> T:
    """The same for reading weights. `sizes`: bytes of each component's, as they will be."""
    try:
        return run()
    except (RuntimeError, MemoryError) as error:
        if not ran_out(error):
            raise
    raise ShortageError(
        f"Not enough memory to load {name}: its weights need about {amount(sum(sizes.values()))},"
        f" {amount(memory.ram())} of the computer's memory are free. Choose dtype fp16, bf16 or fp8 storage, or a"
        " quantization, in Pipeline Loader, or close other programs."
    )


def parts_of(pipeline: Pipeline) -> list[Part]:
    names = {id(part): name for name, part in pipeline.loaded.components.items()}
    denoising = {id(one) for one in denoisers(pipeline.loaded)}
    modules = [one.module for one in pipeline.all_weights()]
    return [_part(names.get(id(one), ""), one, id(one) in denoising) for one in modules]


def _part(name: str, module: Any, denoises: bool) -> Part:
    layers = [_bytes(one, recurse=False) for one in module.modules()]
    blocks = [
        _bytes(block)
        for child in module.children()
        for block in (child if type(child).__name__ in ("ModuleList", "Sequential") else (child,))
    ]
    widest = max((one.element_size() for one in module.parameters()), default=0)
    own = _bytes(module, recurse=False)
    return Part(name, _bytes(module), max([own, *blocks]), max([own, *layers]), denoises, _mostly_wide(module, widest))


def _mostly_wide(module: Any, widest: int) -> bool:
    """Most weights take two bytes or more: fp8 storage leaves a few of these."""
    wide = sum(one.numel() for one in module.parameters() if one.element_size() >= 2)
    return widest >= 2 and 2 * wide > sum(one.numel() for one in module.parameters())


def _bytes(module: Any, recurse: bool = True) -> int:
    return sum(one.numel() * one.element_size() for one in module.parameters(recurse=recurse))
