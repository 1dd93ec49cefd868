"""Pipeline folders on disk: every folder with a `model_index.json`, by a name relative to its root."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from .errors import FolderError

INDEX = "model_index.json"
DEEPEST = 12  # levels below a root: two links that lead to each other's parents would double with every level


def find_pipelines(roots: Iterable[Path]) -> dict[str, Path]:
    """Name (relative to its root, with `/`) -> folder, sorted by name; of two with one name the first root's counts."""
    found: dict[str, Path] = {}
    for root in roots:
        for folder in _below(root, (), 0):
            found.setdefault(folder.relative_to(root).as_posix(), folder)
    return dict(sorted(found.items(), key=lambda item: (item[0].casefold(), item[0])))


def pipeline_folder(name: str, roots: Iterable[Path]) -> Path:
    """Raises FolderError when no pipeline has that name; a path is no name."""
    found = find_pipelines(roots)
    if name not in found:
        known = ", ".join(found) or "none"
        raise FolderError(
            f"There is no pipeline {name[:200]!r} in models/diffusers. Choose one of those that are there: {known}."
        )
    return found[name]


def _below(folder: Path, parents: tuple[str, ...], depth: int) -> Iterator[Path]:
    """Links are followed, but never into a folder that this way came through."""
    real = os.path.realpath(folder)
    if real in parents or depth > DEEPEST:
        return
    if depth and (folder / INDEX).is_file():
        yield folder
        return
    for name in _subfolders(folder):
        yield from _below(folder / name, (*parents, real), depth + 1)


def _subfolders(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir())
    except OSError:
        return []  # a root that does not exist, or a folder that may not be read
