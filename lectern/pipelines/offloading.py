"""The ways in which components come to the device during one run.

Only `full` brings all of them at once; `auto` does when that fits, and else is `model`, which asks ComfyUI's memory
manager for each when it is called, so that others leave only where there is too little room. `group` and `sequential`
take the denoiser and the text encoders out of the manager's hands for the run, and diffusers moves their blocks or
layers; the VAE comes whole when it is called.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from .hooks import registries, remove
from .memory import Loads, Memory, Weights
from .pipeline import Pipeline
from .plans import AUTO, FULL, GROUP, MODEL

ALONE = ("text_encoder", "image_encoder", "vae", "vqvae", "movq")  # how the names of those begin that run by themselves
DENOISERS = ("unet", "transformer", "prior")
OFFLOADED = ("group_offloading", "layer_execution_tracker", "lazy_prefetch_group_offloading")  # diffusers' hooks

Stage = tuple[Weights, ...]  # needed at the same time


@contextmanager
def offloading(pipeline: Pipeline, pipe: Any, memory: Memory, working: int) -> Iterator[Loads]:
    """What loads weights as the plan says, for this run; afterwards the components are as they were.

    Args:
        pipe: this run's own object.
        working: bytes that the run takes beside the weights.
    """
    offload = offload_of(pipeline, memory, working)
    if offload == FULL:
        yield memory
        return
    _run_on(pipe, memory.device)
    with ExitStack() as worn:
        yield _Offloaded(offload, pipe, memory, worn)


def offload_of(pipeline: Pipeline, memory: Memory, working: int) -> str:
    """What `auto` means for this pipeline on this device."""
    if pipeline.plan.offload != AUTO:
        return pipeline.plan.offload
    return FULL if sum(one.bytes for one in pipeline.all_weights()) + working <= memory.capacity() else MODEL


def stages(pipe: Any, weights: Sequence[Weights]) -> list[Stage]:
    """Those that are called in turn in every step stay together, else they would change places in every step."""
    names = {id(part): name for name, part in pipe.components.items()}
    alone, denoisers, beside = [], [], []
    for one in weights:
        name = names.get(id(one.module), "")
        (alone if name.startswith(ALONE) else denoisers if name.startswith(DENOISERS) else beside).append(one)
    together = [(*denoisers, *beside)] if beside else [(one,) for one in denoisers]
    return [*((one,) for one in alone), *together]


class _Offloaded:
    def __init__(self, offload: str, pipe: Any, memory: Memory, worn: ExitStack) -> None:
        self._offload = offload
        self._pipe = pipe
        self._memory = memory
        self._worn = worn
        self._here: Stage = ()

    def load(self, weights: Sequence[Weights], working: int) -> None:
        """As Memory.load(), but when they are called."""
        self._worn.close()  # what an earlier load of this run put on
        vae = getattr(self._pipe, "vae", None)
        streamed = [one for one in weights if self._offload != MODEL and one.module is not vae]
        whole = [one for one in weights if one not in streamed]
        if streamed:
            self._memory.release(streamed)
            self._memory.make_room(working)
        for one in streamed:
            self._worn.enter_context(_streamed(one.module, self._memory.device, self._offload))
        for stage in stages(self._pipe, whole):
            for one in stage:
                self._worn.enter_context(_called(one.module, self._memory.device, self._bring(stage, working)))

    def _bring(self, stage: Stage, working: int) -> Callable[[], None]:
        def bring() -> None:
            if self._here is not stage:
                self._memory.load(stage, working)
                self._here = stage

        return bring


@contextmanager
def _called(module: Any, device: Any, bring: Callable[[], None]) -> Iterator[None]:
    """Calls `bring` just before the module runs, and moves what the module is given to the device."""
    from accelerate.utils import send_to_device

    def before(_: Any, args: Any, named: Any) -> tuple[Any, Any]:
        bring()
        return send_to_device(args, device), send_to_device(named, device)

    def wrapped(method: Any) -> Any:
        def run(*args: Any, **named: Any) -> Any:
            args, named = before(None, args, named)
            return method(*args, **named)

        return run

    handle = module.register_forward_pre_hook(before, with_kwargs=True)
    doors = [name for name in ("encode", "decode") if hasattr(module, name)]  # a VAE is not called as a module
    for name in doors:
        vars(module)[name] = wrapped(getattr(module, name))
    try:
        yield
    finally:
        handle.remove()
        for name in doors:
            del vars(module)[name]


@contextmanager
def _streamed(module: Any, device: Any, offload: str) -> Iterator[None]:
    import torch
    from diffusers.hooks.group_offloading import apply_group_offloading
    from diffusers.models.modeling_utils import ModelMixin

    # Only diffusers' own models have their blocks where it looks for them.
    level = "block_level" if offload == GROUP and isinstance(module, ModelMixin) else "leaf_level"
    overlap = torch.device(device).type == "cuda"
    try:
        apply_group_offloading(module, device, torch.device("cpu"), level, num_blocks_per_group=1, use_stream=overlap)
        yield
    finally:
        groups = [hook.group for _, registry in registries(module) if (hook := registry.get_hook(OFFLOADED[0]))]
        for group in {id(group): group for group in groups}.values():
            group.offload_()  # after Cancel or an error some are still on the device
        remove(module, OFFLOADED)


def _run_on(pipe: Any, device: Any) -> None:
    """diffusers takes the device from where the first component lies; here that may not be where it runs."""
    kind, there = type(pipe), property(lambda _: device)
    pipe.__class__ = type(kind.__name__, (kind,), {"device": there, "_execution_device": there})
