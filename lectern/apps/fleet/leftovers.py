"""Messages of the queue that nobody will ever get: a nats-server that was killed may keep what was acknowledged.

It writes down at once that a message was acknowledged, and later that it is gone; between the two, a kill leaves the
message in the stream while its consumer has done with it. It would count as waiting for ever.
"""

import logging
from collections.abc import Collection
from typing import TYPE_CHECKING

from ..store.storage import Storage
from . import topology
from .link import Link, translated
from .messages import Job
from .shelves import Parcels

if TYPE_CHECKING:
    from nats.js.api import RawStreamMsg

logger = logging.getLogger(__name__)

LOOKED_AT_ONCE = 500  # messages
QUEUES = f"{topology.RUNS}.>"


class Leftovers:
    """Lives on the background loop. Everything may raise NotReady."""

    def __init__(self, link: Link, storage: Storage) -> None:
        self._link = link
        self._storage = storage
        self._parcels = Parcels(link)
        self._next = 1  # sequence from which it looks

    async def clear(self) -> int:
        """Deletes messages of runs that have ended, some at a time; how many. Looks only when there are too many."""
        with translated():
            if not await self._too_many():
                return 0
            found = await self._some()
            ended = await self._ended(set(found.values()))
            gone = [sequence for sequence, run_id in found.items() if run_id in ended]
            for sequence in gone:
                await self._delete(sequence)
        if gone:
            logger.info("Lectern: the queue held %s messages of runs that have ended; they are deleted.", len(gone))
        return len(gone)

    async def _too_many(self) -> bool:
        """More messages than the consumers have before them."""
        from nats.js.errors import NotFoundError

        js = self._link.js
        try:
            state = (await js.stream_info(topology.RUNS_STREAM)).state
            consumers = await js.consumers_info(topology.RUNS_STREAM) if state.messages else []
        except NotFoundError:  # the server lost the stream, too
            return False
        return state.messages > sum((one.num_pending or 0) + (one.num_ack_pending or 0) for one in consumers)

    async def _some(self) -> dict[int, str]:
        """Run ids by sequence, from where it stopped the last time."""
        found: dict[int, str] = {}
        for _ in range(LOOKED_AT_ONCE):
            message = await self._after(self._next)
            if message is None or message.seq is None:
                self._next = 1
                break
            self._next = message.seq + 1
            run_id = await self._run_of(message)
            if run_id:
                found[message.seq] = run_id
        return found

    async def _after(self, sequence: int) -> "RawStreamMsg | None":
        from nats.js.errors import NotFoundError

        try:
            return await self._link.js.get_msg(topology.RUNS_STREAM, sequence, QUEUES, next=True)
        except NotFoundError:
            return None

    async def _run_of(self, message: "RawStreamMsg") -> str:
        try:
            return Job.load(await self._parcels.unpack(message.data or b"")).run.id
        except (ValueError, KeyError, TypeError):  # of a Lectern that is newer than this one
            return ""

    async def _ended(self, ids: Collection[str]) -> set[str]:
        if not ids:
            return set()
        asked = sorted(ids)
        return {run.id for run in await self._storage.call(lambda store: store.fleet.ended(asked))}

    async def _delete(self, sequence: int) -> None:
        from nats.js.errors import NotFoundError

        try:
            await self._link.js.delete_msg(topology.RUNS_STREAM, sequence)
        except NotFoundError:  # acknowledged meanwhile
            logger.debug("a message was gone already")
