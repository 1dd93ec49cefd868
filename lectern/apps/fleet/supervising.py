"""Work that goes on as long as the process: what fails is told and begun again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)

AGAIN_SECONDS = 1.0


class Duties:
    """Lives on the background loop."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """`work` goes on until it is cancelled."""
        self._tasks.append(asyncio.create_task(_go_on(name, work), name=f"lectern {name}"))

    async def end(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=2)


async def _go_on(name: str, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except Exception:  # a fault in one run must not stop what is done for all others
            logger.exception("Lectern: %s met a fault; it goes on.", name)
        await asyncio.sleep(AGAIN_SECONDS)
