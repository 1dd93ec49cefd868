"""Sends reports to the gateways: once each, as far as JetStream can tell, and in order unless NATS is away."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from ...errors import NotReady
from .. import topology
from ..deliveries import Queue
from ..link import Link
from ..messages import Report
from .kv import answered

logger = logging.getLogger(__name__)

TRIES = 5
PAUSE_SECONDS = 1.0


class Reporter:
    """Lives on one event loop."""

    def __init__(self, link: Link, queue: Queue) -> None:
        self._link = link
        self._queue = queue
        self._tasks: set[asyncio.Task[Any]] = set()

    async def send(self, report: Report) -> None:
        """Returns once JetStream has it. Raises NotReady."""
        js = self._link.js
        with answered():
            await js.publish(topology.reports(report.store), report.dump(), headers={"Nats-Msg-Id": report.id})

    def send_soon(self, report: Report) -> None:
        """Should it be lost, whoever has the run next sends it: the run's state holds it."""
        self._start(self._persist(report))

    def settle(self, report: Report, reply: str) -> None:
        """The last report of a run, and then the end of its message: a crash between the two leaves the message."""
        self._start(self._settle(report, reply))

    async def settled(self, seconds: float) -> None:
        """Waits until everything is sent, or for so many seconds."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _start(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _persist(self, report: Report) -> bool:
        for _ in range(TRIES):
            try:
                await self.send(report)
                return True
            except NotReady as error:
                logger.debug("a report waits: %s", error)
                await asyncio.sleep(PAUSE_SECONDS)
        return False

    async def _settle(self, report: Report, reply: str) -> None:
        if await self._persist(report):
            try:
                await self._queue.done(reply)
            except NotReady as error:  # whoever gets the message again sees that its run has ended
                logger.debug("a message is not acknowledged: %s", error)
