"""The handlers of runs: submit, list, read, wait, listen, cancel, delete, and the bytes of outputs."""

import asyncio
import json
import re

from aiohttp import web

from ...envelope import Call
from ...settings import Apps
from ..callers import Caller, Scope
from ..errors import OutputUnavailable, RunNotFound, TooManyStreams
from ..running.engine import Seen
from ..service import AppService
from ..store.listed import Listed
from ..streams import OutputStream
from .answers import LARGE, check_json, read_body
from .endpoints import Endpoint, Table
from .forms import form_body, form_names
from .receiving import Receiver
from .sending import part_of, send_archive, send_events, send_file, zipped
from .submission import (
    Submission,
    cursor,
    parse_cancel_after,
    parse_idempotency_key,
    parse_json,
    parse_listing,
    parse_submission,
    parse_wait,
    request_digest,
)
from .views import run_url

UUID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class RunHandlers:
    def __init__(self, service: AppService, call: Call) -> None:
        self._service = service
        self._runs = service.runs
        self._call = call
        self._receiver = Receiver(service.files, call)

    def table(self) -> Table:
        return {
            "/apps/{slug}/runs": {"POST": Endpoint(self.submit, Scope.GUEST)},
            "/runs": {"GET": Endpoint(self.list, Scope.RUN)},
            "/runs/{id}": {"GET": Endpoint(self.get, Scope.GUEST), "DELETE": Endpoint(self.delete, Scope.GUEST)},
            "/runs/{id}/cancel": {"POST": Endpoint(self.cancel, Scope.GUEST)},
            "/runs/{id}/events": {"GET": Endpoint(self.events, Scope.GUEST)},
            "/runs/{id}/outputs.zip": {"GET": Endpoint(self.archive, Scope.GUEST)},
            "/runs/{id}/outputs/{k}": {"GET": Endpoint(self.output, Scope.GUEST)},
        }

    async def submit(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        """201 queued; with `Prefer: wait` 200 once the run has ended, 202 when it still goes on."""
        limits = self._service.settings().apps
        wait = parse_wait(request.headers.getall("Prefer", []), limits.wait_seconds)
        asked = await self._read(request, caller, limits)
        slug = request.match_info["slug"]
        streamed = "text/event-stream" in request.headers.get("Accept", "")
        seen = await self._call(self._service.submit(slug, asked, caller, None if streamed else wait))
        del asked  # its pictures may be large, and an event stream is long
        if streamed:
            try:
                listening = await self._call(self._runs.listen(seen.run.id, "", caller))
            except TooManyStreams:  # the run is queued all the same: an error would have it submitted again
                return _located(seen, 201)
            return await send_events(request, listening, {"Location": run_url(seen.run.id)})
        if wait is None:
            return _located(seen, 201)
        response = _located(seen, 200 if seen.run.finished else 202)
        response.headers["Preference-Applied"] = f"wait={wait}"
        return response

    async def list(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        listing = parse_listing(request.query)
        listed = Listed(listing.limit + 1, listing.app, listing.statuses, None, listing.before)
        found = await self._call(self._runs.list(listed, caller))
        shown = found[: listing.limit]
        more = cursor(shown[-1].run.sequence) if len(found) > len(shown) else None
        return web.json_response({"runs": [seen.view for seen in shown], "next": more})

    async def get(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        return web.json_response((await self._call(self._runs.run(_run_id(request), caller))).view)

    async def cancel(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        return web.json_response((await self._call(self._runs.cancel(_run_id(request), caller))).view)

    async def delete(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        await self._call(self._runs.delete(_run_id(request), caller))
        return web.Response(status=204)

    async def events(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        last = request.headers.get("Last-Event-ID") or request.query.get("last_event_id", "")
        return await send_events(request, await self._call(self._runs.listen(_run_id(request), last, caller)))

    async def output(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        stream = await self._open(_run_id(request), _place(request), caller, request)
        try:
            return await send_file(request, stream, self._call)
        finally:
            await self._call(stream.close())

    async def archive(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        run_id = _run_id(request)
        items = await self._call(self._runs.outputs(run_id, caller))
        if not items:
            raise OutputUnavailable("The run has no outputs.")
        pieces = zipped(items, lambda place: self._open(run_id, place, caller), self._call)
        return await send_archive(request, f"lectern-{run_id[:8]}.zip", pieces)

    async def _open(self, run_id: str, place: int, caller: Caller, request: web.Request | None = None) -> OutputStream:
        part = {} if request is None else {"part": part_of(request)}
        return await self._call(self._runs.output(run_id, place, caller, **part))

    async def _read(self, request: web.Request, caller: Caller, limits: Apps) -> Submission:
        """From JSON, or from a form whose files are kept by then."""
        slug = request.match_info["slug"]
        cancel_after, key = parse_cancel_after(request.headers), parse_idempotency_key(request.headers)
        if request.content_type == "multipart/form-data":
            app, contract, _ = await self._call(self._service.describe(slug, None, caller, stale=True))
            names, most = form_names(contract), app.options.max_mb
            form = await self._receiver.form(request, names, caller.owner, limits.body_kb, most)
            body: object = form_body(form, contract)
            content = json.dumps(body, sort_keys=True).encode()
        else:
            check_json(request)
            content = await read_body(request, await self._room(request, caller, limits))
            # A picture as a data URL may be large, and this is the loop that serves everybody.
            body = await asyncio.to_thread(parse_json, content) if len(content) > LARGE else parse_json(content)
        asked = parse_submission(body)
        digest = request_digest(slug, content)
        return asked._replace(cancel_after=cancel_after, idempotency_key=key, digest=digest)

    async def _room(self, request: web.Request, caller: Caller, limits: Apps) -> int:
        """The largest JSON body, in kilobytes; with room for data URLs where the app takes files."""
        if (request.content_length or 0) <= limits.body_kb * 1024:
            return limits.body_kb
        described = await self._call(self._service.describe(request.match_info["slug"], None, caller, stale=True))
        files = sum(item.media is not None for item in described.contract.inputs)
        file_mb = min(limits.file_mb, described.app.options.max_mb or limits.file_mb)
        return limits.body_kb + min(files, 4) * file_mb * 1400


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
