"""Whether a model on the disk is still what was read."""

import os
from collections.abc import Iterator
from pathlib import Path

from .walking import is_kind

Stamp = tuple[tuple[str, int, int], ...]  # relative name, ns, bytes


def stamp(folder: Path) -> Stamp:
    """Changes when a file at most two levels down does, or the single file itself. Opens no file."""
    if folder.is_file():
        status = folder.stat()
        return ((folder.name, status.st_mtime_ns, status.st_size),)
    folders = (folder, *sorted(map(Path, _folders(folder)))) if folder.is_dir() else ()
    return tuple(line for one in folders for line in sorted(_lines(folder, one)))


def _folders(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.path for entry in entries if is_kind(entry, folder=True)]


def _lines(root: Path, folder: Path) -> Iterator[tuple[str, int, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if is_kind(entry, folder=False):
                status = entry.stat()
                yield os.path.relpath(entry.path, root), status.st_mtime_ns, status.st_size
