"""The handlers of OpenAI's Images API: models, generations, edits."""

from collections.abc import Mapping
from typing import NamedTuple

from aiohttp import web

from ....envelope import Call
from ...callers import Caller, Scope
from ...errors import BadRequest, InvalidInput, UnknownAddress
from ...runs import Run
from ...service import AppService
from ...surface.answers import read_json
from ...surface.endpoints import Endpoint, Table
from ...surface.receiving import Receiver
from ...surface.submission import parse_idempotency_key
from ...surface.views import run_url
from ..doors import Door
from ..graphs import Form
from ..masks import Masks
from ..pictures import Bench, encoded
from ..roles import Role
from ..waiting import CallerLeft, Picture, Waiting, shown_pictures
from .asking import FILES, MOST_SOURCES, Asked, form_fields, read_edit, read_generation, refuse, without_pictures
from .filling import in_its_words, manners, submission
from .streaming import Streaming
from .wording import addresses_body, model_view, pictures_body

PREFIX = "/lectern/openai/v1"
LEFT = 499  # nginx's word for a caller who closed the connection; nobody reads it but the audit log


class _Queued(NamedTuple):
    """A request whose run waits, or executes."""

    asked: Asked  # without its pictures
    door: Door
    run: Run
    stop: bool  # the run ends when the caller leaves
    origin: str  # of addresses in the answer; empty where it has none


class OpenAIHandlers:
    def __init__(self, service: AppService, call: Call) -> None:
        self._service = service
        self._call = call
        self._receiver = Receiver(service.files, call)
        self._waiting = Waiting(service, call)
        self._bench = Bench()
        self._streaming = Streaming(service, call, self._waiting, self._bench)
        self._masks = Masks(service.files, service.references)

    def table(self) -> Table:
        return {
            "/models": {"GET": Endpoint(self.models, Scope.GUEST)},
            "/models/{model:.+}": {"GET": Endpoint(self.model, Scope.GUEST)},
            "/images/generations": {"POST": Endpoint(self.generate, Scope.GUEST)},
            "/images/edits": {"POST": Endpoint(self.edit, Scope.GUEST)},
            "/{address:.*}": {"*": Endpoint(self.unknown, Scope.ANYONE)},
        }

    async def models(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        found = await self._call(self._service.doors.list(caller))
        return web.json_response({"object": "list", "data": [model_view(model) for model in found]})

    async def model(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        found = await self._call(self._service.doors.model(request.match_info["model"], caller))
        return web.json_response(model_view(found))

    async def generate(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        body = await read_json(request, self._service.settings().apps.body_kb)
        queued = await self._queued(request, read_generation(body), caller, Form.TEXT)
        return await self._answer(request, queued, caller)

    async def edit(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        # Nothing here holds the body while the run is waited for: pictures in it may be large.
        queued = await self._queued(request, read_edit(await self._edit_body(request, caller)), caller, Form.IMAGE)
        return await self._answer(request, queued, caller)

    async def unknown(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        raise UnknownAddress(
            f"There is no {request.path[:200]}; this API has /models, /images/generations and /images/edits."
        )

    async def _queued(self, request: web.Request, asked: Asked, caller: Caller, form: Form) -> _Queued:
        origin = _origin(request) if asked.as_url else ""
        door = await self._door(asked, caller, form if asked.mask is None else Form.MASK)
        _check(asked)
        mask = None if asked.mask is None else await self._call(self._masks.turned(caller.owner, asked.mask))
        given = submission(door, asked, mask, parse_idempotency_key(request.headers))
        try:
            run = await self._waiting.submitted(door.app.slug, given, caller)
        except InvalidInput as error:
            raise in_its_words(error, door) from None
        return _Queued(without_pictures(asked), door, run, given.idempotency_key is None, origin)

    async def _answer(self, request: web.Request, queued: _Queued, caller: Caller) -> web.StreamResponse:
        asked, door, run, stop, origin = queued
        try:
            if asked.stream:
                return await self._streaming.send(request, run, asked, caller, stop)
            run = await self._waiting.end_of(request, run, caller, stop)
        except CallerLeft:
            return web.Response(status=LEFT)
        created = (run.completed_ms or run.created_ms) // 1000
        if asked.as_url:
            places = [place for place, _ in shown_pictures(run)]
            body = addresses_body(created, [f"{origin}{run_url(run.id)}/outputs/{place}" for place in places])
        else:
            pictures = await self._waiting.pictures(run, caller)
            body = await self._bench.do(_encoded_body, asked, created, pictures, manners(door, asked))
        return web.Response(body=body, content_type="application/json", headers={"x-request-id": run.id})

    async def _door(self, asked: Asked, caller: Caller, form: Form) -> Door:
        doors = self._service.doors
        if asked.model:
            return await self._call(doors.resolve(asked.model, caller, form))
        models = await self._call(doors.list(caller))
        if len(models) != 1:
            refuse("model", "missing", f"model is missing; GET {PREFIX}/models lists what there is.")
        return await self._call(doors.resolve(models[0].id, caller, form))

    async def _edit_body(self, request: web.Request, caller: Caller) -> object:
        limits = self._service.settings().apps
        if request.content_type != "multipart/form-data":
            return await read_json(request, limits.body_kb + limits.file_mb * 1400)  # data URLs are base64
        if caller.guest:  # before anything is kept for them
            await self._call(self._service.library.check_guest(caller))
        fields, files = await self._receiver.loose(request, FILES, caller.owner, limits.body_kb, MOST_SOURCES + 1)
        body = form_fields(fields)
        images = [kept.url for name, kept in files if name != "mask"]
        masks = [kept.url for name, kept in files if name == "mask"]
        return {**body, "images": images or body.get("image"), "mask": masks[0] if masks else None}


def _check(asked: Asked) -> None:
    """Raises InvalidInput."""
    if asked.as_url and (asked.format is not None or asked.compression is not None):
        refuse(
            "response_format", "not_possible",
            "An address gives the file as the app saved it; leave output_format and output_compression out, or ask for"
            " b64_json.",
        )  # fmt: skip


def _encoded_body(asked: Asked, created: int, pictures: list[Picture], said: Mapping[Role, str]) -> bytes:
    """Blocking."""
    made = [encoded(one.content, one.item.content_type, asked.format, asked.compression) for one in pictures]
    return pictures_body(created, made, {str(role): value for role, value in said.items() if value != "auto"})


def _origin(request: web.Request) -> str:
    """The address that the caller used. Raises BadRequest."""
    try:
        return str(request.url.origin())
    except ValueError:
        raise BadRequest("The header Host is no host's name.") from None
