"""A pipeline folder's weights: what lies in its files, in what form they come into memory, and the reading itself."""

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import LecternError
from ..faults import told
from ..weightfiles import check_whole, has_variant, read_ahead, variants, weight_files
from . import quantizing
from .errors import FolderError
from .index import Component, Index
from .memory import BF16, FP16, FP32
from .pipeline import Spec
from .quiet import quiet
from .settingfiles import CONFIG, check_component, read_object

AUTO = "auto"
FP8_STORAGE = "fp8 storage"  # of the denoiser alone; each layer is computed in the precision of the others
DTYPES = (AUTO, FP32, FP16, BF16, FP8_STORAGE)
VARIANT = re.compile(r"[\w-]{0,64}")  # it is part of the names of files
STORED = {"F32": FP32, "F16": FP16, "BF16": BF16}  # safetensors' names; anything else runs as bf16


class Made(NamedTuple):
    """In what form the weights of a pipeline are in memory."""

    precision: str  # that is computed with
    fp8: bool  # the denoiser's weights are stored in fp8
    quantized: tuple[Component, ...]


def counted(spec: Spec, names: list[str]) -> dict[str, Counter[str]]:
    """Bytes of weights by component and type, after a look at all files' headers."""
    if not VARIANT.fullmatch(spec.variant):
        raise FolderError(f"{spec.variant[:80]!r} is no variant. Write fp16 for model.fp16.safetensors, or nothing.")
    folders = [spec.path / name for name in names]
    files = {folder: weight_files(folder, spec.variant) for folder in folders}
    if spec.variant and not any(has_variant(folder, spec.variant) for folder in folders):
        there = ", ".join(variants(folders)) or "only the plain files, which an empty variant loads"
        raise FolderError(f"{spec.path.name} has no files of the variant {spec.variant[:80]!r}. There is: {there}.")
    found = {folder.name: sum((check_whole(file) for file in files[folder]), Counter()) for folder in folders}
    read_ahead([file for folder in folders for file in files[folder]])
    return found


def wanted(spec: Spec, stored: Mapping[str, Counter[str]]) -> str:
    """The precision to compute with, by what is asked for or what most weights are stored in."""
    if spec.dtype in (FP32, FP16, BF16):
        return spec.dtype
    largest = max(stored.values(), key=lambda one: one.total(), default=Counter())
    most = STORED.get(max(largest, key=lambda name: largest[name], default="F32"), BF16)
    return BF16 if spec.dtype == FP8_STORAGE and most == FP32 else most


def quantized(spec: Spec, index: Index, stored: Mapping[str, Counter[str]]) -> tuple[Component, ...]:
    if spec.quantization == quantizing.NONE:
        return ()
    sizes = {name: counts.total() for name, counts in stored.items()}
    return tuple(quantizing.chosen(list(index.components), sizes))


def notes(spec: Spec, wanted: str, made: Made) -> tuple[str, ...]:
    """What the person asked for and did not get."""
    found = []
    if made.precision != wanted:
        found.append(f"This device does not run {wanted}; the pipeline was loaded as {made.precision}.")
    if spec.dtype == FP8_STORAGE and not made.fp8:
        found.append(f"This device does not store fp8; the pipeline was loaded as {made.precision}.")
    return tuple(found)


def from_folder(spec: Spec, index: Index, made: Made, modules: dict[str, Any]) -> Any:
    import diffusers

    types = dtypes(spec.path, made.precision)
    left_out: dict[str, Any] = dict.fromkeys(index.left_out)
    if "safety_checker" in left_out:
        left_out["requires_safety_checker"] = False

    def failure(reason: str) -> LecternError:
        if made.quantized:
            return quantizing.failure(spec.quantization, reason)
        return FolderError(
            f"{spec.path.name} cannot be loaded as {index.kind}: {reason}. Get the pipeline anew, or update diffusers"
            " and transformers."
        )

    with told(failure), quiet():
        if quantized := [one for one in made.quantized if one.name not in modules]:
            left_out["quantization_config"] = quantizing.settings(spec.quantization, quantized, types["default"])
        return getattr(diffusers, index.kind).from_pretrained(
            str(spec.path),
            dtype=types,
            variant=spec.variant or None,
            use_safetensors=True,
            local_files_only=True,
            **left_out,
            **modules,
        )


def check_settings(index: Index) -> None:
    """Raises FolderError for what a component's settings must not say. Of a missing folder diffusers takes the root."""
    for folder in (index.folder, *(index.folder / one.name for one in index.components)):
        check_component(folder)


def dtypes(folder: Path, precision: str) -> dict[str, Any]:
    """A VAE that overflows in fp16 (its config says force_upcast) is kept in fp32."""
    import torch

    types = {FP32: torch.float32, FP16: torch.float16, BF16: torch.bfloat16}
    config = folder / "vae" / CONFIG
    upcast = precision == FP16 and config.is_file() and read_object(config).get("force_upcast") is True
    return {"default": types[precision]} | ({"vae": torch.float32} if upcast else {})
