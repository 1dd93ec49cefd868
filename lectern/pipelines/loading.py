"""Spec -> Pipeline. What is still in memory and unchanged on disk is not read again."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any
from weakref import WeakValueDictionary

from .errors import FolderError
from .finding import is_single_file
from .index import Index, read_index
from .memory import BF16, FP16, FP32, Memory, Weights
from .packages import require
from .parts import read_part
from .pipeline import Pipeline, Spec
from .quiet import quiet
from .singlefile import SingleFile, config_of, opened, scheduler, tokenizers
from .weightfiles import check_whole, has_variant, read_ahead, variants, weight_files

AUTO = "auto"
DTYPES = (AUTO, FP32, FP16, BF16)
STORED = {"F32": FP32, "F16": FP16, "BF16": BF16}  # safetensors' names; anything else runs as bf16

Stamp = tuple[tuple[str, int, int], ...]  # relative name, ns, bytes


def stamp(folder: Path) -> Stamp:
    """Changes when a file at most two levels down does, or the single file itself. Opens no file."""
    if folder.is_file():
        status = folder.stat()
        return ((folder.name, status.st_mtime_ns, status.st_size),)
    folders = (folder, *sorted(one for one in folder.iterdir() if one.is_dir())) if folder.is_dir() else ()
    return tuple(line for one in folders for line in sorted(_lines(folder, one)))


def _lines(root: Path, folder: Path) -> Iterator[tuple[str, int, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_file():
                status = entry.stat()
                yield os.path.relpath(entry.path, root), status.st_mtime_ns, status.st_size


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
            key = (spec, stamp(spec.path), stamp(spec.base) if spec.base else None)
            pipeline = self._pipelines.get(key)
            if pipeline is None:
                pipeline = self._pipelines[key] = self._read_single(spec) if single else self._read(spec)
            return pipeline

    def _read(self, spec: Spec) -> Pipeline:
        index = read_index(spec.path)
        names = [one.name for one in index.modules()]
        precision = self._memory.precision(_checked(spec, names))
        keys = {name: self._key(spec, name, precision) for name in names}
        kept = {name: weights for name, key in keys.items() if (weights := self._weights.get(key))}
        loaded = _from_folder(spec, index, precision, {name: one.module for name, one in kept.items()})
        for name in names:
            if name not in kept:
                kept[name] = self._weights[keys[name]] = self._memory.keep(getattr(loaded, name))
        return Pipeline(spec, loaded, tuple(kept[name] for name in names))

    def _read_single(self, spec: Spec) -> Pipeline:
        """What the file does not hold is the base's own, shared with whoever loaded the base."""
        single = opened(spec.path, spec.base)
        base = replace(spec, path=single.folder, base=None)
        names = single.modules()
        precision = self._memory.precision(_single_precision(spec, base, single))
        keys = {
            name: self._part_key(single, name, precision) if name in single.parts else self._key(base, name, precision)
            for name in names
        }
        kept = {name: weights for name, key in keys.items() if (weights := self._weights.get(key))}
        given = {name: one.module for name, one in kept.items()} | single.absent()
        given |= tokenizers(single, self._vocabularies)
        read_ahead([single.file])
        types = _dtypes(single.folder, precision)
        for component in single.index.components:
            if component.name in single.parts and component.name not in kept:
                dtype = types.get(component.name, types["default"])
                given[component.name] = read_part(single, component, dtype)
        own = scheduler(single)
        loaded = _from_folder(base, single.index, precision, given | ({"scheduler": own} if own else {}))
        for name in names:
            if name not in kept:
                kept[name] = self._weights[keys[name]] = self._memory.keep(getattr(loaded, name))
        return Pipeline(spec, loaded, tuple(kept[name] for name in names))

    def _key(self, spec: Spec, name: str, precision: str) -> tuple[Any, ...]:
        folder = (spec.path / name).resolve()
        return folder, stamp(folder), spec.variant, precision

    def _part_key(self, single: SingleFile, name: str, precision: str) -> tuple[Any, ...]:
        component = next(one for one in single.index.components if one.name == name)
        folder, changed = config_of(single, component)
        config = (folder / "config.json").read_text("utf-8")
        return single.file.resolve(), stamp(single.file), name, config, str(changed), precision


def _checked(spec: Spec, names: list[str]) -> str:
    """The precision that is wanted, after a look at all files' headers."""
    folders = [spec.path / name for name in names]
    files = {folder: weight_files(folder, spec.variant) for folder in folders}
    if spec.variant and not any(has_variant(folder, spec.variant) for folder in folders):
        there = ", ".join(variants(folders)) or "only the plain files, which an empty variant loads"
        raise FolderError(f"{spec.path.name} has no files of the variant {spec.variant[:80]!r}. There is: {there}.")
    counted = {folder: sum((check_whole(file) for file in files[folder]), Counter()) for folder in folders}
    read_ahead([file for folder in folders for file in files[folder]])
    if spec.dtype != AUTO:
        return spec.dtype
    largest = max(counted.values(), key=lambda one: one.total(), default=Counter())
    return STORED.get(max(largest, key=lambda name: largest[name], default="F32"), BF16)


def _single_precision(spec: Spec, base: Spec, single: SingleFile) -> str:
    """As _checked, for what is read of the base; what the file stores decides, or of GGUF the base."""
    others = [name for name in single.modules() if name not in single.parts]
    of_base = _checked(base, others) if others else BF16
    if spec.dtype != AUTO:
        return spec.dtype
    return of_base if single.gguf else STORED.get(single.stored(), BF16)


def _from_folder(spec: Spec, index: Index, precision: str, modules: dict[str, Any]) -> Any:
    import diffusers
    from safetensors import SafetensorError

    left_out: dict[str, Any] = dict.fromkeys(index.left_out)
    if "safety_checker" in left_out:
        left_out["requires_safety_checker"] = False
    try:
        with quiet():
            return getattr(diffusers, index.kind).from_pretrained(
                str(spec.path),
                dtype=_dtypes(spec.path, precision),
                variant=spec.variant or None,
                use_safetensors=True,
                local_files_only=True,
                **left_out,
                **modules,
            )
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
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
