"""A way to start contract servers of any dialect."""

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from support.webui import ContractServer
from unit.webui_server.caller import Webui

Start = Callable[..., Awaitable[Webui]]


@pytest.fixture
async def start():
    """Starts servers: `await start("forge", seconds_per_image=1)`."""
    started: list[ContractServer] = []
    async with aiohttp.ClientSession() as session:

        async def begin(dialect: str = "forge", **settings: Any) -> Webui:
            server = await ContractServer(dialect, **settings).start()
            started.append(server)
            return Webui(server, session)

        yield begin
        for server in started:
            await server.stop()


@pytest.fixture
async def forge(start: Start) -> Webui:
    return await start("forge")
