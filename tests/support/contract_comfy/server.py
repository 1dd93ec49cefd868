"""The routes of ComfyUI that Lectern uses."""

import asyncio
import itertools
from collections.abc import Mapping
from typing import Any, Self

from aiohttp import web

from unit.apps.samples import OBJECT_INFO

from .executions import ExecutionLog
from .machine import Job, Machine
from .shapes import as_file, queue_listing

VERSION = "0.30.0"
MAX_BODY = 100 * 2**20  # bytes; ComfyUI's own default
# How long a prompt takes is up to its caller, too.
WORK = {"input": {"required": {"image": ["IMAGE"], "ms": ["INT", {"default": 0, "max": 10**9}]}}, "output_node": False}
FILE = ["COMBO", {"options": [], "image_upload": True}]
CLASSES = {**OBJECT_INFO, "Work": WORK, "LoadImage": {"input": {"required": {"image": FILE}}, "output_node": False}}
GIB = 2**30
STATS: dict[str, Any] = {
    "system": {"os": "linux", "ram_total": 16 * GIB, "ram_free": 12 * GIB, "comfyui_version": VERSION, "argv": []},
    "devices": [
        {"name": "contract", "type": "cuda", "index": 0, "vram_total": 8 * GIB, "vram_free": 6 * GIB}
        | {"torch_vram_total": 0, "torch_vram_free": 0}
    ],
}


class ContractComfy:
    """`await ContractComfy(0.2, log).start(port)`."""

    def __init__(self, seconds: float, log: ExecutionLog | None = None, lacking: frozenset[str] = frozenset()) -> None:
        self._machine = Machine(seconds, self._tell, log)
        self._classes = {name: info for name, info in CLASSES.items() if name not in lacking}
        self._sockets: dict[str, web.WebSocketResponse] = {}
        self._numbers = itertools.count()
        self._runner: web.AppRunner | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, port: int) -> Self:
        app = web.Application(client_max_size=MAX_BODY)
        app.add_routes(
            [
                web.get("/ws", self._ws),
                web.post("/prompt", self._prompt),
                web.get("/history/{id}", self._history),
                web.get("/queue", self._queue),
                web.get("/view", self._view),
                web.get("/object_info", self._object_info),
                web.get("/object_info/{name}", self._object_info),
                web.get("/api/userdata", self._saved),
                web.get("/system_stats", self._stats),
                web.post("/upload/image", self._upload),
                web.post("/interrupt", self._interrupt),
                web.post("/api/jobs/{id}/cancel", self._cancel),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port, reuse_address=True).start()
        self._task = asyncio.create_task(self._machine.work())
        return self

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
        for socket in list(self._sockets.values()):
            await socket.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _tell(self, client: str, kind: str, data: Mapping[str, Any]) -> None:
        socket = self._sockets.get(client)
        if socket is not None and not socket.closed:
            try:
                await socket.send_json({"type": kind, "data": data})
            except ConnectionError:  # it was killed
                self._sockets.pop(client, None)

    async def _ws(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        client = request.query.get("clientId", "")
        self._sockets[client] = socket
        await self._tell(client, "status", {"status": {"exec_info": {"queue_remaining": 0}}, "sid": client})
        async for _ in socket:
            pass
        if self._sockets.get(client) is socket:
            del self._sockets[client]
        return socket

    async def _prompt(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        error = self._refuses(body["prompt"])
        if error is not None:
            return web.json_response({"error": {**error, "extra_info": {}}, "node_errors": {}}, status=400)
        self._machine.put(Job(body["prompt_id"], body["prompt"], body.get("client_id", "")))
        answer = {"prompt_id": body["prompt_id"], "number": next(self._numbers), "node_errors": {}}
        return web.json_response(answer)

    def _refuses(self, graph: Mapping[str, Any]) -> dict[str, Any] | None:
        unknown = {id: node for id, node in graph.items() if node["class_type"] not in self._classes}
        for node_id, node in unknown.items():
            said = f"Node '{node['class_type']}' not found. The custom node may not be installed."
            return {"type": "missing_node_type", "message": said, "details": f"Node ID '#{node_id}'"}
        if not any(self._classes[node["class_type"]].get("output_node") for node in graph.values()):
            return {"type": "prompt_no_outputs", "message": "Prompt has no outputs", "details": ""}
        return None

    async def _history(self, request: web.Request) -> web.StreamResponse:
        prompt_id = request.match_info["id"]
        entry = self._machine.history.get(prompt_id)
        return web.json_response({} if entry is None else {prompt_id: entry})

    async def _queue(self, request: web.Request) -> web.StreamResponse:
        now = self._machine.running
        running = {} if now is None else {now.prompt_id: now.graph}
        return web.json_response(queue_listing(running, {id: job.graph for id, job in self._machine.pending.items()}))

    async def _view(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        where = (query.get("type", "output"), query.get("subfolder", ""), query["filename"])
        content = self._machine.files.get(where)
        return web.Response(status=404) if content is None else as_file(request, content)

    async def _object_info(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info.get("name")
        if name is None:
            return web.json_response(self._classes)
        return web.json_response({name: self._classes[name]} if name in self._classes else {})

    async def _saved(self, request: web.Request) -> web.StreamResponse:
        return web.json_response([])

    async def _stats(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(STATS)

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        image, folder, subfolder = form["image"], str(form.get("type", "input")), str(form.get("subfolder", ""))
        assert isinstance(image, web.FileField)
        self._machine.files[folder, subfolder, image.filename] = image.file.read()
        return web.json_response({"name": image.filename, "subfolder": subfolder, "type": folder})

    async def _interrupt(self, request: web.Request) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else {}
        self._machine.interrupt(body.get("prompt_id"))
        return web.Response()

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"cancelled": self._machine.cancel(request.match_info["id"])})
