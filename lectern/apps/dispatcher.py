"""Gives queued runs to ComfyUI, one after the other, and records how each ended."""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

from .attempt import Attempt
from .comfy import ComfyClient, Unreachable
from .errors import NotReady
from .graph import fill_graph
from .outputs import collect_outputs
from .progress import Progress
from .runs import OutputItem, Result, Run, RunError, RunStatus, Workflow
from .store.storage import Storage
from .verdict import Verdict

logger = logging.getLogger(__name__)

ATTEMPTS = 2  # a run that ComfyUI lost is tried once more
LOST = RunError("lost_on_restart", "ComfyUI restarted while the run was executing, twice; run it again.")


class Pace(NamedTuple):
    """Seconds; tests make them short."""

    poll: float = 2  # between two looks at ComfyUI's history while no event comes
    retry: float = 0.5  # before ComfyUI, or the store, is tried again; doubled each time
    retry_limit: float = 10


class Dispatcher:
    """Lives on the background loop. One run is in flight at a time: ComfyUI itself executes one at a time."""

    def __init__(self, storage: Storage, client: ComfyClient, ended: Callable[[str], None], pace: Pace) -> None:
        self._storage = storage
        self._client = client
        self._ended = ended
        self._pace = pace
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._current: tuple[str, Attempt] | None = None

    def wake(self) -> None:
        """There may be something to do. Starts the dispatcher when it does not run."""
        self._wake.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work(), name="lectern dispatcher")
            self._task.add_done_callback(_report)

    async def stop(self) -> None:
        """Leaves everything as a crash would: the store knows what is queued and what ComfyUI has."""
        while self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task], timeout=1)

    def cancel(self, run_id: str) -> None:
        """Stops the run if it is the one in flight."""
        if self._current is not None and self._current[0] == run_id:
            self._current[1].cancel()

    def progress(self, run_id: str) -> Progress | None:
        if self._current is None or self._current[0] != run_id:
            return None
        return self._current[1].progress

    async def _work(self) -> None:
        delay = self._pace.retry
        while True:
            self._wake.clear()
            try:
                if not await self._step():
                    await self._wake.wait()
                delay = self._pace.retry
            except (Unreachable, NotReady) as error:
                logger.debug("runs wait: %s", error)
                await asyncio.sleep(delay)
                delay = min(2 * delay, self._pace.retry_limit)

    async def _step(self) -> bool:
        """Deals with one run; False when there is none.

        A run that is in flight here was left by an earlier process, or by a failure to store its end.
        """
        job = await self._storage.call(lambda store: store.runs.next_job())
        if job is None:
            return False
        run, workflow = job
        await (self._execute if run.status is RunStatus.QUEUED else self._adopt)(run, workflow)
        return True

    async def _execute(self, run: Run, workflow: Workflow) -> None:
        """Raises Unreachable when the run has to wait for ComfyUI; it is queued then."""
        prompt_id = str(uuid.uuid4())
        attempt = self._attempt(run, workflow, prompt_id)
        with self._in_flight(run, attempt):
            async with attempt.watching():
                taken = await self._storage.call(lambda store: store.runs.take(run.id, prompt_id, now_ms()))
                if taken is None:  # cancelled meanwhile
                    return
                verdict = await self._submit(taken, attempt, workflow)
                await self._conclude(taken, attempt, workflow, verdict or await attempt.follow())

    async def _submit(self, run: Run, attempt: Attempt, workflow: Workflow) -> Verdict | None:
        if attempt.canceled:
            return Verdict(RunStatus.CANCELED)
        try:
            return await attempt.submit(workflow.outputs)
        except Unreachable as error:
            if not error.sent and await self._storage.call(lambda store: store.runs.release(run, counted=False)):
                raise
            return None  # perhaps ComfyUI took it: following it tells

    async def _adopt(self, run: Run, workflow: Workflow) -> None:
        attempt = self._attempt(run, workflow, run.prompt_id or "")
        if run.status is RunStatus.CANCELING:
            attempt.cancel()
        with self._in_flight(run, attempt):
            try:
                async with attempt.watching():
                    verdict = await attempt.follow(look_now=True)
            except Unreachable:
                if not attempt.canceled:
                    raise
                verdict = None
            await self._conclude(run, attempt, workflow, verdict)

    @contextmanager
    def _in_flight(self, run: Run, attempt: Attempt) -> Iterator[None]:
        """Where progress and cancel find the attempt: from before the run can be seen running until it has ended."""
        self._current = (run.id, attempt)
        try:
            yield
        finally:
            self._current = None

    def _attempt(self, run: Run, workflow: Workflow, prompt_id: str) -> Attempt:
        graph = fill_graph(workflow.graph, workflow.targets, run.input, f"lectern/{run.app}/{run.id}")
        return Attempt(self._client, prompt_id, graph, self._pace.poll)

    async def _conclude(self, run: Run, attempt: Attempt, workflow: Workflow, verdict: Verdict | None) -> None:
        if verdict is None and not attempt.canceled and run.attempt < ATTEMPTS:
            if await self._storage.call(lambda store: store.runs.release(run, counted=True)):
                return
            attempt.cancel()  # only a run that is being cancelled cannot be queued again
        if attempt.canceled and (verdict is None or verdict.status is RunStatus.CANCELED):
            verdict = (verdict or Verdict(RunStatus.CANCELED))._replace(error=None)
        result = await self._result(workflow, verdict)
        await self._storage.call(lambda store: store.runs.finish(run, result, now_ms()))
        self._ended(run.id)

    async def _result(self, workflow: Workflow, verdict: Verdict | None) -> Result:
        if verdict is None:
            return Result(RunStatus.FAILED, LOST)
        entry = verdict.entry or {}
        outputs = collect_outputs(entry, workflow.outputs) if verdict.status is RunStatus.SUCCEEDED else []
        sized = await asyncio.gather(*map(self._sized, outputs))
        return Result(verdict.status, verdict.error, tuple(sized), verdict.cached_nodes, verdict.execution_ms)

    async def _sized(self, item: OutputItem) -> OutputItem:
        return item if item.text is not None else replace(item, size_bytes=await self._client.size(item))


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def _report(task: "asyncio.Task[None]") -> None:
    """The dispatcher ends only when it is stopped; anything else is a fault in Lectern that must be seen."""
    if not task.cancelled() and task.exception() is not None:
        logger.error("the app runs stopped; the next run starts them again", exc_info=task.exception())
