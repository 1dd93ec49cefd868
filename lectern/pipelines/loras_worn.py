"""A pipeline's LoRAs for one run: brought onto its shared modules, switched on, and off again."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

from .loras import Lora, LoraFile, takes_loras
from .loras_layers import Rack
from .loras_names import fitted
from .packages import require
from .pipeline import Pipeline

_racks: WeakKeyDictionary[Any, Rack] = WeakKeyDictionary()  # module -> what is on it
_lock = Lock()


@contextmanager
def worn_loras(pipeline: Pipeline) -> Iterator[tuple[str, ...]]:
    """Gives notes for the person. Raises LoraError, FolderError, PackageError; the modules are then without effect."""
    racks = _racks_of(pipeline)
    for rack in racks.values():
        rack.sweep()
    wanted = {name: _stack(pipeline.loras, name) for name in racks}
    files = list(dict.fromkeys(file for stack in wanted.values() for file in stack))
    for file in files:
        _bring(file, pipeline, {name: racks[name] for name, stack in wanted.items() if file in stack})
    with ExitStack() as stack:
        for name, rack in racks.items():
            scales = {file.adapter: _sum(loras, name) for file, loras in wanted[name].items()}
            stack.enter_context(rack.worn(scales))
        held = [(racks[name], file) for name, stack_of in wanted.items() for file in stack_of]
        yield tuple(dict.fromkeys(note for rack, file in held if (note := rack.note(file))))


def _racks_of(pipeline: Pipeline) -> dict[str, Rack]:
    """By component: those that have layers of ours, and those that the pipeline's LoRAs go into."""
    if pipeline.loras:
        require(("peft",))
    takes = takes_loras(pipeline.loaded) if pipeline.loras else ()
    kept = {id(one.module): one for one in pipeline.weights}
    with _lock:
        found: dict[str, Rack] = {}
        for name, module in pipeline.loaded.components.items():
            weights = kept.get(id(module))
            if weights and (module in _racks or name in takes):
                found[name] = _racks.get(module) or _racks.setdefault(module, Rack(weights))
        return found


def _stack(loras: tuple[Lora, ...], component: str) -> dict[LoraFile, list[Lora]]:
    """The same file twice is one stack entry, whose strengths add up."""
    stack: dict[LoraFile, list[Lora]] = {}
    for lora in loras:
        if lora.wanted(component):
            stack.setdefault(lora.file, []).append(lora)
    return stack


def _sum(loras: list[Lora], component: str) -> Any:
    return lambda layer: sum(lora.scale(component, layer) for lora in loras)


def _bring(file: LoraFile, pipeline: Pipeline, racks: dict[str, Rack]) -> None:
    missing = {name: rack for name, rack in racks.items() if not rack.holds(file)}
    if missing:
        found = fitted(file, pipeline.loaded)
        for name, rack in missing.items():
            rack.hang(file, found.parts.get(name, {}), found.note)
