"""One component out of a single file: its tensors read, named as diffusers or transformers name them, and a model."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..faults import told
from .errors import FolderError, first_line
from .families import FLUX
from .index import Component, component_class
from .quiet import quiet
from .singlefile import MARKS, SCALES, SingleFile, config_of
from .textencoders import text_encoder

if TYPE_CHECKING:
    from torch import Tensor

LDM = "model.diffusion_model."  # diffusers' conversion of a UNet wants to find it


def read_part(single: SingleFile, component: Component, dtype: Any) -> Any:
    """The component as a module in `dtype`. Raises FolderError."""
    name = component.name
    with told(lambda reason: _fault(single, f"its {name} does not fit: {reason}")), quiet():
        try:
            return _read(single, component, dtype)
        except NotImplementedError as error:  # torch: there is no weight to move where none was in the file
            raise _fault(single, f"tensors of its {name} are missing") from error
        except KeyError as error:
            raise _fault(single, f"its {name} lacks the tensor {error}") from error
        except FolderError as error:
            raise _fault(single, f"its {name} does not fit: {first_line(error)}") from error


def _read(single: SingleFile, component: Component, dtype: Any) -> Any:
    kind: Any = component_class(single.folder, component)
    folder, changed = config_of(single, component)
    prefix = single.parts[component.name]
    if component.library == "transformers":
        return text_encoder(kind, folder, dict(tensors(single.file, prefix, dtype)), dtype)
    if component.name == single.found.family.denoiser and not single.found.original:
        _check_names(single, kind, folder, changed)
    common = {"config": str(folder), "dtype": dtype, "local_files_only": True, **changed}
    if single.gguf:
        from diffusers.quantizers.quantization_config import GGUFQuantizationConfig

        quantised = GGUFQuantizationConfig(compute_dtype=dtype)
        return kind.from_single_file(str(single.file), quantization_config=quantised, **common)
    named = _original(single, component, dict(tensors(single.file, prefix, dtype)))
    return kind.from_single_file(named, **common)


def _check_names(single: SingleFile, kind: Any, folder: Path, changed: dict[str, Any]) -> None:
    """diffusers takes its own layout for its makers' as soon as one name differs, and fails without a reason."""
    from accelerate import init_empty_weights

    with init_empty_weights():
        expected = set(kind.from_config(kind.load_config(str(folder), local_files_only=True) | changed).state_dict())
    there = {name for name in single.found.denoiser(single.head) if not name.endswith(MARKS)}
    for what, names in (("lacks", expected - there), ("has beyond its config", there - expected)):
        if names:
            raise FolderError(f"it {what} {len(names)} tensors such as {min(names)}")


def tensors(file: Path, prefix: str, dtype: Any) -> Iterator[tuple[str, "Tensor"]]:
    """Those below the prefix, without it. fp8 becomes `dtype` at once, times its scale where the file has one."""
    from safetensors import safe_open

    with safe_open(str(file), "pt") as source:
        names = set(source.keys())
        for name in sorted(names):
            if not name.startswith(prefix) or name.endswith(MARKS):
                continue
            tensor = source.get_tensor(name)
            if tensor.is_floating_point() and tensor.element_size() == 1:
                stem = name.removesuffix(".weight")
                scale = next((stem + end for end in SCALES if stem + end in names), None)
                tensor = tensor.to(dtype)
                tensor = tensor * source.get_tensor(scale).to(dtype).reshape(()) if scale else tensor
            yield name[len(prefix) :], tensor


def _original(single: SingleFile, component: Component, named: dict[str, "Tensor"]) -> dict[str, "Tensor"]:
    """As diffusers' conversions know them."""
    if component.name != single.found.family.denoiser or not single.found.original:
        return named
    if component.name == "unet":
        return {LDM + name: tensor for name, tensor in named.items()}
    if single.found.family is FLUX:  # ComfyUI calls the norms' only weight so
        return {_scale(name): tensor for name, tensor in named.items()}
    return named


def _scale(name: str) -> str:
    return name.removesuffix("weight") + "scale" if name.endswith("_norm.weight") else name


def _fault(single: SingleFile, what: str) -> FolderError:
    remedy = "Choose another base" if single.based else "Choose in base a pipeline folder that this file was made for"
    return FolderError(f"{single.said} cannot be loaded as {single.found.family.label}: {what}. {remedy}.")
