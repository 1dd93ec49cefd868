"""Single safetensors files: their tensors' shapes without reading them, and the tensors."""

from pathlib import Path
from typing import Any

from .errors import FolderError
from .weightfiles import check_whole

State = dict[str, Any]  # name -> torch.Tensor


def shapes_of(file: Path) -> dict[str, tuple[int, ...]]:
    """Raises FolderError: not a whole safetensors file."""
    from safetensors import safe_open

    check_whole(file)
    with safe_open(file, framework="pt") as source:
        return {name: tuple(source.get_slice(name).get_shape()) for name in source.keys()}  # noqa: SIM118


def read_state(file: Path, dtype: Any) -> State:
    """All tensors, floating ones as `dtype`. Raises FolderError."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    check_whole(file)
    try:
        state = load_file(file)
    except (SafetensorError, OSError) as error:
        raise FolderError(f"{file.name} cannot be read ({error}). Get that file anew.") from error
    return {name: one.to(dtype) if one.is_floating_point() else one for name, one in state.items()}
