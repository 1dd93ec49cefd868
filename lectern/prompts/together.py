"""Several questions at once, as many as a model answers; the first failure ends the others."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

Work = Callable[[], Awaitable[T]]


async def together(works: Sequence[Work[T]], at_once: int) -> list[T]:
    """The results in order.

    One after the other where only one is answered at a time: a model that runs here blocks the loop, and a second task
    would begin before the first one's failure is seen.

    Raises:
        What the first work that failed raised; the others are cancelled and over then.
    """
    if at_once == 1 or len(works) == 1:
        return [await work() for work in works]
    turns = asyncio.Semaphore(at_once)
    tasks = [asyncio.create_task(_in_turn(work, turns)) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION) if tasks else (set(), set())
        for task in done:
            task.result()
        return [task.result() for task in tasks]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _in_turn(work: Work[T], turns: asyncio.Semaphore) -> T:
    await turns.acquire()
    result = await work()
    turns.release()  # not after a failure: the others end, and nobody may begin
    return result
