"""Models that are not whole pipelines: folders with a `config.json`, and single safetensors files, below some roots."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from .walking import walk

CONFIG = "config.json"
SUFFIX = ".safetensors"
LARGEST_CONFIG = 1 << 20  # bytes

Wanted = Callable[[dict[str, Any]], bool]  # by the values of a config.json


def find_folders(roots: Iterable[Path], wanted: Wanted) -> dict[str, Path]:
    """Name (relative to its root, with `/`) -> folder with weights; of two with one name the first root's counts."""
    found: dict[str, Path] = {}
    for root in roots:
        for folder, files in walk(root):
            if CONFIG in files and folder != root and _has_weights(files) and wanted(config_of(folder)):
                found.setdefault(folder.relative_to(root).as_posix(), folder)
    return found


def find_files(roots: Iterable[Path]) -> dict[str, Path]:
    """The same for safetensors files; those beside a `config.json` are a folder's weights."""
    found: dict[str, Path] = {}
    for root in roots:
        for folder, files in walk(root):
            for name in files if CONFIG not in files else ():
                if name.lower().endswith(SUFFIX):
                    found.setdefault((folder / name).relative_to(root).as_posix(), folder / name)
    return found


def in_order(found: dict[str, Path]) -> dict[str, Path]:
    return dict(sorted(found.items(), key=lambda item: (item[0].casefold(), item[0])))


def config_of(folder: Path) -> dict[str, Any]:
    """Empty for one that cannot be read."""
    try:
        with (folder / CONFIG).open("rb") as source:
            text = source.read(LARGEST_CONFIG + 1)
        values = json.loads(text) if len(text) <= LARGEST_CONFIG else None
    except (OSError, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _has_weights(files: list[str]) -> bool:
    return any(name.endswith(SUFFIX) for name in files)
