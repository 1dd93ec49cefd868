"""The stand-in: apps, runs, files and sessions over HTTP as the surface says, with the real pages in front."""

import asyncio
import hashlib
import json
import re
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Self

from aiohttp import web

from lectern.apps.pages import add_pages

from .acts import REFUSED, STEP, outputs, picture, played
from .samples import sample_apps

V1 = "/lectern/v1"
KEY = "lct_letmein"
ENDED = ("succeeded", "failed", "canceled")


def failed(status: int, code: str, message: str, details: Any = None, **headers: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message, "details": details}}, status=status,
                             headers=headers)  # fmt: skip


class StandIn:
    """A test sets `access`, `holding` and `down`; everything else is over HTTP."""

    def __init__(self) -> None:
        self.apps = sample_apps()
        self.runs: dict[str, dict[str, Any]] = {}
        self.events: dict[str, list[tuple[str, dict[str, Any]]]] = {}
        self.files: dict[str, tuple[bytes, str]] = {}
        self.submitted: list[dict[str, Any]] = []
        self.access = "loopback"
        self.refuse_machine = False
        self.holding: set[str] = set()
        self.pace = STEP
        self.streams = 0
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._port = 0

    async def start(self) -> Self:
        self._runner = web.AppRunner(self._application(), shutdown_timeout=0.1)
        await self._runner.setup()
        await self._listen()
        return self

    async def stop(self) -> None:
        for task in self._tasks:
            if task.done():
                task.result()  # a mistake in a script is a mistake of the test
            task.cancel()
        await self._runner.cleanup()

    async def go_down(self) -> None:
        """As a server that is killed: no port, connections broken; its runs stay where they are."""
        await self._runner.cleanup()

    async def come_back(self) -> None:
        self._runner = web.AppRunner(self._application(), shutdown_timeout=0.1)
        await self._runner.setup()
        await self._listen()

    async def until(self, true: Callable[[Any], object], timeout: float) -> None:
        async with asyncio.timeout(timeout):
            while not true(self):
                await self._next_change()

    async def hold(self, *places: str) -> None:
        self.holding = set(places)
        self._change()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def _listen(self) -> None:
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=64 * 2**20)
        application.add_routes(self._routes())
        behind_a_proxy = web.Application()
        behind_a_proxy.add_routes(self._routes())
        application.add_subapp("/studio", behind_a_proxy)
        return application

    def _routes(self) -> web.RouteTableDef:
        routes = web.RouteTableDef()
        add_pages(routes)
        routes.get(f"{V1}/session")(self._session)
        routes.post(f"{V1}/session")(self._sign_in)
        routes.delete(f"{V1}/session")(self._sign_out)
        for method, path, handler in (
            ("GET", "/apps", self._list_apps), ("GET", "/apps/{slug}", self._get_app),
            ("GET", "/apps/{slug}/picture", self._picture), ("POST", "/apps/{slug}/runs", self._submit),
            ("GET", "/runs", self._list_runs), ("GET", "/runs/{id}", self._get_run),
            ("POST", "/runs/{id}/cancel", self._cancel), ("GET", "/runs/{id}/events", self._stream),
            ("GET", "/runs/{id}/outputs/{k}", self._output), ("GET", "/runs/{id}/outputs.zip", self._zip),
            ("DELETE", "/runs/{id}", self._delete), ("POST", "/files", self._upload),
            ("GET", "/files/{id}", self._file), ("GET", "/openapi.json", self._openapi),
        ):  # fmt: skip
            routes.route(method, V1 + path)(self._guarded(handler))
        return routes

    def _guarded(self, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]):
        async def guard(request: web.Request) -> web.StreamResponse:
            if self.refuse_machine:
                return failed(403, "not_this_machine", "These apps are open to the machine that ComfyUI runs on alone.")
            listing = request.path.endswith("/apps")
            if self.access == "keys" and not listing and not self._signed_in(request):
                return failed(401, "unauthorized", "A key is needed.", **{"WWW-Authenticate": "Bearer"})
            return await handler(request)

        return guard

    def _signed_in(self, request: web.Request) -> bool:
        return request.cookies.get("session") == "yes"

    async def _session(self, request: web.Request) -> web.Response:
        signed_in = self._signed_in(request)
        return web.json_response({"access": self.access, "signed_in": signed_in, "name": "Ada" if signed_in else None,
                                  "scopes": ["run"]})  # fmt: skip

    async def _sign_in(self, request: web.Request) -> web.Response:
        if (await request.json()).get("key") != KEY:
            return failed(401, "unauthorized", "This key is not known.")
        response = web.json_response({"access": self.access, "signed_in": True, "name": "Ada", "scopes": ["run"]})
        response.set_cookie("session", "yes", httponly=True, samesite="Strict")
        return response

    async def _sign_out(self, request: web.Request) -> web.Response:
        response = web.Response(status=204)
        response.del_cookie("session")
        return response

    async def _list_apps(self, request: web.Request) -> web.Response:
        """Without a key, the public ones alone."""
        hidden = self.access == "keys" and not self._signed_in(request)
        apps = [app for app in self.apps.values() if app["options"]["public"] or not hidden]
        return web.json_response({"apps": sorted(apps, key=lambda app: app["slug"])})

    async def _get_app(self, request: web.Request) -> web.Response:
        app = self.apps.get(request.match_info["slug"])
        if app is None:
            return failed(404, "app_not_found", "There is no app with this name.")
        version = int(request.query.get("version", app["version"]))
        return web.json_response(app | {"version": version})

    async def _picture(self, request: web.Request) -> web.Response:
        seed = int(hashlib.sha256(request.match_info["slug"].encode()).hexdigest()[:4], 16)
        return web.Response(body=picture(seed, (800, 600)), content_type="image/png")

    async def _submit(self, request: web.Request) -> web.Response:
        slug, body = request.match_info["slug"], await request.json()
        self.submitted.append(body)
        if slug == "strict":
            return failed(422, "invalid_input", " ".join(one["message"] for one in REFUSED), REFUSED)
        run = self._new_run(slug, body)
        task = asyncio.create_task(self._play(run))
        self._tasks.add(task)
        return web.json_response(run, status=201, headers={"Location": run["urls"]["get"]})

    def _new_run(self, slug: str, body: dict[str, Any]) -> dict[str, Any]:
        run_id, app = str(uuid.uuid4()), self.apps[slug]
        given = {name: one["default"] for name, one in app["inputs"]["properties"].items() if "default" in one}
        given |= body["input"]
        if given.get("seed") == "random":
            given["seed"] = 7_000_000_000_000_000_001 + len(self.runs)
        url = f"{V1}/runs/{run_id}"
        run = {
            "id": run_id, "app": slug, "version": app["version"], "status": "queued", "input": given,
            "n": body.get("n", 1), "output": {}, "outputs": [], "error": None, "progress": None, "queue_position": 1,
            "logs": "", "metadata": {}, "metrics": {"queue_ms": None, "execution_ms": None, "cached_nodes": 0},
            "created_at": _now(), "started_at": None, "completed_at": None, "expires_at": None,
            "urls": {"get": url, "cancel": f"{url}/cancel", "events": f"{url}/events", "zip": f"{url}/outputs.zip"},
        }  # fmt: skip
        self.runs[run_id], self.events[run_id] = run, []
        return run

    async def _play(self, run: dict[str, Any]) -> None:
        async for kind, data in played(run["app"], self._wait_at):
            if run["status"] in ENDED:
                return
            if kind == "failed":
                run |= {"error": data}
                return self._end(run, "failed")
            if kind == "status":
                run |= data | {"started_at": _now()}
            if kind == "progress":
                run["progress"] = data
            if kind != "done":
                self._tell(run, kind, data)
        self._deliver(run)
        self._end(run, "succeeded")

    async def _wait_at(self, place: str) -> None:
        await asyncio.sleep(self.pace)
        while place in self.holding:
            await self._next_change()

    def _deliver(self, run: dict[str, Any]) -> None:
        for place, item in enumerate(outputs(run["app"], int(run["input"].get("seed", 1)), run["n"])):
            item["url"] = f"{V1}/runs/{run['id']}/outputs/{place}"
            run["outputs"].append(item)
            run["output"].setdefault(item["output"], []).append({k: v for k, v in item.items() if k != "output"})
            self._tell(run, "output", item)

    def _end(self, run: dict[str, Any], status: str) -> None:
        run |= {"status": status, "completed_at": _now(), "progress": None, "queue_position": None}
        run["metrics"]["execution_ms"] = 4210
        self._tell(run, "completed", run)

    def _tell(self, run: dict[str, Any], kind: str, data: dict[str, Any]) -> None:
        self.events[run["id"]].append((kind, json.loads(json.dumps(data))))
        self._change()

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        run = self.runs.get(request.match_info["id"])
        if run is None:
            return failed(404, "run_not_found", "There is no run with this id.")
        self.streams += 1
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        seen, last = request.headers.get("Last-Event-ID"), self.events[run["id"]]
        place = int(seen) if seen else 0
        if not seen:
            await _write(response, 0, "status", {"status": run["status"], "queue_position": run["queue_position"]})
        while True:
            for kind, data in last[place:]:
                place += 1
                await _write(response, place, kind, data)
                if kind == "completed":
                    return response
            await self._next_change()

    async def _list_runs(self, request: web.Request) -> web.Response:
        found = [run for run in self.runs.values() if run["app"] == request.query.get("app", run["app"])]
        return web.json_response({"runs": found[::-1], "next": None})

    async def _get_run(self, request: web.Request) -> web.Response:
        run = self.runs.get(request.match_info["id"])
        return web.json_response(run) if run else failed(404, "run_not_found", "There is no run with this id.")

    async def _cancel(self, request: web.Request) -> web.Response:
        run = self.runs[request.match_info["id"]]
        if run["status"] not in ENDED:
            self._end(run, "canceled")  # a caller's own doing: no error
        return web.json_response(run)

    async def _delete(self, request: web.Request) -> web.Response:
        self.runs.pop(request.match_info["id"], None)
        return web.Response(status=204)

    async def _output(self, request: web.Request) -> web.Response:
        run = self.runs[request.match_info["id"]]
        place = int(request.match_info["k"])
        item = run["outputs"][place]
        body = item.get("text", "").encode() or b"PK"
        if item["content_type"].startswith("image/"):
            body = picture(int(run["input"].get("seed", 0)) % 97 + 3 * place, (1280, 720))
        kind = "attachment" if "download" in request.query else "inline"
        return web.Response(body=body, headers={"Content-Type": item["content_type"],
                            "Content-Disposition": f'{kind}; filename="{item["name"]}"'})  # fmt: skip

    async def _zip(self, request: web.Request) -> web.Response:
        return web.Response(body=b"PK", headers={"Content-Type": "application/zip",
                            "Content-Disposition": 'attachment; filename="run.zip"'})  # fmt: skip

    async def _upload(self, request: web.Request) -> web.Response:
        part = await (await request.multipart()).next()
        content, name = bytes(await part.read()), part.filename
        kind = part.headers.get("Content-Type", "application/octet-stream")
        file_id = hashlib.sha256(content).hexdigest()[:32]
        self.files[file_id] = (content, kind)
        return web.json_response({"id": file_id, "url": f"{V1}/files/{file_id}", "name": name, "content_type": kind,
                                  "size_bytes": len(content), "expires_at": _now()}, status=201)  # fmt: skip

    async def _file(self, request: web.Request) -> web.Response:
        content, kind = self.files[request.match_info["id"]]
        return web.Response(body=content, content_type=re.sub(";.*", "", kind))

    async def _openapi(self, request: web.Request) -> web.Response:
        schema = {"content": {"application/json": {"schema": self.apps["poster"]["inputs"]}}}
        operation = {"operationId": "runPoster", "summary": "Run Poster from a sentence", "tags": ["Poster"],
                     "description": "Makes a **picture** from a sentence.",
                     "requestBody": schema, "responses": {"201": {"description": "Queued"}}}  # fmt: skip
        return web.json_response({"openapi": "3.1.0", "info": {"title": "Lectern apps", "version": "1"},
                                  "paths": {f"{V1}/apps/poster/runs": {"post": operation}}})  # fmt: skip

    def _change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _next_change(self) -> None:
        await self._changed.wait()


async def _write(response: web.StreamResponse, place: int, kind: str, data: dict[str, Any]) -> None:
    await response.write(f"id: {place}\nevent: {kind}\ndata: {json.dumps(data)}\n\n".encode())


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
