"""The lock around the model that a real server has one of: jobs queue for it; progress and interrupt see its holder."""

import asyncio
import itertools
import secrets
import string
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from PIL import Image

from support.webui.painting import paint, preview
from support.webui.plan import Item, Made, Plan

KEPT_TASKS = 16  # finished task ids that the real servers remember


@dataclass(eq=False)
class Job:
    """One request on its way through the model."""

    id: int
    kind: str  # txt2img, img2img or stranger
    task_id: str
    rounds: int = 1  # job_count: batches, twice with hires
    sampling_steps: int = 20
    round: int = 0  # job_no
    steps_done: int = 0  # of all rounds
    sampling_step: int = 0
    interrupted: bool = False
    skipped: bool = False
    started: float = 0.0  # monotonic seconds; 0 while it queues
    ended: float = 0.0
    timestamp: str = "0"
    shown: Callable[[], Image.Image] | None = None  # the live preview
    stir: asyncio.Event = field(default_factory=asyncio.Event)  # set by whatever ends the current sampling

    @property
    def progress(self) -> float:
        """0 to 1 over the whole request, as the real servers count it."""
        return min((self.round + self.sampling_step / self.sampling_steps) / self.rounds, 1)


class Engine:
    def __init__(self) -> None:
        self.seconds_per_image = 0.0
        self.ignore_interrupts = 0  # so many are lost, as between two jobs
        self.interrupts = 0
        self.active: list[Job] = []
        self.queued: list[Job] = []
        self.finished: list[Job] = []
        self.hold_after: int | None = None  # sampling steps after which a job waits for `gate`
        self.gate = asyncio.Event()
        self.changed = asyncio.Event()
        self._ids = itertools.count(1)
        self._lock = asyncio.Lock()

    async def generate(self, plan: Plan) -> Made:
        """Waits for the lock, spends the time, paints; an interrupt leaves fewer pictures, or smaller ones."""
        passes = 2 if plan.hires else 1
        job = self._job(plan.route, plan.task_id, rounds=len(plan.batches) * passes, steps=plan.steps)
        images: list[Image.Image] = []
        async with _Turn(self, job):
            for batch in plan.batches:
                if job.interrupted:
                    break
                job.skipped = False
                images += await self._batch(job, plan, batch)
        return Made(tuple(images), job.timestamp)

    async def _batch(self, job: Job, plan: Plan, batch: tuple[Item, ...]) -> list[Image.Image]:
        job.shown = lambda: preview(plan, batch[0])
        await self.sample(job, self.seconds_per_image * len(batch), plan.sampling_steps)
        first_pass_only = job.interrupted  # the real hires pass does not start then
        if plan.hires and not first_pass_only:
            await self.sample(job, self.seconds_per_image * len(batch), plan.hires.steps)
        return await asyncio.to_thread(_paint_all, plan, batch, first_pass_only)

    async def occupy(self, job: Job, seconds: float) -> None:
        async with _Turn(self, job):
            await self.sample(job, seconds, job.sampling_steps)

    def stranger(self) -> Job:
        return self._job("stranger", None, rounds=1, steps=40)

    def _job(self, kind: str, task_id: str | None, rounds: int, steps: int) -> Job:
        job = Job(next(self._ids), kind, task_id or _task_id(kind), rounds, max(steps, 1))
        self.queued.append(job)
        self.tell()
        return job

    async def sample(self, job: Job, seconds: float, steps: int) -> None:
        """One round of sampling steps; ends early when the job is interrupted or its item skipped."""
        job.stir.clear()
        job.sampling_steps = max(steps, 1)
        for step in range(job.sampling_steps):
            if job.interrupted or job.skipped:
                break
            await self._step(job, seconds / job.sampling_steps)
            job.sampling_step, job.steps_done = step + 1, job.steps_done + 1
            self.tell()
            if self.hold_after is not None and job.steps_done >= self.hold_after:
                await _either(self.gate, job.stir)
        job.round, job.sampling_step = job.round + 1, 0
        self.tell()

    async def _step(self, job: Job, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(job.stir.wait(), seconds)

    def interrupt(self) -> None:
        self.interrupts += 1
        if self.ignore_interrupts > 0:
            self.ignore_interrupts -= 1
        else:
            self._stir("interrupted")
        self.tell()

    def skip(self) -> None:
        self._stir("skipped")

    def _stir(self, flag: str) -> None:
        for job in self.active:
            setattr(job, flag, True)
            job.stir.set()

    def enter(self, job: Job) -> None:
        self.queued.remove(job)
        self.active.append(job)
        job.started = time.monotonic()
        job.timestamp = datetime.now(UTC).strftime("%Y%m%d%H%M%S")
        self.tell()

    def leave(self, job: Job) -> None:
        self.active.remove(job)
        self.finished.append(job)
        job.ended = time.monotonic()
        self.tell()

    @property
    def lock(self) -> asyncio.Lock:
        return self._lock

    def tell(self) -> None:
        """Wakes whoever waits for a change."""
        self.changed.set()
        self.changed = asyncio.Event()


class _Turn:
    """Holding the lock, in order of arrival."""

    def __init__(self, engine: Engine, job: Job) -> None:
        self._engine, self._job = engine, job

    async def __aenter__(self) -> None:
        try:
            await self._engine.lock.acquire()
        except asyncio.CancelledError:
            self._engine.queued.remove(self._job)
            raise
        self._engine.enter(self._job)

    async def __aexit__(self, *error: object) -> None:
        self._engine.leave(self._job)
        self._engine.lock.release()


def _paint_all(plan: Plan, batch: tuple[Item, ...], first_pass_only: bool) -> list[Image.Image]:
    return [paint(plan, item, index, first_pass_only) for index, item in enumerate(batch)]


def _task_id(kind: str) -> str:
    letters = "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(7))
    return f"task({kind}-{letters})"


async def _either(*events: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
