"""Memory for big batches, used again while it is warm.

Most of the time of copying a batch goes into pages that the system has to clear first: 199 MB take 70 ms into fresh
memory and 30 ms into memory that was just used. So the memory of a batch that nobody holds any more is kept for the
next batch of exactly its size, for a few seconds and up to a limit.
"""

import math
import threading
import weakref
from collections.abc import Sequence

import numpy
import torch
from numpy.typing import NDArray
from torch import Tensor

_SMALLEST = 2**22  # bytes; below that the allocator's own reuse is as good
_LARGEST = 2**30  # bytes kept at most
_IDLE_SECONDS = 20.0


class _Holder(numpy.ndarray):
    """What a tensor keeps alive: its end tells that the memory under it is free (a plain array cannot be watched)."""


class Pool:
    """Thread-safe. What was given back longest ago goes first when the limit is reached."""

    def __init__(self, largest: int = _LARGEST, idle_seconds: float = _IDLE_SECONDS) -> None:
        self._largest = largest
        self._idle_seconds = idle_seconds
        self._lock = threading.RLock()  # a block can come back in the middle of our own allocation
        self._free: list[NDArray[numpy.float32]] = []
        self._timer: threading.Timer | None = None

    def empty(self, shape: Sequence[int]) -> Tensor:
        """An uninitialised float32 tensor."""
        count = math.prod(shape)
        if not _SMALLEST <= count * 4 <= self._largest:
            return torch.empty(tuple(shape))
        block = self._take(count)
        holder = block.view(_Holder)
        weakref.finalize(holder, self._give_back, block).atexit = False
        return torch.from_numpy(holder).view(tuple(shape))

    def copy(self, source: Tensor) -> Tensor:
        return self.empty(source.shape).copy_(source)

    def clear(self) -> None:
        with self._lock:
            self._free.clear()

    def _take(self, count: int) -> NDArray[numpy.float32]:
        with self._lock:
            for place in reversed(range(len(self._free))):
                if self._free[place].size == count:
                    return self._free.pop(place)
        return numpy.empty(count, numpy.float32)

    def _give_back(self, block: NDArray[numpy.float32]) -> None:
        with self._lock:
            self._free.append(block)
            while sum(one.nbytes for one in self._free) > self._largest:
                self._free.pop(0)
            if self._timer is not None:
                self._timer.cancel()
            self._timer = threading.Timer(self._idle_seconds, self.clear)
            self._timer.daemon = True
            self._timer.start()


batches = Pool()
