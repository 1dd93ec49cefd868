"""Other people's servers: one that gets webhooks, one that has files."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

from aiohttp import web
from aiohttp.test_utils import TestServer


class Told(NamedTuple):
    """One delivery."""

    id: str  # header webhook-id
    body: dict[str, Any]


class Site:
    """For `ServerThread`. GET gives a file, POST takes a webhook."""

    def __init__(self, files: Mapping[str, bytes] | None = None, pause: float = 0) -> None:
        """`pause`: seconds before a webhook that was taken is answered."""
        self.files = dict(files or {})
        self.pause = pause
        self.told: list[Told] = []
        self._news = asyncio.Condition()
        self._server: TestServer

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    async def start(self) -> Self:
        app = web.Application()
        app.add_routes([web.post("/hook", self._take), web.get("/{name}", self._give)])
        self._server = TestServer(app)
        await self._server.start_server()
        return self

    async def stop(self) -> None:
        await self._server.close()

    async def until(self, true: Any, timeout: float) -> None:
        async with asyncio.timeout(timeout), self._news:
            await self._news.wait_for(lambda: true(self))

    async def _take(self, request: web.Request) -> web.Response:
        content = await request.read()
        async with self._news:
            self.told.append(Told(request.headers["webhook-id"], json.loads(content)))
            self._news.notify_all()
        await asyncio.sleep(self.pause)
        return web.Response()

    async def _give(self, request: web.Request) -> web.Response:
        content = self.files.get(request.match_info["name"])
        return web.Response(status=404) if content is None else web.Response(body=content)
