"""Heartbeats: as long as they arrive, the run that a worker has stays its own."""

import asyncio
import logging
import time
from collections.abc import Callable

from ...errors import NotReady
from .. import topology
from ..deliveries import Queue
from .claims import Claims
from .held import Held
from .locks import Locks

logger = logging.getLogger(__name__)

GIVE_UP = 0.75  # of ACK_SECONDS without a heartbeat: the run is let go before another worker gets it
HURRY_SECONDS = 1.0  # between two tries while none arrives


class Keeper:
    """Of one run at a time."""

    def __init__(self, queue: Queue, locks: Locks, claims: Claims, cancel: Callable[[Held], None]) -> None:
        """`cancel` stops the run in ComfyUI."""
        self._queue = queue
        self._locks = locks
        self._claims = claims
        self._cancel = cancel
        self._task: asyncio.Task[None] | None = None

    def start(self, held: Held, at_once: bool = False) -> None:
        self.stop()
        self._task = asyncio.create_task(self._keep(held, at_once), name="lectern heartbeats")

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _keep(self, held: Held, at_once: bool) -> None:
        pause = 0.0 if at_once else topology.HEARTBEAT_SECONDS
        while not held.lost:
            await asyncio.sleep(pause)
            try:
                await self._beat(held)
                pause = topology.HEARTBEAT_SECONDS
            except NotReady as error:
                logger.debug("no heartbeat: %s", error)
                pause = min(HURRY_SECONDS, topology.HEARTBEAT_SECONDS)
            if time.monotonic() - held.kept > GIVE_UP * topology.ACK_SECONDS:
                logger.warning("Lectern: a run is let go, because NATS has not answered for long.")
                held.lost = True
        self._cancel(held)

    async def _beat(self, held: Held) -> None:
        started = time.monotonic()
        await self._queue.keep(held.delivery.reply)
        held.kept = started
        if held.alone and not await self._locks.renew(held.alone):
            held.lost = True
        if await self._claims.canceled(held):
            self._cancel(held)
