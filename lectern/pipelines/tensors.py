"""Single safetensors files: their tensors' shapes without reading them, and the tensors."""

from pathlib import Path
from typing import Any

from ..faults import told
from ..weightfiles import check_whole, read_head
from .errors import FolderError

State = dict[str, Any]  # name -> torch.Tensor


def shapes_of(file: Path) -> dict[str, tuple[int, ...]]:
    """Raises FolderError: not a whole safetensors file."""
    return {name: one.shape for name, one in read_head(file).items()}


def read_state(file: Path, dtype: Any) -> State:
    """All tensors, floating ones as `dtype`. Raises FolderError."""
    from safetensors.torch import load_file

    check_whole(file)
    with told(lambda reason: FolderError(f"{file.name} cannot be read ({reason}). Get that file anew.")):
        state = load_file(file)
    return {name: one.to(dtype) if one.is_floating_point() else one for name, one in state.items()}
