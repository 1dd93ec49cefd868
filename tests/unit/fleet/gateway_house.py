"""Gateways over one store and a real nats-server, and the ComfyUIs with their workers behind them."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from lectern import __version__
from lectern.apps.callers import HOUSEHOLD
from lectern.apps.comfy import ComfyClient
from lectern.apps.fleet.link import Access
from lectern.apps.fleet.service import create_fleet_service
from lectern.apps.fleet.worker.process import Plan, Worker
from lectern.apps.running.dispatcher import Pace
from lectern.apps.service import AppService
from lectern.apps.store.storage import Storage
from lectern.apps.surface.routes import add_routes
from lectern.fleets import Fleet
from lectern.settings import Settings
from unit.apps.fake_comfy import FakeComfy
from unit.apps.samples import write_app
from unit.fleet.nats import NatsServer

PACE = Pace(poll=0.02, retry=0.01, retry_limit=0.02)
V1 = "/lectern/v1"
SECONDS = 10.0


class Gate:
    """One gateway: its service, and a client of it."""

    def __init__(self, service: AppService, client: TestClient[Any, Any]) -> None:
        self.service = service
        self.client = client

    async def get(self, path: str, **options: Any) -> ClientResponse:
        return await self.client.get(V1 + path, **options)

    async def post(self, path: str, **options: Any) -> ClientResponse:
        return await self.client.post(V1 + path, **options)

    async def submit(self, wait: str | None = None, **body: Any) -> tuple[int, dict[str, Any]]:
        body.setdefault("input", {"width": 64})
        response = await self.post("/apps/tiny/runs", json=body, headers={"Prefer": wait} if wait else {})
        return response.status, await response.json()

    async def run(self, run_id: str) -> dict[str, Any]:
        return await (await self.get(f"/runs/{run_id}")).json()

    async def ended(self, run_id: str) -> dict[str, Any]:
        return (await self.service.runs.wait(run_id, SECONDS, HOUSEHOLD)).view

    async def close(self) -> None:
        await self.client.close()
        await self.service.close()


class Town:
    """Everything of one fleet, in this process apart from NATS."""

    def __init__(self, folder: Path, nats: NatsServer) -> None:
        self.folder = folder
        self.nats = nats
        self.fleet = Fleet(nats=[nats.url])
        self.gates: list[Gate] = []
        self.workers: list[Worker] = []
        self.comfys: list[FakeComfy] = []
        self.storage = Storage(folder / "private")
        write_app(folder / "workflows")

    def settings(self) -> Settings:
        return Settings(fleet=self.fleet)

    async def gate(self, name: str = "") -> Gate:
        """A gateway; all of them share the store, as with PostgreSQL."""
        service = create_fleet_service(
            workflows=self.folder / "workflows",
            private=self.folder / "private",
            settings=self.settings,
            storage=self.storage,
            name=name,
        )
        routes = web.RouteTableDef()
        add_routes(routes, service)
        app = web.Application()
        app.add_routes(routes)
        client: TestClient[Any, Any] = TestClient(TestServer(app))
        await client.start_server()
        made = Gate(service, client)
        self.gates.append(made)
        await service.begin()
        return made

    async def worker(self, name: str = "w1", comfy: FakeComfy | None = None) -> FakeComfy:
        """A worker beside a ComfyUI of its own, which it gives."""
        if comfy is None:
            comfy = FakeComfy()
            await comfy.start()
            self.comfys.append(comfy)
        plan = Plan(
            name=name,
            version=__version__,
            folder=self.folder / name,
            access=lambda: Access((self.nats.url,)),
            settings=Settings,
            pace=PACE,
        )
        worker = Worker(plan, ComfyClient(comfy.url, lambda: None))
        worker.start()
        self.workers.append(worker)
        return comfy

    async def ready(self, gate: Gate) -> bool:
        return (await gate.service.ready()).ready

    async def stop(self) -> None:
        await asyncio.gather(*(worker.stop() for worker in self.workers))
        await asyncio.gather(*(gate.close() for gate in self.gates))
        await asyncio.gather(*(comfy.stop() for comfy in self.comfys))


async def until(seen: Callable[[], Any], seconds: float = SECONDS) -> Any:
    """What `seen`, which may be a coroutine function, gives once it gives something."""
    async with asyncio.timeout(seconds):
        while True:
            found = seen()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return found
            await asyncio.sleep(0.01)
