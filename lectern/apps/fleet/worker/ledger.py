"""The dispatcher's ledger in a fleet: runs come from NATS's queue, and their state lies in NATS for all workers."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from ...errors import NotReady
from ...running.dispatcher import now_ms
from ...running.ledger import Job
from ...runs import Result, Run, RunError, RunStatus
from ..deliveries import Queue
from ..messages import Kind, Report
from .adoption import Adoption
from .claims import Claims
from .held import Held, advanced, ended, given_back, taken
from .keeping import Keeper
from .locks import Locks
from .outputs import Outputs
from .reporter import Reporter
from .supply import Supply

logger = logging.getLogger(__name__)

RELEASED_SECONDS = 1.0  # that a run which was given back waits, so that others get it
REMEMBERED = 256  # cancels of runs that are not here, or not yet


class FleetLedger:
    """One run at a time."""

    def __init__(
        self,
        queue: Queue,
        supply: Supply,
        claims: Claims,
        adoption: Adoption,
        locks: Locks,
        reporter: Reporter,
        outputs: Outputs,
        takes_runs: Callable[[], bool],
        comfy_up: Callable[[], bool],
        changed: Callable[[], None],
        stop_run: Callable[[str, RunError | None], None],
    ) -> None:
        """
        Args:
            takes_runs: whether this worker may take another run.
            changed: hears whenever there is another run here, or none.
            stop_run: stops a run in ComfyUI.
        """
        self._queue = queue
        self._supply = supply
        self._claims = claims
        self._adoption = adoption
        self._locks = locks
        self._reporter = reporter
        self._outputs = outputs
        self._takes_runs = takes_runs
        self._comfy_up = comfy_up
        self._changed = changed
        self._stop_run = stop_run
        self._keeper = Keeper(queue, locks, claims, lambda held: stop_run(held.job.run.id, held.reason))
        self._adopted = False
        self._cancels: OrderedDict[str, RunError | None] = OrderedDict()
        self.held: Held | None = None

    def cancel(self, run_id: str, reason: RunError | None) -> None:
        """Somebody wants the end of a run, which may be here."""
        self._cancels[run_id] = reason
        while len(self._cancels) > REMEMBERED:
            self._cancels.popitem(last=False)
        if self.held is not None and self.held.job.run.id == run_id:
            self.held.cancel(reason)
            self._stop_run(run_id, reason)

    def give_up(self, counted: bool) -> None:
        """The run that is here goes back to the queue. `counted`: this worker's ComfyUI may have died of it."""
        if self.held is not None and self.held.giving is None:
            self.held.giving = counted
            self._stop_run(self.held.job.run.id, None)

    def stop(self) -> None:
        """Leaves everything as a crash would."""
        self._keeper.stop()

    # The dispatcher's.

    async def next_job(self) -> Job | None:
        if not self._adopted:
            await self._adopt()
        if self.held is not None:
            await self._look_again(self.held)
        while self.held is None:
            if not self._takes_runs():
                return None
            pulled = await self._supply.next()
            if pulled is None:
                return None
            held = await self._claims.claim(pulled.delivery, pulled.alone)
            if held is not None:
                self._hold(held)
            elif pulled.alone:
                await self._locks.release(pulled.alone)
        return self.held.run, self.held.workflow

    async def get(self, run_id: str) -> Run | None:
        return self.held.run if self.held is not None and self.held.job.run.id == run_id else None

    async def take(self, run: Run, prompt_id: str, now_ms: int) -> Run | None:
        held = self._mine(run)
        if held is None:
            return None
        if held.canceled:
            await self.finish(run, Result(RunStatus.CANCELED), now_ms, None)
            return None
        if held.giving is not None:
            await self.release(run, counted=False)
            return None
        _, written = await asyncio.gather(
            self._adoption.note(run.id, prompt_id), self._claims.write(held, taken(held.state, prompt_id, now_ms))
        )
        if not written:
            await self._drop(held)
            return None
        self._reporter.send_soon(held.report(Kind.STARTED, now_ms))
        return held.run

    async def release(self, run: Run, counted: bool) -> Run | None:
        held = self._mine(run)
        if held is None or held.canceled:
            return None
        report = held.report(Kind.WAITING, now_ms())
        if await self._claims.write(held, given_back(held.state, report, counted)):
            self._reporter.send_soon(report)
            try:
                await self._queue.give_back(held.delivery.reply, RELEASED_SECONDS)
            except NotReady as error:
                logger.debug("a run is free again later: %s", error)
        await self._drop(held)
        return None if held.lost else replace(held.run, status=RunStatus.QUEUED, prompt_id=None)

    async def advance(self, run: Run, result: Result) -> Run | None:
        held = self._mine(run)
        if held is None:
            return None
        outputs = await self._outputs.deliver(run, result.outputs)
        report = held.report(Kind.ADVANCED, now_ms(), result=result._replace(outputs=outputs))
        if not await self._claims.write(held, advanced(held.state, report, len(outputs))):
            await self._drop(held)
            return None
        self._reporter.send_soon(report)
        return held.run

    async def finish(self, run: Run, result: Result, now_ms: int, expires_ms: int | None) -> Run | None:
        held = self._mine(run)
        if held is None:
            return None
        if result.status is RunStatus.CANCELED:
            if held.giving is not None and not held.canceled:
                await self.release(run, held.giving)
                return None
            result = result._replace(error=result.error or held.reason)
        outputs = await self._outputs.deliver(run, result.outputs)
        report = held.report(Kind.ENDED, now_ms, result=result._replace(outputs=outputs))
        if await self._claims.write(held, ended(held.state, report)):
            self._reporter.settle(Report.load(held.state.report.encode()), held.delivery.reply)
        await self._drop(held)
        if held.lost:
            return None
        return replace(held.run, status=result.status, error=result.error, execution_ms=result.execution_ms)

    async def _adopt(self) -> None:
        held = await self._adoption.find()
        self._adopted = True
        if held is not None:
            logger.info("Lectern goes on with the run that it had.")
            self._hold(held, at_once=True)

    async def _look_again(self, held: Held) -> None:
        """The dispatcher is done with a take, or could not begin with it."""
        if held.lost:
            await self._drop(held)
        elif not held.canceled and (held.giving is not None or (held.state.prompt_id is None and not self._comfy_up())):
            await self.release(held.run, counted=bool(held.giving))

    def _hold(self, held: Held, at_once: bool = False) -> None:
        run_id = held.job.run.id
        if run_id in self._cancels:
            held.cancel(self._cancels[run_id])
        self.held = held
        self._keeper.start(held, at_once)
        self._changed()

    async def _drop(self, held: Held) -> None:
        self.held = None
        self._keeper.stop()
        self._changed()
        if held.alone:
            await self._locks.release(held.alone)

    def _mine(self, run: Run) -> Held | None:
        held = self.held
        return None if held is None or held.job.run.id != run.id or held.lost else held
