"""Folders below a root, as models folders are: links, unreadable corners and network drives that fail now and then."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

DEEPEST = 12  # levels below a root: two links that lead to each other's parents would double with every level

Ends = Callable[[list[str]], bool]  # whether nothing below a folder with these files is looked at


def walk(root: Path, ends: Ends = lambda files: False) -> Iterator[tuple[Path, list[str]]]:
    """Each folder with the names of its files, without hidden ones. Opens no file.

    Links are followed, but never into a folder that this way came through.
    """
    yield from _below(root, ends, ())


def is_kind(entry: os.DirEntry[str], folder: bool) -> bool:
    """False for what cannot be looked at either: a link to itself, a file on a drive that is gone."""
    try:
        return entry.is_dir() if folder else entry.is_file()
    except OSError:
        return False


def _below(folder: Path, ends: Ends, parents: tuple[str, ...]) -> Iterator[tuple[Path, list[str]]]:
    real = os.path.realpath(folder)
    if real in parents or len(parents) > DEEPEST:
        return
    folders, files = _entries(folder)
    yield folder, files
    if parents and ends(files):
        return
    for name in folders:
        yield from _below(folder / name, ends, (*parents, real))


def _entries(folder: Path) -> tuple[list[str], list[str]]:
    """Names of folders, names of files."""
    try:
        with os.scandir(folder) as entries:
            shown = sorted((one for one in entries if not one.name.startswith(".")), key=lambda one: one.name)
            folders = [one.name for one in shown if is_kind(one, folder=True)]
            return folders, [one.name for one in shown if is_kind(one, folder=False)]
    except OSError:
        return [], []  # a root that does not exist, or a folder that may not be read
