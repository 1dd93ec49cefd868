"""Makes the pictures of one request with runs of an app: submitted, waited for, read, and stopped when nobody waits."""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

from aiohttp import web

from ....envelope import Call
from ....errors import AppError
from ...callers import Caller
from ...errors import AnswerTooLarge, RunFailed
from ...running.engine import Seen
from ...running.outputs import INLINE_TYPES
from ...runs import OutputItem, RunStatus
from ...service import AppService
from ...surface.submission import Submission
from ..pictures import Bench
from ..roles import Role
from .filling import AppSide, Plan, plan
from .jobs import Job, Jobs
from .models import Model
from .pictures import WEB, Fit, for_app, mask_for_app
from .progress import stamp
from .requests import Asked, Mode
from .results import NO_SEED, Answer, Picture

T = TypeVar("T")

WAIT_SECONDS = 3600.0  # between two looks at a run of which nothing is heard
LOOK_SECONDS = 0.5  # between two looks whether the client is still there
ANSWER_MB = 512  # of all pictures of one answer


class _Place(NamedTuple):
    """A picture among a run's outputs."""

    place: int
    item: OutputItem
    extra: bool


class Generator:
    """Lives on the server's loop."""

    def __init__(self, service: AppService, call: Call, jobs: Jobs) -> None:
        self._service = service
        self._call = call
        self._jobs = jobs
        self._bench = Bench()
        self._left: set[asyncio.Task[Any]] = set()  # whose clients left before their runs had ended

    async def prepared(self, caller: Caller, model: Model, mode: Mode, asked: Asked) -> tuple[Asked, Plan]:
        """The plan with the request's pictures as kept files, and the request without them: it may wait for hours.

        Raises Unprocessable; InvalidInput for a picture that cannot be used; FilesFull, NotReady.
        """
        planned = plan(mode, asked, model.side)
        files = await self._files(caller, asked, model.side)
        return asked.lighter(), planned._replace(values={**model.values, **planned.values, **files})

    async def make(
        self, request: web.Request, caller: Caller, model: Model, mode: Mode, asked: Asked, planned: Plan
    ) -> Answer:
        """Raises what `AppService.submit` raises, RunFailed and AnswerTooLarge."""
        job = Job(asked.force_task_id or "", mode, planned.executions)
        with self._jobs.work(caller.owner, job):
            pictures, run_ids = await self._attended(request, caller, job, self._runs(caller, model, job, planned))
        return Answer(asked, model.name, model.side.roles, pictures, run_ids, planned.ignored, stamp(job.started))

    async def interrupt(self, caller: Caller, job: Job) -> None:
        """The run in work ends, and none follows."""
        job.interrupted = True
        await self._cancel(caller, job.run_id)

    async def skip(self, caller: Caller, job: Job) -> None:
        """The run in work ends; where the request takes several, the next follows."""
        job.skipped = True
        await self._cancel(caller, job.run_id)

    async def _runs(
        self, caller: Caller, model: Model, job: Job, planned: Plan
    ) -> tuple[Sequence[Picture], Sequence[str]]:
        pictures: list[Picture] = []
        run_ids: list[str] = []
        for takes in planned.takes:
            if job.interrupted:
                break
            wanted = Submission(planned.input(job.executed), model.version, takes=takes)
            seen = await self._run(caller, model, job, wanted)
            run_ids.append(seen.run.id)
            room = ANSWER_MB * 1_000_000 - sum(len(picture.data) for picture in pictures)
            pictures += await self._read(caller, seen, planned, job.executed, room)
            job.run_id = None
            job.executed += takes
        if not pictures and not (job.interrupted or job.skipped):
            raise RunFailed(f"{model.side.title} gave no picture.", {"code": "no_picture"})
        return sorted(pictures, key=lambda picture: picture.extra), run_ids

    async def _run(self, caller: Caller, model: Model, job: Job, asked: Submission) -> Seen:
        """One run that has ended: as it should, or because it was canceled."""
        seen = await self._call(self._service.submit(model.slug, asked, caller))
        job.run_id = seen.run.id
        if job.interrupted:  # while it was submitted
            await self._cancel(caller, job.run_id)
        while not seen.run.finished:
            seen = await self._call(self._service.runs.wait(seen.run.id, WAIT_SECONDS, caller))
        if seen.run.status is RunStatus.CANCELED and not (job.interrupted or job.skipped):
            job.interrupted = True  # by somebody else, or because its time was over
        if seen.run.status is RunStatus.FAILED:
            error = seen.run.error
            raise RunFailed("The run failed.") if error is None else RunFailed(error.message, error._asdict())
        return seen

    async def _read(self, caller: Caller, seen: Seen, planned: Plan, before: int, room: int) -> list[Picture]:
        """`room`: bytes."""
        found: list[Picture] = []
        for place, item, extra in picture_places(seen.run.outputs):
            data = await self._bytes(caller, seen.run.id, place, room)
            room -= len(data)
            seed = NO_SEED if planned.seeds is None else planned.seeds.of(before + item.take)
            found.append(Picture(data, seed, seen.run.input, extra))
        return found

    async def _bytes(self, caller: Caller, run_id: str, place: int, room: int) -> bytes:
        stream = await self._call(self._service.runs.output(run_id, place, caller))
        content = bytearray()
        try:
            while piece := await self._call(stream.read()):
                content += piece
                if len(content) > room:
                    raise AnswerTooLarge(
                        f"The pictures have more than {ANSWER_MB} MB together; they are at /lectern/v1/runs/{run_id}."
                    )
        finally:
            await self._call(stream.close())
        return bytes(content)

    async def _files(self, caller: Caller, asked: Asked, app: AppSide) -> dict[str, str]:
        """The pictures of the request as inputs, of the wanted size where the app cannot bring them there."""
        if not asked.init_images:
            return {}
        side, fit = self._service.settings().limits.side, _fit(asked, app)
        given = {Role.IMAGE: await self._bench.do(for_app, asked.init_images[0], side, fit)}
        if asked.mask is not None:
            invert = bool(asked.inpainting_mask_invert)
            given[Role.MASK] = await self._bench.do(mask_for_app, asked.mask, side, invert, fit)
        return {app.roles[role]: await self._kept(caller, app, role, value) for role, value in given.items()}

    async def _kept(self, caller: Caller, app: AppSide, role: Role, value: str) -> str:
        item = app.item(role)
        if item is None:  # which the run's own check will say
            return value
        return await self._call(self._service.references.resolve(caller.owner, item, value))

    async def _cancel(self, caller: Caller, run_id: str | None) -> None:
        if run_id is not None:
            with suppress(AppError):  # it is over and forgotten
                await self._call(self._service.runs.cancel(run_id, caller))

    async def _attended(self, request: web.Request, caller: Caller, job: Job, work: Coroutine[Any, Any, T]) -> T:
        """The work's result; its run is interrupted once the client has closed the connection."""
        task = asyncio.create_task(work)
        try:
            while not task.done():
                await asyncio.wait([task], timeout=LOOK_SECONDS)
                if not (task.done() or job.interrupted) and _left(request):
                    await self.interrupt(caller, job)
            return task.result()
        except asyncio.CancelledError:  # by servers that do so when a client leaves
            self._left.add(task)  # it may be about to learn which run it is
            task.add_done_callback(self._forget)
            await asyncio.shield(self.interrupt(caller, job))
            raise

    def _forget(self, task: "asyncio.Task[Any]") -> None:
        self._left.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, so that nobody is told of it


def _left(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def picture_places(outputs: Iterable[OutputItem]) -> list[_Place]:
    """The pictures of the first output that saves some, and after them those of others, such as previews."""
    found = [(place, item) for place, item in enumerate(outputs) if item.content_type in INLINE_TYPES]
    saved = [item for _, item in found if item.folder == "output"] or [item for _, item in found]
    first = saved[0].output if saved else ""
    places = [_Place(place, item, item.output != first) for place, item in found]
    return sorted(places, key=lambda one: one.extra)


def _fit(asked: Asked, app: AppSide) -> Fit | None:
    """An app that takes a size brings pictures to it by itself, or means to."""
    sized = {Role.WIDTH, Role.HEIGHT} & app.roles.keys()
    if sized or not (asked.width and asked.height) or not asked.init_images or asked.init_images[0].startswith(WEB):
        return None
    return Fit(asked.width, asked.height, asked.resize_mode or 0)
