"""Quantization while loading: which components, and how the packages that do it are told."""

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from .errors import PackageError, PlanError
from .index import Component

NONE = "none"
BITS_8, BITS_4 = "bitsandbytes 8 bit", "bitsandbytes 4 bit"
TORCHAO = {
    "torchao int8": "Int8WeightOnlyConfig", "torchao int4": "Int4WeightOnlyConfig",
    "torchao fp8": "Float8WeightOnlyConfig",
}  # fmt: skip
QUANTIZATIONS = (NONE, BITS_8, BITS_4, *TORCHAO)
DENOISERS = ("unet", "transformer", "transformer_2", "prior")
LARGE = 1 << 30  # bytes of a text encoder's files from which it is quantized too: T5 and its like, never a CLIP


def checked(quantization: str, fp8: bool) -> str:
    """Raises PlanError, PackageError."""
    if quantization not in QUANTIZATIONS:
        raise PlanError(f"There is no quantization {quantization[:80]!r}. Choose one of {', '.join(QUANTIZATIONS)}.")
    package = quantization.split()[0]
    if quantization != NONE and fp8:
        raise PlanError(f"fp8 storage and {quantization} do not go together. Choose another dtype, or no quantization.")
    if quantization != NONE and find_spec(package) is None:
        raise PackageError(
            f"The quantization {quantization} needs the Python package {package}, which is not installed. Install it in"
            " ComfyUI's Python environment and restart ComfyUI, or set quantization to none."
        )
    return quantization


def chosen(components: list[Component], sizes: Mapping[str, int]) -> list[Component]:
    """The denoisers and large text encoders. `sizes`: bytes of weights by component."""
    return [
        one
        for one in components
        if one.name in DENOISERS or (one.name.startswith("text_encoder") and sizes.get(one.name, 0) >= LARGE)
    ]


def settings(quantization: str, components: list[Component], dtype: Any) -> Any:
    """diffusers' PipelineQuantizationConfig; each library has classes of its own. `dtype`: that is computed with."""
    from diffusers.quantizers.pipe_quant_config import PipelineQuantizationConfig

    mapping = {one.name: _setting(quantization, import_module(one.library), dtype) for one in components}
    return PipelineQuantizationConfig(quant_mapping=mapping)


def _setting(quantization: str, library: Any, dtype: Any) -> Any:
    if quantization == BITS_8:
        return library.BitsAndBytesConfig(load_in_8bit=True)
    if quantization == BITS_4:
        return library.BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype)
    made = getattr(import_module("torchao.quantization"), TORCHAO[quantization])
    return library.TorchAoConfig(made())


def failure(quantization: str, reason: str) -> PlanError:
    return PlanError(
        f"The quantization {quantization} does not work here: {reason.rstrip('.')}. Choose another one, or none."
    )
