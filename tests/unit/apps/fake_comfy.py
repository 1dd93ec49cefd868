"""ComfyUI's side of the API, in this process: shapes as ComfyUI 0.30 answers them, timing as a test wants it.

What a prompt does is a script: a coroutine that gets the fake and the prompt's id. `accept` is what POST /prompt does.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import WSCloseCode, web
from aiohttp.test_utils import TestServer

from support.contract_comfy.shapes import as_file, history_entry, queue_listing, saved_names
from unit.apps.samples import OBJECT_INFO

Script = Callable[["FakeComfy", str], Awaitable[None]]


class FakeComfy:
    def __init__(self) -> None:
        self.script: Script = complete
        self.prompt_answer: tuple[int, Any] | None = None
        self.node_errors: dict[str, Any] = {}
        self.submitted: asyncio.Queue[str] = asyncio.Queue()
        self.cancels: asyncio.Queue[str] = asyncio.Queue()
        self.pending: dict[str, Any] = {}
        self.running: dict[str, Any] = {}
        self.history: dict[str, Any] = {}
        self.sockets: dict[str, web.WebSocketResponse] = {}
        self.clients: dict[str, str] = {}  # of each prompt
        self.files: dict[tuple[str, str, str], bytes] = {}
        self.object_info = dict(OBJECT_INFO)
        self.websockets = True
        self.vram_free = 2**36  # bytes
        self.saved: dict[str, bytes] = {}  # below the user's workflows folder
        self.modified = 1
        self.uploads: list[str] = []
        self.max_upload = 2**20  # bytes; ComfyUI's --max-upload-size
        self._tasks: list[asyncio.Task[None]] = []
        self._server: TestServer | None = None

    async def start(self, port: int = 0) -> None:
        app = web.Application(client_max_size=self.max_upload)
        app.add_routes(
            [
                web.get("/ws", self._ws),
                web.post("/prompt", self._prompt),
                web.get("/history/{id}", self._history),
                web.get("/queue", self._queue),
                web.get("/view", self._view),
                web.get("/object_info", self._all_object_info),
                web.get("/system_stats", self._system_stats),
                web.post("/upload/image", self._upload),
                web.get("/object_info/{name}", self._object_info),
                web.get("/api/userdata", self._saved_list),
                web.get("/api/userdata/{path}", self._saved_file),
                web.post("/api/jobs/{id}/cancel", self._cancel),
            ]
        )
        self._server = TestServer(app, port=port)
        await self._server.start_server()
        self.port = self._server.port

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self.drop_sockets()
        if self._server is not None:
            await self._server.close()

    async def restart(self) -> None:
        """As a new process on the same address: queue and history are forgotten, files stay."""
        await self.stop()
        self.pending, self.running, self.history = {}, {}, {}
        await self.start(self.port or 0)

    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def drop_sockets(self) -> None:
        for socket in list(self.sockets.values()):
            await socket.close(code=WSCloseCode.GOING_AWAY)

    async def send(self, event: str, prompt_id: str, **data: Any) -> None:
        socket = self.sockets.get(self.clients.get(prompt_id, ""))
        if socket is not None and not socket.closed:
            await socket.send_json({"type": event, "data": {"prompt_id": prompt_id, **data}})

    async def preview(self, prompt_id: str, node_id: str, picture: bytes) -> None:
        """As binary message 4 of ComfyUI's protocol."""
        facts = json.dumps({"prompt_id": prompt_id, "node_id": node_id, "display_node_id": node_id}).encode()
        message = (4).to_bytes(4, "big") + len(facts).to_bytes(4, "big") + facts + picture
        await self.sockets[self.clients[prompt_id]].send_bytes(message)

    async def end(self, prompt_id: str, event: str = "execution_success", tell: bool = True, **data: Any) -> None:
        """Moves the prompt into the history, then tells, in ComfyUI's order."""
        graph = self.running.pop(prompt_id)
        ok = event == "execution_success"
        outputs = save_pictures(self, graph) if ok else {}
        messages = [
            ("execution_start", {"prompt_id": prompt_id, "timestamp": 1000}),
            ("execution_cached", {"nodes": ["1"], "prompt_id": prompt_id, "timestamp": 1001}),
            (event, {"prompt_id": prompt_id, "timestamp": 1250, **data}),
        ]
        if tell:
            await self.send(event, prompt_id, **data)
        self.history[prompt_id] = history_entry(prompt_id, graph, outputs, messages, ok)
        if tell:
            await self.send("executing", prompt_id, node=None)

    async def _ws(self, request: web.Request) -> web.StreamResponse:
        if not self.websockets:
            return web.Response(status=403)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        client_id = request.query["clientId"]
        self.sockets[client_id] = socket
        await socket.send_json(
            {"type": "status", "data": {"status": {"exec_info": {"queue_remaining": 0}}, "sid": "x"}}
        )
        await socket.send_bytes(b"\0\0\0\1preview")
        await socket.send_str("not json")
        async for _ in socket:
            pass
        self.sockets.pop(client_id, None)
        return socket

    async def _prompt(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        prompt_id = body["prompt_id"]
        if self.prompt_answer is not None:
            status, answer = self.prompt_answer
            return web.json_response(answer, status=status)
        self.running[prompt_id] = body["prompt"]
        self.clients[prompt_id] = body["client_id"]
        self.submitted.put_nowait(prompt_id)
        self._tasks.append(asyncio.create_task(self.script(self, prompt_id)))  # type: ignore[arg-type]
        return web.json_response({"prompt_id": prompt_id, "number": 1, "node_errors": self.node_errors})

    async def _history(self, request: web.Request) -> web.StreamResponse:
        prompt_id = request.match_info["id"]
        return web.json_response({prompt_id: self.history[prompt_id]} if prompt_id in self.history else {})

    async def _queue(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(queue_listing(self.running, self.pending))

    async def _view(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        content = self.files.get((query["type"], query["subfolder"], query["filename"]))
        if content is None:
            return web.Response(status=404)
        return as_file(request, content)

    async def _all_object_info(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self.object_info)

    async def _system_stats(self, request: web.Request) -> web.StreamResponse:
        system = {"comfyui_version": "0.30.0", "ram_total": 64 * 2**30, "ram_free": 32 * 2**30}
        device = {"name": "cuda:0 H200", "type": "cuda", "index": 0, "vram_total": 2**37, "vram_free": self.vram_free}
        return web.json_response({"system": system, "devices": [device]})

    async def _saved_list(self, request: web.Request) -> web.StreamResponse:
        files = self.saved.items()
        return web.json_response([{"path": p, "size": len(c), "modified": self.modified} for p, c in files])

    async def _saved_file(self, request: web.Request) -> web.StreamResponse:
        content = self.saved.get(request.match_info["path"].removeprefix("workflows/"))
        return web.Response(status=404) if content is None else web.Response(body=content)

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        image = form["image"]
        assert isinstance(image, web.FileField) and form["overwrite"] == "true"
        self.files[str(form["type"]), str(form["subfolder"]), image.filename] = image.file.read()
        self.uploads.append(image.filename)
        return web.json_response({"name": image.filename, "subfolder": form["subfolder"], "type": form["type"]})

    async def _object_info(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        return web.json_response({name: self.object_info[name]} if name in self.object_info else {})

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        prompt_id = request.match_info["id"]
        known = prompt_id in self.running or prompt_id in self.pending
        self.pending.pop(prompt_id, None)
        if prompt_id in self.running:
            await self.end(prompt_id, "execution_interrupted", node_id="2", node_type="Noise", executed=[])
        self.cancels.put_nowait(prompt_id)
        return web.json_response({"cancelled": known})


def save_pictures(comfy: FakeComfy, graph: dict[str, Any]) -> dict[str, Any]:
    """The files, and what the history says of them."""
    outputs = {}
    for node_id, saved in saved_names(graph).items():
        content = b"\x89PNG " + saved["subfolder"].encode()
        comfy.files["output", saved["subfolder"], saved["filename"]] = content
        outputs[node_id] = {"images": [saved]}
    return outputs


async def complete(comfy: FakeComfy, prompt_id: str) -> None:
    """All events of a run that succeeds."""
    await begin(comfy, prompt_id)
    await comfy.end(prompt_id)


async def begin(comfy: FakeComfy, prompt_id: str) -> None:
    """Half of a run: node 1 cached, node 2 at step 5 of 10, and then nothing."""
    await comfy.send("execution_start", prompt_id, timestamp=1000)
    await comfy.send("execution_cached", prompt_id, nodes=["1"])
    await comfy.send("executing", prompt_id, node="2", display_node="2")
    running = {"value": 5, "max": 10, "state": "running", "node_id": "2", "display_node_id": "2"}
    await comfy.send("progress_state", prompt_id, nodes={"2": running})


async def land(comfy: FakeComfy, prompt_id: str) -> None:
    """The picture is saved, and told."""
    for node_id, shown in save_pictures(comfy, comfy.running[prompt_id]).items():
        await comfy.send("executed", prompt_id, node=node_id, display_node=node_id, output=shown)


async def hold(comfy: FakeComfy, prompt_id: str) -> None:
    """Taken, and never heard of again."""


async def queue(comfy: FakeComfy, prompt_id: str) -> None:
    """Behind other people's jobs in ComfyUI's own queue."""
    comfy.pending[prompt_id] = comfy.running.pop(prompt_id)


async def fail(comfy: FakeComfy, prompt_id: str) -> None:
    where = {"node_id": "2", "node_type": "Noise"}
    error: dict[str, Any] = {**where, "exception_type": "ValueError", "exception_message": "no grain\n"}
    await comfy.end(prompt_id, "execution_error", **error)


async def end_silently(comfy: FakeComfy, prompt_id: str) -> None:
    """Succeeds, but every event is lost."""
    await comfy.end(prompt_id, tell=False)


async def end_without_socket(comfy: FakeComfy, prompt_id: str) -> None:
    await comfy.drop_sockets()
    await comfy.end(prompt_id, tell=False)
