"""A bare aiohttp server with our routes, in front of a fake ComfyUI."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from lectern.apps.callers import HOUSEHOLD
from lectern.apps.running.dispatcher import Pace
from lectern.apps.service import AppService, create_service
from lectern.apps.surface.endpoints import Guard
from lectern.apps.surface.routes import EVERYBODY, add_routes
from lectern.settings import Settings
from unit.apps.access_house import House
from unit.apps.fake_comfy import FakeComfy
from unit.apps.samples import write_app

PACE = Pace(poll=0.02, retry=0.01, retry_limit=0.02)
V1 = "/lectern/v1"


class World:
    """One Lectern process over one folder, and the ComfyUI that it talks to."""

    def __init__(self, folder: Path, comfy: FakeComfy) -> None:
        self.folder = folder
        self.comfy = comfy
        self.settings: Callable[[], Settings] = Settings
        self.guard: Callable[[AppService], Guard] = lambda _: EVERYBODY
        self.service: AppService
        self.client: TestClient[Any, Any]

    async def start(self) -> None:
        self.service = create_service(
            workflows=self.folder / "workflows",
            private=self.folder / "private",
            base_url=self.comfy.url,
            tls=lambda: None,
            settings=lambda: self.settings(),
            pace=PACE,
        )
        routes = web.RouteTableDef()
        add_routes(routes, self.service, guard=self.guard(self.service))
        app = web.Application()
        app.add_routes(routes)
        self.client = TestClient(TestServer(app))
        await self.client.start_server()

    async def stop(self) -> None:
        await self.client.close()
        await self.service.close()

    async def restart(self) -> None:
        """Stops as a crash would, as far as the store can tell, and starts as a new process does."""
        await self.stop()
        await self.start()
        await self.service.resume()

    async def get(self, path: str) -> ClientResponse:
        return await self.client.get(V1 + path)

    async def post(self, path: str, **options: Any) -> ClientResponse:
        return await self.client.post(V1 + path, **options)

    async def submit(self, wait: str | None = None, **body: Any) -> tuple[int, dict[str, Any]]:
        body.setdefault("input", {"width": 64})
        response = await self.post("/apps/tiny/runs", json=body, headers={"Prefer": wait} if wait else {})
        return response.status, await response.json()

    async def run(self, run_id: str) -> dict[str, Any]:
        return await (await self.get(f"/runs/{run_id}")).json()

    async def ended(self, run_id: str) -> dict[str, Any]:
        """The run once it has ended."""
        return (await self.service.runs.wait(run_id, 5, HOUSEHOLD)).view


@pytest.fixture
async def comfy():
    fake = FakeComfy()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
async def world(tmp_path, comfy):
    write_app(tmp_path / "workflows")
    made = World(tmp_path, comfy)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def house(tmp_path):
    made = House(tmp_path)
    await made.start()
    yield made
    await made.stop()
