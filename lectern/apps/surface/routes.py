"""The HTTP surface under /lectern/v1: each handler reads a request, calls the service and words the answer.

ComfyUI mirrors every route below /api by itself.
"""

import re
from collections.abc import Coroutine
from typing import Any, TypeVar
from urllib.parse import quote

from aiohttp import web

from ...envelope import Call
from ..callers import Caller, Scope
from ..errors import NotReady, OutputUnavailable, RunNotFound
from ..outputs import INLINE_TYPES
from ..runs import OutputItem
from ..service import AppService, Seen
from ..streams import OutputStream
from .answers import begin, read_json
from .endpoints import Endpoint, Guard, OpenGuard, Table, mount
from .submission import parse_listing, parse_submission, parse_wait
from .views import PREFIX, run_url

T = TypeVar("T")

EVERYBODY = OpenGuard()

UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def here(coroutine: Coroutine[Any, Any, T], /) -> T:
    """For a service that lives on the same loop as the server."""
    return await coroutine


def add_routes(routes: web.RouteTableDef, service: AppService, call: Call = here, guard: Guard = EVERYBODY) -> None:
    """Adds every address of the surface."""
    handlers = AppRoutes(service, call)
    table: Table = {
        "/apps": {"GET": Endpoint(handlers.list_apps, Scope.GUEST)},
        "/apps/{slug}": {"GET": Endpoint(handlers.get_app, Scope.GUEST)},
        "/apps/{slug}/runs": {"POST": Endpoint(handlers.submit, Scope.GUEST)},
        "/runs": {"GET": Endpoint(handlers.list_runs, Scope.RUN)},
        "/runs/{id}": {"GET": Endpoint(handlers.get_run, Scope.GUEST)},
        "/runs/{id}/cancel": {"POST": Endpoint(handlers.cancel, Scope.GUEST)},
        "/runs/{id}/outputs/{k}": {"GET": Endpoint(handlers.get_output, Scope.GUEST)},
    }
    mount(routes, PREFIX, table, guard)


class AppRoutes:
    """The handlers."""

    def __init__(self, service: AppService, call: Call) -> None:
        self._service = service
        self._call = call

    async def list_apps(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        return web.json_response({"apps": await self._call(self._service.apps())})

    async def get_app(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        return web.json_response(await self._call(self._service.app(request.match_info["slug"])))

    async def submit(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        """201 queued; with `Prefer: wait` 200 once the run has ended, 202 when it still goes on."""
        limits = self._service.settings().apps
        wait = parse_wait(request.headers.getall("Prefer", []), limits.wait_seconds)
        asked = parse_submission(await read_json(request, limits.body_kb))
        seen = await self._call(self._service.submit(request.match_info["slug"], asked))
        if wait is None:
            return _located(seen, 201)
        seen = await self._call(self._service.wait(seen.run.id, wait))
        response = _located(seen, 200 if seen.run.finished else 202)
        response.headers["Preference-Applied"] = f"wait={wait}"
        return response

    async def list_runs(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        listing = parse_listing(request.query)
        return web.json_response({"runs": await self._call(self._service.runs(listing))})

    async def get_run(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        return web.json_response((await self._call(self._service.run(_run_id(request)))).view)

    async def cancel(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        return web.json_response((await self._call(self._service.cancel(_run_id(request)))).view)

    async def get_output(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        stream = await self._call(self._service.output(_run_id(request), _place(request)))
        try:
            return await self._stream(request, stream)
        finally:
            await self._call(stream.close())

    async def _stream(self, request: web.Request, stream: OutputStream) -> web.StreamResponse:
        piece = await self._call(stream.read())  # before the status leaves, so that a failure can still be told
        response = web.StreamResponse(headers=_file_headers(stream.item))
        response.content_length = stream.size
        await begin(request, response)
        try:
            while piece and request.method != "HEAD":
                await response.write(piece)
                piece = await self._call(stream.read())
            await response.write_eof()
        except NotReady:
            # The status is out: only a broken connection can still say that bytes are missing.
            if request.transport is not None:
                request.transport.abort()
        return response


def _located(seen: Seen, status: int) -> web.Response:
    return web.json_response(seen.view, status=status, headers={"Location": run_url(seen.run.id)})


def _run_id(request: web.Request) -> str:
    run_id = request.match_info["id"]
    if not UUID.fullmatch(run_id):
        raise RunNotFound("There is no run with this id.")
    return run_id


def _place(request: web.Request) -> int:
    place = request.match_info["k"]
    if not re.fullmatch("[0-9]{1,6}", place):
        raise OutputUnavailable("Outputs are numbered from 0.")
    return int(place)


def _file_headers(item: OutputItem) -> dict[str, str]:
    """Only pictures are shown in place: anything else could carry a script into ComfyUI's origin."""
    disposition = "inline" if item.content_type in INLINE_TYPES else "attachment"
    plain = re.sub(r"[^ !#-\[\]-~]", "_", item.name)  # printable ASCII without quote and backslash
    return {
        "Content-Type": item.content_type,
        "Content-Disposition": f"{disposition}; filename=\"{plain}\"; filename*=UTF-8''{quote(item.name, safe='')}",
        "X-Content-Type-Options": "nosniff",
    }
