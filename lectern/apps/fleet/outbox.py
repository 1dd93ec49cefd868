"""Puts stored runs into the queue on NATS: at once when they are submitted, and again when their message is not there.

The store is what counts: a run that it has waiting is executed, whatever became of a gateway, of NATS or of its disk.
"""

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from ..errors import NotReady
from ..files.names import id_of
from ..runs import Run, RunStatus, Workflow
from ..store.storage import Storage
from . import topology
from .link import Link, translated
from .messages import Job, Requirement, dump_workflow, workflow_name
from .origin import Origin
from .recovery import Recovery
from .roster import Roster
from .shelves import Documents, Parcels

if TYPE_CHECKING:
    from ..store.fleet import Waiting

logger = logging.getLogger(__name__)

SETTLE_MS = 2000  # after which a run without a place was left by somebody
STRANDED_MS = 60_000
SWEPT_AT_ONCE = 200
LOOKED_AT_ONCE = 1000
DUPLICATES = "Nats-Msg-Id"


class Outbox:
    """Lives on the background loop."""

    def __init__(
        self, link: Link, storage: Storage, roster: Roster, documents: Documents, recovery: Recovery, origin: Origin
    ) -> None:
        self._link = link
        self._storage = storage
        self._roster = roster
        self._documents = documents
        self._recovery = recovery
        self._origin = origin
        self._parcels = Parcels(link)
        self._lanes: set[str] = set()  # that are written down
        self._tasks: set[asyncio.Task[None]] = set()
        self._places: dict[str, int] = {}  # not stored yet
        self._placing = asyncio.Event()
        self._publishing: set[str] = set()

    def submitted(self, run: Run, workflow: Workflow) -> None:
        task = asyncio.create_task(self._publish(run, workflow, None), name="lectern submit")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def work(self) -> None:
        """Stores where messages lie, many at a time, until cancelled."""
        while True:
            await self._placing.wait()
            self._placing.clear()
            places, self._places = self._places, {}
            try:
                await self._store(places)
            except NotReady as error:
                logger.debug("places are not stored: %s", error)
                self._places = places | self._places
                await asyncio.sleep(1)
                self._placing.set()

    async def sweep(self, now_ms: int) -> None:
        """Publishes what somebody stored and did not publish. Raises NotReady."""
        before = now_ms - SETTLE_MS
        while True:
            found = await self._storage.call(lambda store: store.fleet.unplaced(before, SWEPT_AT_ONCE))
            left = [(run, workflow) for run, workflow in found if not self._knows(run)]
            places = await asyncio.gather(*(self._put(run, workflow, None) for run, workflow in left))
            if left:
                await self._store({run.id: place for (run, _), place in zip(left, places, strict=True)})
            if not left or len(found) < SWEPT_AT_ONCE:
                break
        stranded = await self._storage.call(lambda store: store.fleet.stranded(now_ms - STRANDED_MS, SWEPT_AT_ONCE))
        for run in stranded:
            await self._restore(run, None)

    async def verify(self, after: int, limit: int = LOOKED_AT_ONCE) -> int:
        """Looks whether the messages of runs are still there, and publishes those again that are not.

        Gives where to go on; 0 when it has seen them all. Raises NotReady.
        """
        found = await self._storage.call(lambda store: store.fleet.placed(after, limit))
        if not found:
            return 0
        with translated():
            state = (await self._link.js.stream_info(topology.RUNS_STREAM)).state
        for waiting in found:
            place = waiting.place or 0
            if not (state.first_seq <= place <= state.last_seq) or not await self._is_there(waiting):
                await self._restore(waiting.run, waiting.place)
        return found[-1].run.sequence if len(found) == limit else 0

    def forget(self) -> None:
        """After a new connection: the server may have lost what was there."""
        self._lanes.clear()
        self._documents.forget()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _store(self, places: dict[str, int]) -> None:
        await self._storage.call(lambda store: store.fleet.place(list(places.items())))

    async def _restore(self, run: Run, place: int | None) -> None:
        """Its message is gone: its worker has ended it and said so, or NATS lost it."""
        if await self._recovery.ended(run):
            return
        job = await self._storage.call(lambda store: store.fleet.job(run.id))
        if job is None or job[0].finished:
            return
        run, workflow = job
        if run.status is RunStatus.CANCELING:
            await self._recovery.canceled(run)
            return
        logger.info("Lectern: a run's message was not in the queue any more; it is queued again.")
        await self._publish(run, workflow, place)

    async def _publish(self, run: Run, workflow: Workflow, lost: int | None) -> None:
        """`lost`: the place of an earlier message that is gone."""
        if self._knows(run):
            return
        self._publishing.add(run.id)
        try:
            self._places[run.id] = await self._put(run, workflow, lost)
            self._placing.set()
        except NotReady as error:
            logger.debug("a run waits for NATS: %s", error)
        finally:
            self._publishing.discard(run.id)

    def _knows(self, run: Run) -> bool:
        """It is on its way."""
        return run.id in self._publishing or run.id in self._places

    async def _put(self, run: Run, workflow: Workflow, lost: int | None) -> int:
        """Gives its place."""
        required = await self._roster.requirement(workflow, run.input, run.app if run.terms.alone else "")
        files, store = await self._files(run), await self._origin.name()
        _, _, content = await asyncio.gather(
            self._documents.put(workflow_name(workflow.digest), dump_workflow(workflow)),
            self._keep_lane(required),
            self._parcels.pack(Job(run, _wants_progress(run), files, store).dump()),
        )
        subject = topology.queue(required.lane, run.terms.priority, run.terms.owner)
        with translated():
            # JetStream leaves out the second message of one id, by whichever gateway it is sent.
            sent = await self._link.js.publish(
                subject, content, stream=topology.RUNS_STREAM, headers={DUPLICATES: f"{run.id}.{lost or 0}"}
            )
        return sent.seq

    async def _files(self, run: Run) -> dict[str, tuple[str, str]]:
        """Names and types of the run's files, which are in the store only."""
        ids = [found for value in run.input.values() if isinstance(value, str) and (found := id_of(value)) is not None]
        if not ids:
            return {}
        rows = await self._storage.call(lambda store: [store.files.get(file_id) for file_id in ids])
        return {row.id: (row.name, row.content_type) for row in rows if row is not None}

    async def _keep_lane(self, required: Requirement) -> None:
        lane = required.lane
        if lane in self._lanes:
            return
        with translated():
            await self._link.bucket(topology.LANES).put(lane, required.dump())
        self._lanes.add(lane)

    async def _is_there(self, waiting: "Waiting") -> bool:
        from nats.js.errors import NotFoundError

        with translated():
            try:
                message = await self._link.js.get_msg(topology.RUNS_STREAM, waiting.place)
                content = await self._parcels.unpack(message.data or b"")
            except NotFoundError:
                return False
        with suppress(ValueError, KeyError):
            return Job.load(content).run.id == waiting.run.id
        return False


def _wants_progress(run: Run) -> bool:
    return run.terms.webhook is not None and "progress" in run.terms.webhook.events
