"""Spec -> Pipeline. What is still in memory and unchanged on disk is not read again."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from . import quantizing
from .errors import FolderError
from .index import Component, Index, read_index
from .memory import BF16, FP8, FP16, FP32, Memory, Weights
from .packages import require
from .pipeline import Pipeline, Spec
from .quiet import quiet
from .shortage import ran_out, room_to_load
from .weightfiles import check_whole, has_variant, variants, weight_files

AUTO = "auto"
FP8_STORAGE = "fp8 storage"  # of the denoiser alone; each layer is computed in the precision of the others
DTYPES = (AUTO, FP32, FP16, BF16, FP8_STORAGE)
STORED = {"F32": FP32, "F16": FP16, "BF16": BF16}  # safetensors' names; anything else runs as bf16

Stamp = tuple[tuple[str, int, int], ...]  # relative name, ns, bytes


def stamp(folder: Path) -> Stamp:
    """Changes when a file at most two levels down does. Opens no file."""
    folders = (folder, *sorted(one for one in folder.iterdir() if one.is_dir())) if folder.is_dir() else ()
    return tuple(line for one in folders for line in sorted(_lines(folder, one)))


def _lines(root: Path, folder: Path) -> Iterator[tuple[str, int, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_file():
                status = entry.stat()
                yield os.path.relpath(entry.path, root), status.st_mtime_ns, status.st_size


class Made(NamedTuple):
    """In what form the weights of a pipeline are in memory."""

    precision: str  # that is computed with
    fp8: bool  # the denoiser's weights are stored in fp8
    quantized: tuple[Component, ...]


class Loader:
    """Remembers what it loaded for as long as somebody else holds it."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._lock = Lock()
        self._pipelines: WeakValueDictionary[tuple[Spec, Stamp], Pipeline] = WeakValueDictionary()
        self._weights: WeakValueDictionary[tuple[Any, ...], Weights] = WeakValueDictionary()

    def load(self, spec: Spec) -> Pipeline:
        """Raises FolderError, PackageError."""
        require()
        with self._lock:
            key = (spec, stamp(spec.path))
            pipeline = self._pipelines.get(key)
            if pipeline is None:
                pipeline = self._pipelines[key] = self._read(spec)
            return pipeline

    def _read(self, spec: Spec) -> Pipeline:
        quantizing.checked(spec.quantization, spec.dtype == FP8_STORAGE)
        index = read_index(spec.path)
        names = [one.name for one in index.modules()]
        counted = _counted(spec, names)
        wanted = _wanted(spec, counted)
        made = Made(self._memory.precision(wanted), self._stores_fp8(spec), _quantized(spec, index, counted))
        keys = {name: self._key(spec, name, made) for name in names}
        kept = {name: weights for name, key in keys.items() if (weights := self._weights.get(key))}
        there = {name: one.module for name, one in kept.items()}
        sizes = {name: counts.total() for name, counts in counted.items() if name not in kept}
        if made.quantized and spec.quantization.startswith("bitsandbytes"):  # it reads straight onto the device
            self._memory.make_room(sum(sizes.get(one.name, 0) for one in made.quantized))
        loaded = room_to_load(lambda: _from_folder(spec, index, made, there), spec.path.name, sizes, self._memory)
        for name in names:
            if name not in kept:
                kept[name] = self._weights[keys[name]] = self._keep(getattr(loaded, name), name, made)
        return Pipeline(spec, loaded, tuple(kept[name] for name in names), notes=_notes(spec, wanted, made))

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

    def _key(self, spec: Spec, name: str, made: Made) -> tuple[Any, ...]:
        folder = (spec.path / name).resolve()
        special = (made.fp8 and name in quantizing.DENOISERS) or (
            spec.quantization if name in [one.name for one in made.quantized] else ""
        )
        return folder, stamp(folder), spec.variant, made.precision, special


def _counted(spec: Spec, names: list[str]) -> dict[str, Counter[str]]:
    """Bytes of weights by component and type, after a look at all files' headers."""
    folders = [spec.path / name for name in names]
    files = {folder: weight_files(folder, spec.variant) for folder in folders}
    if spec.variant and not any(has_variant(folder, spec.variant) for folder in folders):
        there = ", ".join(variants(folders)) or "only the plain files, which an empty variant loads"
        raise FolderError(f"{spec.path.name} has no files of the variant {spec.variant[:80]!r}. There is: {there}.")
    return {folder.name: sum((check_whole(file) for file in files[folder]), Counter()) for folder in folders}


def _wanted(spec: Spec, counted: Mapping[str, Counter[str]]) -> str:
    """The precision to compute with, by what is asked for or what most weights are stored in."""
    if spec.dtype in (FP32, FP16, BF16):
        return spec.dtype
    largest = max(counted.values(), key=lambda one: one.total(), default=Counter())
    stored = STORED.get(max(largest, key=lambda name: largest[name], default="F32"), BF16)
    return BF16 if spec.dtype == FP8_STORAGE and stored == FP32 else stored


def _quantized(spec: Spec, index: Index, counted: Mapping[str, Counter[str]]) -> tuple[Component, ...]:
    if spec.quantization == quantizing.NONE:
        return ()
    sizes = {name: counts.total() for name, counts in counted.items()}
    return tuple(quantizing.chosen(list(index.components), sizes))


def _notes(spec: Spec, wanted: str, made: Made) -> tuple[str, ...]:
    """What the person asked for and did not get."""
    found = []
    if made.precision != wanted:
        found.append(f"This device does not run {wanted}; the pipeline was loaded as {made.precision}.")
    if spec.dtype == FP8_STORAGE and not made.fp8:
        found.append(f"This device does not store fp8; the pipeline was loaded as {made.precision}.")
    return tuple(found)


def _from_folder(spec: Spec, index: Index, made: Made, modules: dict[str, Any]) -> Any:
    import diffusers
    from safetensors import SafetensorError

    types = _dtypes(spec.path, made.precision)
    left_out: dict[str, Any] = dict.fromkeys(index.left_out)
    if "safety_checker" in left_out:
        left_out["requires_safety_checker"] = False
    try:
        with quiet():
            if quantized := [one for one in made.quantized if one.name not in modules]:
                settings = quantizing.settings(spec.quantization, quantized, types["default"])
                left_out["quantization_config"] = settings
            return getattr(diffusers, index.kind).from_pretrained(
                str(spec.path),
                dtype=types,
                variant=spec.variant or None,
                use_safetensors=True,
                local_files_only=True,
                **left_out,
                **modules,
            )
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        if ran_out(error):
            raise
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        if made.quantized:
            raise quantizing.failure(spec.quantization, first[:300]) from error
        raise FolderError(
            f"{spec.path.name} cannot be loaded as {index.kind}: {first[:300]}. Get the pipeline anew, or update"
            " diffusers and transformers."
        ) from error


def _dtypes(folder: Path, precision: str) -> dict[str, Any]:
    """A VAE that overflows in fp16 (its config says force_upcast) is kept in fp32."""
    import torch

    types = {FP32: torch.float32, FP16: torch.float16, BF16: torch.bfloat16}
    config = folder / "vae" / "config.json"
    upcast = precision == FP16 and config.is_file() and '"force_upcast": true' in config.read_text("utf-8")
    return {"default": types[precision]} | ({"vae": torch.float32} if upcast else {})
