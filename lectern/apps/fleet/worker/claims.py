"""Who has a run: its state in NATS, changed only by comparing. Whoever fails at that has lost the run."""

import asyncio
import logging
from typing import NamedTuple

from ...running.dispatcher import LOST_ONCE, now_ms
from ...runs import Result, RunError, RunStatus
from .. import topology
from ..deliveries import Delivery, Queue
from ..link import Link
from ..messages import Advert, Dead, Job, Kind, Report, State, load_workflow, workflow_name
from ..shelves import Documents, Parcels
from .held import Held, ended, first_state, given_up, taken_over
from .kv import NEVER, Entry, Values
from .reporter import Reporter

logger = logging.getLogger(__name__)

LOST_OFTEN = RunError("lost_on_restart", "The workers that had the run died, {number} of them; run it again.")
UNREADABLE_SECONDS = 5.0  # until a run is tried again whose workflow is not there


class Claimed(NamedTuple):
    state: State
    revision: int


def read_reason(value: bytes | None) -> RunError | None:
    """Why a run is to be canceled; None when its caller wants it."""
    import json

    read = json.loads(value) if value else None
    return RunError(**read) if isinstance(read, dict) else None


class Claims:
    """Everything may raise NotReady."""

    def __init__(self, link: Link, queue: Queue, reporter: Reporter, documents: Documents, worker: str) -> None:
        self._states = Values(link, topology.STATES)
        self._cancels = Values(link, topology.CANCELS)
        self._workers = Values(link, topology.WORKERS)
        self._dead = Values(link, topology.DEAD)
        self._parcels = Parcels(link)
        self._queue = queue
        self._reporter = reporter
        self._documents = documents
        self._worker = worker

    async def claim(self, delivery: Delivery, alone: str) -> Held | None:
        """The run of the message, from now on this worker's; None when it is not to be executed here and now."""
        job = Job.load(await self._parcels.unpack(delivery.content))
        run_id = job.run.id
        claimed, canceled, document = await asyncio.gather(
            self._claim(job, delivery), self._cancels.read(run_id), self._documents.get(workflow_name(job.run.workflow))
        )
        if claimed is None:
            return None
        if document is None:  # NATS has lost it; the gateways put it there again
            logger.warning("Lectern: a run of the app %s waits: its workflow is not among the graphs.", job.run.app)
            freed = claimed.state._replace(worker="", reply="")
            await self._states.swap(run_id, freed.dump(), claimed.revision)
            await self._queue.give_back(delivery.reply, UNREADABLE_SECONDS)
            return None
        held = Held(job, load_workflow(document), delivery, claimed.state, claimed.revision, alone)
        if canceled is not None and canceled.value is not None:
            held.cancel(read_reason(canceled.value))
        return held

    async def write(self, held: Held, state: State) -> bool:
        """False when the run is lost to another worker, or forgotten by NATS."""
        run_id, content, revision = held.job.run.id, state.dump(), held.revision
        for _ in range(3):
            new = await self._states.swap(run_id, content, revision)
            if new is not None:
                held.state, held.revision = state, new
                return True
            there = await self._states.read(run_id)
            now = None if there is None or there.value is None else State.load(there.value)
            if there is None or now is None or (now.worker, now.reply) != (held.state.worker, held.state.reply):
                held.lost = True
                return False
            if now.ended:  # by us, though the answer did not arrive
                held.state, held.revision = now, there.revision
                return True
            revision = there.revision  # a write of ours whose answer did not arrive
        held.lost = True
        return False

    async def canceled(self, held: Held) -> bool:
        """Whether somebody wants its end; for those that a message did not reach."""
        found = await self._cancels.read(held.job.run.id)
        if found is None or found.value is None or held.canceled:
            return False
        held.cancel(read_reason(found.value))
        return True

    async def _claim(self, job: Job, delivery: Delivery) -> Claimed | None:
        if delivery.times == 1:
            state = first_state(job, self._worker, delivery.reply)
            revision = await self._states.swap(job.run.id, state.dump(), NEVER)
            if revision is not None:
                return Claimed(state, revision)
        there = await self._states.read(job.run.id)
        if there is None:
            return await self._put(job, first_state(job, self._worker, delivery.reply), NEVER)
        if there.value is None:  # deleted: its run was, after it had ended
            await self._queue.done(delivery.reply)
            return None
        return await self._found(job, delivery, State.load(there.value), there)

    async def _found(self, job: Job, delivery: Delivery, state: State, there: Entry) -> Claimed | None:
        if state.ended:
            self._reporter.settle(_report_of(state), delivery.reply)
            return None
        if await self._lives(job, delivery, state):
            await self._queue.give_back(delivery.reply, topology.ADVERT_SECONDS)
            return None
        lost = state.worker != ""
        if state.report:
            self._reporter.send_soon(_report_of(state))
        mine = taken_over(state, self._worker, delivery.reply, lost)
        if given_up(mine, job.run.terms.retry):
            await self._bury(job, delivery, mine, there.revision)
            return None
        return await self._put(job, mine, there.revision)

    async def _lives(self, job: Job, delivery: Delivery, state: State) -> bool:
        """Whether the worker of that state still has the run: this message is then a second one, or came again because
        NATS was restarted and had not noted that it was delivered."""
        if state.worker in ("", self._worker):
            return False
        if delivery.times == 1:
            return True  # perhaps; its worker has time to say so
        found = await self._workers.read(state.worker)
        return found is not None and bool(found.value) and Advert.load(found.value or b"").run == job.run.id

    async def _put(self, job: Job, state: State, revision: int) -> Claimed | None:
        new = await self._states.swap(job.run.id, state.dump(), revision)
        return None if new is None else Claimed(state, new)  # None: somebody was faster

    async def _bury(self, job: Job, delivery: Delivery, state: State, revision: int) -> None:
        """The run is given up."""
        number = len(state.lost_by)
        error = LOST_OFTEN._replace(message=LOST_OFTEN.message.format(number=number)) if number > 1 else LOST_ONCE
        at = now_ms()
        result = Result(RunStatus.FAILED, error)
        known = {"started_ms": state.started_ms, "result": result, "store": job.store}
        report = Report(Kind.ENDED, job.run.id, state.worker, state.attempt, state.take, at, **known)
        if await self._states.swap(job.run.id, ended(state, report).dump(), revision) is None:
            return
        dead = Dead(job.run.id, job.run.app, number, state.lost_by, at)
        await self._dead.put(job.run.id, dead.dump())
        self._reporter.settle(report, delivery.reply)
        logger.warning("Lectern: a run of the app %s is given up: %s", job.run.app, error.message)


def _report_of(state: State) -> Report:
    return Report.load(state.report.encode())
