"""Work on all cores whose results come in order, with a fixed number of them in memory."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")

_PATIENCE = 0.2  # seconds between two looks at Cancel while a result is awaited


def cores() -> int:
    """Processors that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


@contextmanager
def in_order(
    work: Callable[[S], T], items: Iterable[S], check: Callable[[], None] = lambda: None
) -> Iterator[Iterator[T]]:
    """`with in_order(encode, frames) as results`: work(item) for each item on threads, results in the items' order.

    Threads gain where the work lets go of Python's lock, as zlib, numpy and the picture codecs do. At most one item
    more than there are cores is being worked on or waiting to be taken.

    Args:
        check: called while waiting, several times a second; may raise to stop. Whatever ends the block, work that
            has not begun never will, and what runs is left to end by itself: `work` must only compute.
    """
    workers = cores()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="lectern")
    try:
        yield _results(pool, work, items, workers, check)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _results(
    pool: ThreadPoolExecutor, work: Callable[[S], T], items: Iterable[S], workers: int, check: Callable[[], None]
) -> Iterator[T]:
    waiting: deque[Future[T]] = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) > workers:
            yield _result(waiting.popleft(), check)
    while waiting:
        yield _result(waiting.popleft(), check)


def _result(future: Future[T], check: Callable[[], None]) -> T:
    while True:
        check()
        try:
            return future.result(_PATIENCE)
        except TimeoutError:
            if future.done():  # the work's own
                raise
