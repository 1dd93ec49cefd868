"""A real ComfyUI for the benchmark of apps: its raw API as a client uses it, and nodes that tell when they begin."""

import json
import re
import uuid
from pathlib import Path
from typing import Any, Self

import aiohttp

from tools.server import ComfyServer

TRIVIAL: dict[str, Any] = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 512, "height": 512, "batch_size": 1, "color": 0}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "trivial"}},
}
INPUTS = [{"node_id": "1", "widget": "color"}]
LINKS = 40  # nodes of the chain
# A node that tells a client of its own, over ComfyUI's own queue, in the moment in which it begins.
TICK = """
from server import PromptServer

class Tick:
    @classmethod
    def INPUT_TYPES(cls):
        return {"required": {"client": ("STRING", {}), "number": ("INT", {"max": 1000000000})},
                "optional": {"image": ("IMAGE",)}}
    RETURN_TYPES, FUNCTION, CATEGORY = ("IMAGE",), "tick", "bench"

    def tick(self, client, number, image=None):
        import time, torch
        PromptServer.instance.send_sync("bench_tick", {"number": number}, client)
        time.sleep(0.02)  # as a short step takes; else events would overtake each other in the network
        return (torch.zeros(1, 8, 8, 3),)

NODE_CLASS_MAPPINGS = {"BenchTick": Tick}
"""


def settings(server: ComfyServer, text: str) -> None:
    file = server.base / "user" / "__lectern" / "lectern.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def add_tick(server: ComfyServer) -> None:
    pack = server.base / "custom_nodes" / "bench_tick"
    pack.mkdir(parents=True, exist_ok=True)
    (pack / "__init__.py").write_text(TICK)


def chain(client: str) -> dict[str, Any]:
    """Nodes one behind the other; each says its number to `client`, and their titles say it to listeners."""
    graph: dict[str, Any] = {}
    for number in range(LINKS):
        before = {"image": [f"{number}", 0]} if number else {}
        inputs = {"client": client, "number": number, **before}
        graph[f"{number + 1}"] = {"class_type": "BenchTick", "inputs": inputs, "_meta": {"title": f"tick {number}"}}
    graph["last"] = {"class_type": "PreviewImage", "inputs": {"images": [f"{LINKS}", 0]}}
    return graph


def resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1024


class Raw:
    """ComfyUI's own API as the least client uses it: one WebSocket that stays open, one session."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = uuid.uuid4().hex

    async def __aenter__(self) -> Self:
        self.session = aiohttp.ClientSession()
        self.socket = await self.session.ws_connect(f"{self.url}/ws", params={"clientId": self.client})
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()
        await self.session.close()

    async def json(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        async with self.session.request(method, self.url + path, json=body, headers=headers) as answer:
            assert answer.status < 300, (answer.status, await answer.text())
            return await answer.json()

    async def run(self, graph: dict[str, Any]) -> bytes:
        """POST /prompt, WebSocket until done, GET /history, GET /view; on the WebSocket that is open."""
        return await self._run(graph, self.client, self.socket)

    async def run_alone(self, graph: dict[str, Any]) -> bytes:
        """The same with a WebSocket of its own, as a script does that makes one picture (ComfyUI's script_examples)."""
        client = uuid.uuid4().hex
        async with self.session.ws_connect(f"{self.url}/ws", params={"clientId": client}) as socket:
            return await self._run(graph, client, socket)

    async def _run(self, graph: dict[str, Any], client: str, socket: aiohttp.ClientWebSocketResponse) -> bytes:
        body = {"prompt": graph, "client_id": client}
        prompt_id = (await self.json("POST", "/prompt", body))["prompt_id"]
        await _until(socket, prompt_id)
        entry = (await self.json("GET", f"/history/{prompt_id}"))[prompt_id]
        image = entry["outputs"]["2"]["images"][0]
        async with self.session.get(f"{self.url}/view", params=image) as answer:
            return await answer.read()


async def _until(socket: aiohttp.ClientWebSocketResponse, prompt_id: str) -> None:
    async for message in socket:
        if message.type is aiohttp.WSMsgType.TEXT:
            event = json.loads(message.data)
            data = event.get("data", {})
            if event["type"] == "executing" and data.get("node") is None and data.get("prompt_id") == prompt_id:
                return
    raise AssertionError("the WebSocket closed")
