"""Gives queued runs to ComfyUI, one after the other, and records how each ended."""

import asyncio
import logging
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

from ...errors import SettingsError
from ..comfy import ComfyClient, Unreachable
from ..errors import NotReady
from ..graph import fill_graph
from ..runs import Result, Run, RunError, RunStatus, Workflow
from .attempt import Attempt, Watcher
from .ledger import Ledger
from .progress import Progress
from .verdict import Verdict
from .wire import Wire

logger = logging.getLogger(__name__)

ATTEMPTS = 2  # a run that ComfyUI lost is tried once more
LOST_TWICE = RunError("lost_on_restart", "ComfyUI restarted while the run was executing, twice; run it again.")
LOST_ONCE = RunError(
    "lost_on_restart",
    "ComfyUI restarted while the run was executing, and its app does not try again; run it anew.",
)
TOO_LONG = "The run was stopped after {seconds} seconds, which is as long as its app may take."
OUR_FAULT = RunError("internal_error", "Lectern failed at this run; its log, in ComfyUI's, says at what.")
TOO_LATE = RunError("deadline_exceeded", "The run had not ended when the time of its Cancel-After was over.")


class Pace(NamedTuple):
    """Seconds; tests make them short."""

    poll: float = 2  # between two looks at ComfyUI's history while no event comes
    retry: float = 0.5  # before ComfyUI, or the store, is tried again; doubled each time
    retry_limit: float = 10


class Unprepared(Exception):
    """A run's inputs cannot be given to ComfyUI; the run fails with this error."""

    def __init__(self, error: RunError) -> None:
        super().__init__(error.message)
        self.error = error


class LogWatcher(Watcher):
    logs: str = ""

    def close(self) -> None:
        """Nothing is reported any more."""


class Bench(Protocol):
    """What a run needs beside ComfyUI while it executes. On the background loop, like the dispatcher."""

    async def prepare(self, run: Run, workflow: Workflow) -> Mapping[str, Any]:
        """The values for the graph of the take in work. Raises Unprepared, Unreachable."""
        ...

    def watcher(self, run: Run, workflow: Workflow) -> LogWatcher: ...

    def missed(self, run: Run) -> None:
        """It had ended, or was being canceled, before ComfyUI got it."""
        ...


class Reports(Protocol):
    """Who is told of everything that happens to runs. On the background loop, like the dispatcher."""

    def progressed(self, run: Run, progress: Mapping[str, Any]) -> None:
        """Now and then, as callers see it."""
        ...

    def started(self, run: Run) -> None: ...

    def waiting(self, run: Run) -> None:
        """It is queued again."""
        ...

    def advanced(self, run: Run) -> None:
        """A take is over, and another follows."""
        ...

    def ended(self, run: Run) -> None: ...

    def expiry(self) -> int | None:
        """When a run that ends now expires, milliseconds since 1970."""
        ...


class Current(NamedTuple):
    run: Run
    attempt: Attempt


class Dispatcher:
    """Lives on the background loop. One run is in flight at a time: ComfyUI itself executes one at a time."""

    def __init__(self, ledger: Ledger, client: ComfyClient, bench: Bench, reports: Reports, pace: Pace) -> None:
        self._ledger = ledger
        self._bench = bench
        self._client = client
        self._reports = reports
        self._pace = pace
        self._wire = Wire(client, pace.poll)
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._current: Current | None = None
        self._idle = False  # the store had nothing to do, and nothing has come since
        self._hint: tuple[Run, Workflow] | None = None

    def wake(self, queued: tuple[Run, Workflow] | None = None) -> None:
        """There may be something to do. Starts the dispatcher when it does not run.

        Args:
            queued: a run that was just stored; when nothing is before it, it need not be read again.
        """
        if queued is not None and self._idle:
            self._hint = queued
        self._idle = False
        self._wake.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work(), name="lectern dispatcher")
            self._task.add_done_callback(_report)

    async def stop(self) -> None:
        """Leaves everything as a crash would: the store knows what is queued and what ComfyUI has."""
        while self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task], timeout=1)
        await self._wire.close()

    def cancel(self, run_id: str, reason: RunError | None = None) -> None:
        """Stops the run if it is the one in flight."""
        current = self.current(run_id)
        if current is not None:
            current.attempt.cancel(reason)

    def current(self, run_id: str) -> Current | None:
        return self._current if self._current is not None and self._current.run.id == run_id else None

    def progress(self, run_id: str) -> Progress | None:
        current = self.current(run_id)
        return None if current is None else current.attempt.progress

    async def _work(self) -> None:
        delay = self._pace.retry
        while True:
            self._wake.clear()
            try:
                if not await self._step() and not self._wake.is_set():
                    self._idle = True
                    await self._wake.wait()
                    self._idle = False
                delay = self._pace.retry
            except (Unreachable, NotReady, SettingsError) as error:
                logger.debug("runs wait: %s", error)
                await asyncio.sleep(delay)
                delay = min(2 * delay, self._pace.retry_limit)

    async def _step(self) -> bool:
        """Deals with one take of one run; False when there is none.

        A run that ComfyUI has here was left by an earlier process, or by a failure to store its end.
        """
        hint, self._hint = self._hint, None
        job = hint or await self._ledger.next_job()
        if job is None:
            return False
        run, workflow = job
        try:
            await self._deal_with(run, workflow)
        except (Unreachable, NotReady, SettingsError):
            raise
        except Exception:  # a run that cannot be dealt with must not stand before all others for ever
            logger.exception("A run of the app %s met a fault in Lectern.", run.app)
            await self._fail(run.id)
        return True

    async def _deal_with(self, run: Run, workflow: Workflow) -> None:
        if run.prompt_id is not None:
            await self._adopt(run, workflow)
        elif run.status is RunStatus.CANCELING:  # between two takes
            await self._end(run, Result(RunStatus.CANCELED))
        else:
            await self._execute(run, workflow)

    async def _fail(self, run_id: str) -> None:
        """Whatever became of the run meanwhile."""
        run = await self._ledger.get(run_id)
        if run is None or run.finished:
            return
        if run.prompt_id is not None:
            with suppress(Unreachable):
                await self._client.cancel(run.prompt_id)
        await self._end(run, Result(RunStatus.FAILED, OUR_FAULT))

    async def _execute(self, run: Run, workflow: Workflow) -> None:
        """Raises Unreachable when the run has to wait for ComfyUI; it is queued then."""
        prompt_id = str(uuid.uuid4())
        try:
            values = await self._bench.prepare(run, workflow)
        except Unprepared as error:
            await self._end(run, Result(RunStatus.FAILED, error.error))
            return
        watcher = self._bench.watcher(run, workflow)
        attempt = self._attempt(run, workflow, prompt_id, values, watcher)
        with self._in_flight(run, attempt), closing(watcher):
            async with attempt.watching():
                taken = await self._ledger.take(run, prompt_id, now_ms())
                if taken is None:  # canceled meanwhile
                    self._bench.missed(run)
                    return
                self._reports.started(taken)
                with self._timed(taken, attempt):
                    verdict = await self._submit(taken, attempt) or await attempt.follow()
                await self._conclude(taken, attempt, verdict, watcher)

    async def _submit(self, run: Run, attempt: Attempt) -> Verdict | None:
        if attempt.canceled:
            return Verdict(RunStatus.CANCELED)
        try:
            return await attempt.submit()
        except Unreachable as error:
            released = None
            if not error.sent:
                released = await self._ledger.release(run, counted=False)
            if released is not None:
                self._reports.waiting(released)
                raise
            return None  # perhaps ComfyUI took it: following it tells

    async def _adopt(self, run: Run, workflow: Workflow) -> None:
        watcher = self._bench.watcher(run, workflow)
        attempt = self._attempt(run, workflow, run.prompt_id or "", run.values, watcher)
        if run.status is RunStatus.CANCELING:
            attempt.cancel()
        with self._in_flight(run, attempt), closing(watcher):
            try:
                async with attempt.watching():
                    with self._timed(run, attempt):
                        verdict = await attempt.follow(look_now=True)
                    await self._conclude(run, attempt, verdict, watcher)
            except Unreachable:
                if not attempt.canceled:
                    raise
                await self._conclude(run, attempt, None, watcher)

    @contextmanager
    def _in_flight(self, run: Run, attempt: Attempt) -> Iterator[None]:
        """Where progress and cancel find the attempt: from before the run can be seen running until it has ended."""
        self._current = Current(run, attempt)
        try:
            yield
        finally:
            self._current = None

    @contextmanager
    def _timed(self, run: Run, attempt: Attempt) -> Iterator[None]:
        """Cancels the attempt when it executes longer than its app allows, or when its deadline has passed already.

        Deadlines to come are the timekeeper's.
        """
        seconds, deadline = run.terms.seconds, run.terms.deadline_ms
        if deadline is not None and deadline <= now_ms():
            attempt.cancel(TOO_LATE)
        if seconds is not None:
            attempt.limit(seconds, RunError("deadline_exceeded", TOO_LONG.format(seconds=seconds)))
        try:
            yield
        finally:
            attempt.unlimit()

    def _attempt(
        self, run: Run, workflow: Workflow, prompt_id: str, values: Mapping[str, Any], watcher: Watcher
    ) -> Attempt:
        folder = f"lectern/{run.app}/{run.id}" + (f"/{run.takes_done + 1}" if run.takes_done else "")
        graph = fill_graph(workflow.graph, workflow.targets, values, folder)
        return Attempt(self._client, self._wire, prompt_id, graph, workflow.outputs, watcher, self._pace.poll)

    async def _conclude(self, run: Run, attempt: Attempt, verdict: Verdict | None, watcher: LogWatcher) -> None:
        if verdict is None and not attempt.canceled and run.attempt < ATTEMPTS and run.terms.retry:
            released = await self._ledger.release(run, counted=True)
            if released is not None:
                self._reports.waiting(released)
                return
            attempt.cancel()  # only a run that is being canceled cannot be queued again
        if attempt.canceled and (verdict is None or verdict.status is RunStatus.CANCELED):
            verdict = (verdict or Verdict(RunStatus.CANCELED))._replace(error=attempt.reason)
        result = (await self._result(run, attempt, verdict))._replace(logs=watcher.logs)
        if result.status is RunStatus.SUCCEEDED and not run.last_take:
            advanced = await self._ledger.advance(run, result)
            if advanced is not None:
                self._reports.advanced(advanced)
            return
        await self._end(run, result)

    async def _result(self, run: Run, attempt: Attempt, verdict: Verdict | None) -> Result:
        if verdict is None:
            return Result(RunStatus.FAILED, LOST_TWICE if run.terms.retry else LOST_ONCE)
        outputs = await attempt.outputs(verdict.entry or {})  # also of a run that failed later on
        return Result(
            verdict.status,
            verdict.error,
            tuple(replace(item, take=run.takes_done) for item in outputs),
            verdict.cached_nodes,
            verdict.execution_ms,
        )

    async def _end(self, run: Run, result: Result) -> None:
        ended = await self._ledger.finish(run, result, now_ms(), self._reports.expiry())
        if ended is not None:
            self._reports.ended(ended)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def _report(task: "asyncio.Task[None]") -> None:
    """The dispatcher ends only when it is stopped; anything else is a fault in Lectern that must be seen."""
    if not task.cancelled() and task.exception() is not None:
        logger.error("the app runs stopped; the next run starts them again", exc_info=task.exception())
