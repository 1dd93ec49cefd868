"""Weights of single files and folders, kept for as long as somebody else holds them."""

from collections.abc import Callable, Hashable
from pathlib import Path
from threading import Lock
from typing import Any
from weakref import WeakValueDictionary

from ..stamps import stamp
from .memory import Memory, Weights


class Shelf:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._lock = Lock()
        self._weights: WeakValueDictionary[Hashable, Weights] = WeakValueDictionary()

    def take(self, key: Hashable, read: Callable[[], Any]) -> Weights:
        """`read` makes the module when nobody holds the weights of that key."""
        with self._lock:
            weights = self._weights.get(key)
            if weights is None:
                weights = self._weights[key] = self._memory.keep(read())
            return weights


def place(path: Path) -> tuple[Hashable, ...]:
    """Where a file or folder lies and what is in it: another one when that changes. Opens no file."""
    path = path.resolve()
    if path.is_dir():
        return path, stamp(path)
    status = path.stat()
    return path, status.st_mtime_ns, status.st_size


def geometry(module: Any) -> str:
    """What layers made for a denoiser depend on: its class, precision and config."""
    config = sorted((name, value) for name, value in module.config.items() if not name.startswith("_"))
    return f"{type(module).__name__} {module.dtype} {config}"
