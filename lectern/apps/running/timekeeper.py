"""Ends runs whose deadline has passed, and empties those whose time is over. Sleeps until there is something to do."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from ...errors import SettingsError
from ..errors import NotReady
from ..runs import Run
from ..store.storage import Storage
from .dispatcher import TOO_LATE, Reports, now_ms
from .engine import Engine

if TYPE_CHECKING:
    from ..store.stores import Stores

logger = logging.getLogger(__name__)

LONGEST_SECONDS = 3600.0
SHORTEST_SECONDS = 0.05
SHARED_SECONDS = 10.0  # the longest sleep where other processes may have gone and left us their deadlines
EXPIRED_AT_ONCE = 200


class Timekeeper:
    """Lives on the background loop."""

    def __init__(
        self,
        storage: Storage,
        engine: Engine,
        reports: Reports,
        chores: Callable[[], Awaitable[None]],
    ) -> None:
        """`chores` is what is to be done once an hour."""
        self._storage = storage
        self._engine = engine
        self._reports = reports
        self._chores = chores
        self._swept = -LONGEST_SECONDS
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """There may be an earlier deadline than the one that is slept for."""
        self._wake.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work(), name="lectern timekeeper")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _work(self) -> None:
        while True:
            self._wake.clear()
            try:
                await self._end_overdue()
                await self._expire()
                await self._sweep()
                seconds = await self._seconds()
            except (NotReady, SettingsError, OSError) as error:
                logger.warning("Deadlines of app runs wait: %s", error)
                seconds = LONGEST_SECONDS / 60
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._wake.wait()

    async def _end_overdue(self) -> None:
        for run_id in await self._storage.call(lambda store: store.upkeep.overdue(now_ms())):
            expiry = self._reports.expiry()
            given_up, run = await self._storage.call(partial(_give_up, run_id=run_id, expires_ms=expiry))
            if given_up is not None:
                self._reports.ended(given_up)
                self._engine.cancel(run_id, TOO_LATE)  # for whoever finds it in a queue
            elif run is not None and not run.finished:  # as when another process gave it up
                self._engine.cancel(run_id, TOO_LATE)

    async def _expire(self) -> None:
        expired = EXPIRED_AT_ONCE
        while expired == EXPIRED_AT_ONCE:
            gone = await self._storage.call(lambda store: store.upkeep.expire(now_ms(), EXPIRED_AT_ONCE))
            await self._engine.forgotten(gone)
            expired = len(gone)

    async def _sweep(self) -> None:
        if time.monotonic() - self._swept >= LONGEST_SECONDS:
            self._swept = time.monotonic()
            try:
                await self._chores()
            except (NotReady, SettingsError, OSError) as error:
                logger.warning("Old files and webhooks are not tidied up: %s", error)

    async def _seconds(self) -> float:
        longest = SHARED_SECONDS if self._storage.shared else LONGEST_SECONDS
        due = await self._storage.call(lambda store: store.upkeep.due(now_ms()))
        if due is None:
            return longest
        return min(max((due - now_ms()) / 1000, SHORTEST_SECONDS), longest)


def _give_up(store: "Stores", run_id: str, expires_ms: int | None) -> tuple[Run | None, Run | None]:
    """The run if it ended by this, and the run."""
    given_up = store.upkeep.give_up(run_id, TOO_LATE, now_ms(), expires_ms)
    return given_up, given_up or store.runs.get(run_id)
