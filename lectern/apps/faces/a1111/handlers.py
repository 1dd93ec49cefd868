"""The handlers of `/lectern/sdapi/v1` and of the few addresses beside it that clients ask for."""

import time
from typing import Any

from aiohttp import web

from ....envelope import Call
from ....errors import AppError
from ...callers import Caller, Scope
from ...errors import BadRequest, UnsupportedMedia
from ...service import AppService
from ...surface.answers import read_json
from ...surface.endpoints import Answer, Endpoint, Table
from ..pictures import Bench
from .errors import Unprocessable
from .generating import Generator
from .jobs import Job, Jobs
from .lists import EMPTY_LISTS, FACTS, NOTHING_TO_DO, checkpoint_rows, sampler_rows, scheduler_rows
from .models import Models
from .options import OptionsFile
from .pnginfo import png_info
from .previews import Preview
from .progress import WAITING, Stand, between, progress_body, stand, task_body
from .requests import CHECKPOINT, Glance, Mode, PictureBody, read, read_asked
from .results import answer_body

API = "/sdapi/v1"
PICTURES = 2  # files that a body may carry: a picture and its mask
LOOKED_AT = 8  # of a key's requests, when the one that runs is looked for


class A1111Handlers:
    def __init__(self, service: AppService, call: Call) -> None:
        self._service = service
        self._call = call
        self._options = OptionsFile(service.private)
        self._models = Models(service, call, self._options)
        self._jobs = Jobs()
        self._bench = Bench()
        self._generator = Generator(service, call, self._jobs)

    def table(self) -> Table:
        return {
            f"{API}/txt2img": {"POST": Endpoint(self._generating("txt2img"), Scope.RUN)},
            f"{API}/img2img": {"POST": Endpoint(self._generating("img2img"), Scope.RUN)},
            f"{API}/png-info": {"POST": Endpoint(self.png_info, Scope.RUN)},
            f"{API}/progress": {"GET": Endpoint(self.progress, Scope.RUN)},
            f"{API}/interrupt": {"POST": Endpoint(self.interrupt, Scope.RUN)},
            f"{API}/skip": {"POST": Endpoint(self.skip, Scope.RUN)},
            f"{API}/options": {
                "GET": Endpoint(self.options, Scope.RUN),
                "POST": Endpoint(self.set_options, Scope.RUN),
            },
            f"{API}/sd-models": {"GET": Endpoint(self.checkpoints, Scope.RUN)},
            f"{API}/samplers": {"GET": Endpoint(self.samplers, Scope.RUN)},
            f"{API}/schedulers": {"GET": Endpoint(self.schedulers, Scope.RUN)},
            **{f"{API}/{name}": {"GET": Endpoint(_fixed([]), Scope.RUN)} for name in EMPTY_LISTS},
            **{f"{API}/{name}": {"GET": Endpoint(_fixed(facts), Scope.RUN)} for name, facts in FACTS.items()},
            **{f"{API}/{name}": {"POST": Endpoint(_fixed({}), Scope.RUN)} for name in NOTHING_TO_DO},
            f"{API}/{{name}}": {"GET": Endpoint(_absent, Scope.RUN), "POST": Endpoint(_absent, Scope.RUN)},
            "/internal/ping": {"GET": Endpoint(_fixed({}), Scope.ANYONE)},
            "/internal/progress": {"POST": Endpoint(self.task, Scope.RUN)},
            "/internal/pending-tasks": {"GET": Endpoint(self.pending, Scope.RUN)},
        }

    def _generating(self, mode: Mode) -> Answer:
        async def generate(request: web.Request, caller: Caller) -> web.StreamResponse:
            asked = read_asked(mode, await self._body(request, PICTURES if mode == "img2img" else 0))
            model = await self._models.chosen(mode, asked, caller)
            asked, planned = await self._generator.prepared(caller, model, mode, asked)
            answer = await self._generator.make(request, caller, model, mode, asked, planned)
            return _json_bytes(await self._bench.do(answer_body, answer))

        return generate

    async def png_info(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        body = read(PictureBody, await self._body(request, 1))
        return web.json_response(await self._bench.do(png_info, body.image))

    async def progress(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        """Of the key's own request in work; nobody sees another one's."""
        job, found = await self._current(caller)
        skipped = request.query.get("skip_current_image", "").lower() in ("true", "1")
        shown = None if job is None or skipped else self._preview(job, caller)
        picture = shown.picture if shown is not None and shown.picture else None
        return web.json_response(progress_body(job, found, picture, time.time()))

    async def task(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        asked = read(Glance, await self._body(request, 0))
        job = self._jobs.find(caller.owner, asked.id_task)
        found = WAITING if job is None else await self._stand(job, caller)
        body = task_body(job, found, self._jobs.completed(caller.owner, asked.id_task), time.time())
        body["id_live_preview"] = asked.id_live_preview
        shown = self._preview(job, caller) if job is not None and asked.live_preview else None
        if shown is not None and shown.picture and shown.number != asked.id_live_preview:
            body["live_preview"] = f"data:{shown.content_type};base64,{shown.picture}"
            body["id_live_preview"] = shown.number
        return web.json_response(body)

    async def pending(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        tasks = [job.task for job in self._jobs.active(caller.owner)[1:]]
        return web.json_response({"size": len(tasks), "tasks": tasks})

    async def interrupt(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        job, _ = await self._current(caller)
        if job is not None:
            await self._generator.interrupt(caller, job)
        return web.json_response({})

    async def skip(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        job, _ = await self._current(caller)
        if job is not None:
            await self._generator.skip(caller, job)
        return web.json_response(None)

    async def options(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        return web.json_response(await self._models.options(caller))

    async def set_options(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        """Nothing is set when the checkpoint is none of ours."""
        changes = await self._body(request, 0)
        if not isinstance(changes, dict):
            raise Unprocessable("The options must be an object.")
        if changes.get(CHECKPOINT):
            changes[CHECKPOINT] = (await self._models.find(changes[CHECKPOINT], caller)).name
        await self._options.update(caller.owner, changes)
        return web.json_response(None)

    async def checkpoints(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        return web.json_response(checkpoint_rows(await self._models.names(caller)))

    async def samplers(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        return web.json_response(sampler_rows(await self._models.side(caller)))

    async def schedulers(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        return web.json_response(scheduler_rows(await self._models.side(caller)))

    async def _current(self, caller: Caller) -> tuple[Job | None, Stand]:
        """The request whose run is in work, else the oldest."""
        jobs = self._jobs.active(caller.owner)[:LOOKED_AT]
        for job in jobs:
            found = await self._stand(job, caller)
            if found.running:
                return job, found
        return (jobs[0], await self._stand(jobs[0], caller)) if jobs else (None, WAITING)

    async def _stand(self, job: Job, caller: Caller) -> Stand:
        if job.run_id is None:
            return between(job)
        try:
            seen = await self._call(self._service.runs.run(job.run_id, caller))
        except AppError:  # it was deleted a moment ago
            return between(job)
        return stand(job, seen.view)

    def _preview(self, job: Job, caller: Caller) -> Preview | None:
        """Of the run in work, from the first time that somebody wants to see it."""
        if job.run_id is not None and (job.preview is None or job.preview.run_id != job.run_id):
            if job.preview is not None:
                job.preview.stop()
            job.preview = Preview(self._service.runs, self._call, job.run_id, caller)
        return job.preview

    async def _body(self, request: web.Request, files: int) -> Any:
        """The JSON, with room for so many files. Raises Unprocessable, BodyTooLarge."""
        limits = self._service.settings().apps
        try:
            return await read_json(request, limits.body_kb + files * limits.file_mb * 1400)
        except (BadRequest, UnsupportedMedia) as error:
            raise Unprocessable(str(error)) from None


def _fixed(content: Any) -> Answer:
    async def answer(request: web.Request, caller: Caller) -> web.StreamResponse:
        return web.json_response(content)

    return answer


async def _absent(request: web.Request, caller: Caller) -> web.StreamResponse:
    return web.json_response({"detail": "Not Found"}, status=404)


def _json_bytes(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/json")
