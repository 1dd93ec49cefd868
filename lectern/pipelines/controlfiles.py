"""ControlNets on disk: folders of diffusers, and single files."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..modelfiles import find_files, find_folders, in_order
from .errors import ControlNetError


def find_controls(roots: Iterable[Path], folder_roots: Iterable[Path]) -> dict[str, Path]:
    """Name -> folder or file below `roots`, or folder below `folder_roots`, sorted by name."""
    roots = list(roots)
    folders = find_folders([*roots, *folder_roots], _is_control)
    return in_order(find_files(roots) | folders)


def control_path(name: str, roots: Iterable[Path], folder_roots: Iterable[Path]) -> Path:
    """Raises ControlNetError when none has that name; a path is no name."""
    found = find_controls(roots, folder_roots)
    if name not in found:
        known = ", ".join(found) or "none"
        raise ControlNetError(
            f"There is no ControlNet {name[:200]!r} in models/controlnet or models/diffusers. Choose one of those that"
            f" are there: {known[:2000]}."
        )
    return found[name]


def _is_control(config: dict[str, Any]) -> bool:
    kind = config.get("_class_name")
    return isinstance(kind, str) and "ControlNet" in kind
