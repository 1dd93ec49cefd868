"""Chat servers for benchmarks/prompts.py: the contract server in a process of its own, and one that keeps time."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web

from lectern.chats import Chat
from lectern.prompts.server.backend import ServerBackend
from lectern.prompts.server.hub import ChatHub
from lectern.prompts.server.sampling import Sampling
from lectern.settings import Settings
from tools.cache import CHECKOUT

WORDS = 60  # of the timekeeper's answer


@contextmanager
def server(*arguments: str) -> Iterator[str]:
    """The address of a contract server."""
    path = os.pathsep.join([str(CHECKOUT / "tests"), str(CHECKOUT)])
    command = [sys.executable, "-m", "support.chat", *arguments]
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": path}, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def backend(url: str, concurrency: int = 4) -> ServerBackend:
    settings = Settings(chat={"local": Chat(url=url, model="tiny", concurrency=concurrency)})
    return ServerBackend(ChatHub(lambda: settings), "local", Sampling())


class Timekeeper:
    """Writes a word every 20 ms, and remembers when it wrote the first one of each answer."""

    def __init__(self) -> None:
        self.first: list[float] = []  # time.monotonic()

    async def start(self) -> str:
        app = web.Application()
        app.add_routes([web.post("/v1/chat/completions", self._chat)])
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        await request.read()
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        await asyncio.sleep(0.3)
        for number in range(WORDS):
            delta = {"content": f"word{number} "}
            end = "stop" if number == WORDS - 1 else None
            event = {"choices": [{"index": 0, "delta": delta, "finish_reason": end}]}
            if not number:
                self.first.append(time.monotonic())
            await answer.write(f"data: {json.dumps(event)}\n\n".encode())
            await asyncio.sleep(0.02)
        await answer.write(b"data: [DONE]\n\n")
        return answer
