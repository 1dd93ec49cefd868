"""LoRA layers on a module that several pipelines share.

peft puts a layer of its own around each adapted one. Ours stay there, switched off, while somebody holds the file they
are from, so that switching costs nothing; outside of a run that wants them they change no bit of any result. With the
last holder they go, and the module is as it was. What others put there is left alone.
"""

import re
import warnings
import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from threading import RLock
from typing import Any, NamedTuple

from .loras import LoraFile
from .loras_names import Part, Parts
from .memory import Weights

Scale = Callable[[str], float]  # layer name -> strength


class Held(NamedTuple):
    file: "weakref.ref[LoraFile]"
    layers: Mapping[str, Any]  # name in the module -> peft's layer
    note: str


class Rack:
    """What of ours is on one module."""

    def __init__(self, weights: Weights) -> None:
        self._module = weakref.ref(weights.module)
        self._weights = weakref.ref(weights)
        self._held: dict[str, Held] = {}  # by adapter name
        self._runs = 0
        self._lock = RLock()

    def holds(self, file: LoraFile) -> bool:
        return file.adapter in self._held

    def note(self, file: LoraFile) -> str:
        return self._held[file.adapter].note

    def hang(self, file: LoraFile, parts: Parts, note: str) -> None:
        """Adds a file's layers, switched off. After an error the module is as before."""
        module = self._module()
        with self._lock:
            layers: dict[str, Any] = {}
            with ExitStack() as undo:
                undo.callback(self._moved)
                undo.callback(_take_off, module, file.adapter)
                if parts:
                    layers = _put_on(module, file.adapter, parts)
                    self._moved()
                undo.pop_all()
            self._held[file.adapter] = Held(weakref.ref(file), layers, note)
        weakref.finalize(file, self._unheld).atexit = False

    @contextmanager
    def worn(self, scales: Mapping[str, Scale]) -> Iterator[None]:
        """Switches exactly these adapters on, each layer at its strength, for one run."""
        with self._lock:
            self._runs += 1
        before: list[tuple[Any, list[str], bool]] = []
        try:
            for layer, names in self._wanted(scales).items():
                before.append((layer, list(layer.active_adapters), layer.disable_adapters))
                _activate(layer, [*([] if layer.disable_adapters else layer.active_adapters), *names], False)
            yield
        finally:
            for layer, names, disabled in before:
                _activate(layer, names, disabled)
            with self._lock:
                self._runs -= 1
            self.sweep()

    def sweep(self) -> None:
        """Removes the layers of files that nobody holds any more."""
        module = self._module()
        with self._lock:
            dead = [name for name, held in self._held.items() if held.file() is None]
            if self._runs or not dead or module is None:
                return
            for name in dead:
                del self._held[name]
                _take_off(module, name)
            self._moved()

    def _wanted(self, scales: Mapping[str, Scale]) -> dict[Any, list[str]]:
        wanted: dict[Any, list[str]] = {}
        for adapter, scale in scales.items():
            for name, layer in self._held[adapter].layers.items():
                strength = scale(name)
                if strength:
                    layer.set_scale(adapter, strength)
                    wanted.setdefault(layer, []).append(adapter)
        return wanted

    def _unheld(self) -> None:
        """Called by Python's collector, on any thread at any time: never waits."""
        if self._lock.acquire(blocking=False):
            try:
                self.sweep()
            finally:
                self._lock.release()

    def _moved(self) -> None:
        weights = self._weights()
        if weights is not None:
            weights.changed()


def _put_on(module: Any, adapter: str, parts: Parts) -> dict[str, Any]:
    from peft import LoraConfig, inject_adapter_in_model

    before = [(layer, list(layer.active_adapters), layer.disable_adapters) for _, layer in _tuned(module)]
    most = Counter(part.rank for part in parts.values()).most_common(1)[0][0]
    config = LoraConfig(
        r=most,
        lora_alpha=most,
        rank_pattern={f"^{re.escape(name)}": part.rank for name, part in parts.items() if part.rank != most},
        target_modules=sorted(parts),
        use_dora=any(part.magnitude is not None for part in parts.values()),
        lora_bias=any(part.bias is not None for part in parts.values()),
        inference_mode=True,
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that there is another adapter already, and how it names its targets
            inject_adapter_in_model(
                config, module, adapter, low_cpu_mem_usage=True,
                state_dict=dict.fromkeys([f"{name}.lora_A.weight" for name in parts]),  # type: ignore[arg-type]  # names
            )  # fmt: skip
    finally:
        for layer, names, disabled in before:
            _activate(layer, names, disabled)
    layers = {name: layer for name, layer in _tuned(module) if name in parts}
    dtype = _working_dtype(module)
    for name, layer in layers.items():
        _fill(layer, adapter, parts[name], dtype)
        _activate(layer, [one for one in layer.active_adapters if one != adapter], layer.disable_adapters)
    return layers


def _fill(layer: Any, adapter: str, part: Part, dtype: Any) -> None:
    """The weights lie where the file was read to; the memory manager brings them to the module's device."""
    layer.lora_alpha[adapter] = part.alpha
    layer.lora_A[adapter].weight = _parameter(part.down, dtype)
    layer.lora_B[adapter].weight = _parameter(part.up, dtype)
    if part.bias is not None:
        layer.lora_B[adapter].bias = _parameter(part.bias, dtype)
    if part.magnitude is not None:
        layer.lora_magnitude_vector[adapter].weight = _parameter(part.magnitude, dtype)


def _parameter(tensor: Any, dtype: Any) -> Any:
    """A copy: the file's own tensors are a map of the file, which would keep it open."""
    from torch.nn import Parameter

    return Parameter(tensor.to(dtype, copy=True), requires_grad=False)


def _take_off(module: Any, adapter: str) -> None:
    for name, layer in list(_tuned(module)):
        if adapter in layer._all_available_adapter_names():
            _activate(layer, [one for one in layer.active_adapters if one != adapter], layer.disable_adapters)
            layer.delete_adapter(adapter)
        if not layer._all_available_adapter_names():
            parent, _, child = name.rpartition(".")
            setattr(module.get_submodule(parent), child, layer.get_base_layer())
    settings = vars(module).get("peft_config", {})
    settings.pop(adapter, None)
    if "peft_config" in vars(module) and not settings:
        del module.peft_config


def _tuned(module: Any) -> Iterator[tuple[str, Any]]:
    from peft.tuners.lora import LoraLayer

    return ((name, layer) for name, layer in module.named_modules() if isinstance(layer, LoraLayer))


def _activate(layer: Any, adapters: list[str], disabled: bool) -> None:
    if layer.disable_adapters != disabled:
        layer.enable_adapters(not disabled)
    layer.set_adapter(adapters, inference_mode=True)


def _working_dtype(module: Any) -> Any:
    """That of the activations; the weights themselves may be stored in another one."""
    import torch

    return module.dtype if module.dtype in (torch.float32, torch.float16, torch.bfloat16) else torch.float32
