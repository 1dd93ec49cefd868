"""Spec -> Pipeline. What is still in memory and unchanged on disk is not read again."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any
from weakref import WeakValueDictionary

from ..faults import told
from ..stamps import stamp
from ..weightfiles import read_ahead
from . import quantizing
from .errors import FolderError, PlanError
from .finding import is_single_file
from .index import Component, read_index
from .memory import FP8, Memory, Weights
from .packages import require
from .parts import read_part
from .pipeline import Pipeline, Spec
from .reading import FP8_STORAGE, Made, check_settings, counted, dtypes, from_folder, notes, quantized, wanted
from .shortage import room_to_load
from .singlefile import SingleFile, config_of, opened, scheduler, tokenizers


class Loader:
    """Remembers what it loaded for as long as somebody else holds it."""

    def __init__(self, memory: Memory, vocabularies: Mapping[str, Path] | None = None) -> None:
        """`vocabularies` are the host's folders by the names in vocabularies.py, for single files without a base."""
        self._memory = memory
        self._vocabularies = vocabularies or {}
        self._lock = Lock()
        self._pipelines: WeakValueDictionary[tuple[Any, ...], Pipeline] = WeakValueDictionary()
        self._weights: WeakValueDictionary[tuple[Any, ...], Weights] = WeakValueDictionary()

    def load(self, spec: Spec) -> Pipeline:
        """Raises FolderError, PackageError."""
        require()
        with self._lock:
            single = is_single_file(spec.path)
            spec = spec if single else replace(spec, base=None)
            with told(lambda reason: _gone(spec.path, reason)):
                key = (spec, stamp(spec.path), stamp(spec.base) if spec.base else None)
            pipeline = self._pipelines.get(key)
            if pipeline is None:
                pipeline = self._pipelines[key] = self._read_single(spec) if single else self._read(spec)
            return pipeline

    def _read(self, spec: Spec) -> Pipeline:
        quantizing.checked(spec.quantization, spec.dtype == FP8_STORAGE)
        index = read_index(spec.path)
        check_settings(index)
        names = [one.name for one in index.modules()]
        found = counted(spec, names)
        asked = wanted(spec, found)
        made = Made(self._memory.precision(asked), self._stores_fp8(spec), quantized(spec, index, found))
        keys = {one.name: self._key(spec, one, made) for one in index.modules()}
        kept = self._kept(keys)
        there = {name: one.module for name, one in kept.items()}
        sizes = {name: counts.total() for name, counts in found.items() if name not in kept}
        if made.quantized and spec.quantization.startswith("bitsandbytes"):  # it reads straight onto the device
            self._memory.make_room(sum(sizes.get(one.name, 0) for one in made.quantized))
        loaded = room_to_load(lambda: from_folder(spec, index, made, there), spec.path.name, sizes, self._memory)
        return Pipeline(spec, loaded, self._keep_all(loaded, keys, kept, made), notes=notes(spec, asked, made))

    def _read_single(self, spec: Spec) -> Pipeline:
        """What the file does not hold is the base's own, shared with whoever loaded the base."""
        with told(lambda reason: _odd(spec, reason)):
            single = opened(spec.path, spec.base)
            _check_single(spec, single)
            check_settings(single.index)
            modules = {one.name: one for one in single.index.modules() if one.name in single.modules()}
            others = [name for name in modules if name not in single.parts]
            base = replace(spec, path=single.folder, base=None, variant=spec.variant if others else "")
            asked = _single_precision(base, others, single)
            made = Made(self._memory.precision(asked), self._stores_fp8(spec), ())
            keys = {
                name: self._part_key(single, one, made) if name in single.parts else self._key(base, one, made)
                for name, one in modules.items()
            }
        kept = self._kept(keys)
        sizes = {"denoiser": spec.path.stat().st_size}
        loaded = room_to_load(lambda: self._made_of(single, base, made, kept), spec.path.name, sizes, self._memory)
        return Pipeline(spec, loaded, self._keep_all(loaded, keys, kept, made), notes=notes(spec, asked, made))

    def _made_of(self, single: SingleFile, base: Spec, made: Made, kept: Mapping[str, Weights]) -> Any:
        given = {name: one.module for name, one in kept.items()} | single.absent()
        given |= tokenizers(single, self._vocabularies)
        read_ahead([single.file])
        types = dtypes(single.folder, made.precision)
        for component in single.index.components:
            if component.name in single.parts and component.name not in kept:
                dtype = types.get(component.name, types["default"])
                given[component.name] = read_part(single, component, dtype)
        own = scheduler(single)
        return from_folder(base, single.index, made, given | ({"scheduler": own} if own else {}))

    def _kept(self, keys: Mapping[str, tuple[Any, ...]]) -> dict[str, Weights]:
        return {name: weights for name, key in keys.items() if (weights := self._weights.get(key))}

    def _keep_all(
        self, loaded: Any, keys: Mapping[str, tuple[Any, ...]], kept: dict[str, Weights], made: Made
    ) -> tuple[Weights, ...]:
        for name, key in keys.items():
            if name not in kept:
                kept[name] = self._weights[key] = self._keep(getattr(loaded, name), name, made)
        return tuple(kept[name] for name in keys)

    def _stores_fp8(self, spec: Spec) -> bool:
        return spec.dtype == FP8_STORAGE and self._memory.precision(FP8) == FP8

    def _keep(self, module: Any, name: str, made: Made) -> Weights:
        import torch

        if made.fp8 and name in quantizing.DENOISERS:
            module.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=module.dtype)
        weights = self._memory.keep(module)
        if getattr(module, "quantization_method", None) == "bitsandbytes":
            self._memory.release([weights])
        return weights

    def _key(self, spec: Spec, component: Component, made: Made) -> tuple[Any, ...]:
        name, folder = component.name, (spec.path / component.name).resolve()
        special = (made.fp8 and name in quantizing.DENOISERS) or (
            spec.quantization if name in [one.name for one in made.quantized] else ""
        )
        return folder, stamp(folder), component.kind, spec.variant, made.precision, special

    def _part_key(self, single: SingleFile, component: Component, made: Made) -> tuple[Any, ...]:
        folder, changed = config_of(single, component)
        config = (folder / "config.json").read_text("utf-8")
        special = made.fp8 and component.name in quantizing.DENOISERS
        file = single.file.resolve(), stamp(single.file)
        return *file, component, config, str(changed), made.precision, special


def _check_single(spec: Spec, single: SingleFile) -> None:
    quantizing.checked(spec.quantization, spec.dtype == FP8_STORAGE)
    if spec.quantization != quantizing.NONE:
        raise PlanError(
            f"{spec.path.name} is a single file, and a quantization is only made of pipeline folders. Set quantization"
            " to none, choose fp8 storage as dtype, or load a folder or a GGUF file."
        )
    if single.gguf and spec.dtype == FP8_STORAGE:
        raise PlanError(f"{spec.path.name} is quantized already; fp8 storage is for other files. Choose another dtype.")


def _gone(path: Path, reason: str) -> FolderError:
    return FolderError(f"{path.name} cannot be looked at ({reason}). See whether its drive is there, then try again.")


def _odd(spec: Spec, reason: str) -> FolderError:
    base = f" or does not fit the base {spec.base.name}" if spec.base else ""
    return FolderError(
        f"{spec.path.parent.name}/{spec.path.name} is damaged{base}: tensors are missing or of odd shapes ({reason})."
        " Get the file anew, or choose another base."
    )


def _single_precision(base: Spec, others: list[str], single: SingleFile) -> str:
    """As `wanted`, for `others`, which are read of the base; what the file stores decides, or of GGUF the base."""
    of_base = counted(base, others) if others else {}
    own = {} if single.gguf and others else {"file": Counter({single.stored(): 1 << 62})}
    return wanted(base, of_base | own)
