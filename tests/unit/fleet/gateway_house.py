"""Gateways over one store and a real nats-server, and the ComfyUIs with their workers behind them."""

import asyncio
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from lectern import __version__
from lectern.apps.callers import HOUSEHOLD
from lectern.apps.comfy import ComfyClient
from lectern.apps.fleet.engine import FleetEngine
from lectern.apps.fleet.link import Access
from lectern.apps.fleet.service import create_fleet_service
from lectern.apps.fleet.worker.process import Plan, Worker
from lectern.apps.graph import Target
from lectern.apps.running.dispatcher import Pace, now_ms
from lectern.apps.runs import NewRun, Terms, Workflow
from lectern.apps.service import AppService
from lectern.apps.store.storage import Storage
from lectern.apps.surface.routes import add_routes
from lectern.fleets import Fleet
from lectern.settings import Settings
from unit.apps.fake_comfy import FakeComfy
from unit.apps.samples import GRAPH, write_app
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


class SharedStorage(Storage):
    """Outlives the gateways, as a database server does."""

    async def close(self) -> None: ...

    async def end(self) -> None:
        await super().close()


class Town:
    """Everything of one fleet, in this process apart from NATS."""

    def __init__(self, folder: Path, nats: NatsServer, url: str = "") -> None:
        """`url`: of a PostgreSQL database; without it the gateways share one open SQLite file."""
        self.folder = folder
        self.nats = nats
        self._url = url
        self.fleet = Fleet(nats=[nats.url])
        self.gates: list[Gate] = []
        self.workers: list[Worker] = []
        self.comfys: list[FakeComfy] = []
        self.storage = SharedStorage(folder / "private")
        write_app(folder / "workflows")

    def settings(self) -> Settings:
        return Settings(fleet=self.fleet)

    async def gate(self, name: str = "") -> Gate:
        """A gateway; all of them share what is stored, but not their folders."""
        own = Storage(self.folder / f"gate{len(self.gates)}", self._url) if self._url else self.storage
        service = create_fleet_service(
            workflows=self.folder / "workflows",
            private=self.folder / f"gate{len(self.gates)}",
            settings=self.settings,
            storage=own,
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
        """A worker beside a ComfyUI, which is started when it is new; gives that."""
        if comfy is None:
            comfy = FakeComfy()
        if comfy not in self.comfys:
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

    async def ready(self, gate: Gate) -> None:
        """Returns once the gateway says that runs would be executed."""

        async def seen() -> bool:
            return (await gate.service.ready()).ready

        await until(seen)

    async def dismiss(self, name: str) -> None:
        """The worker drains and ends."""
        worker = next(worker for worker in self.workers if worker.board.name == name)
        await worker.drain()
        await worker.stop()
        self.workers.remove(worker)

    async def stop(self) -> None:
        await asyncio.gather(*(worker.stop() for worker in self.workers))
        for gate in self.gates:
            await gate.close()
        await self.storage.end()
        await asyncio.gather(*(comfy.stop() for comfy in self.comfys))


def engine_of(gate: Gate) -> FleetEngine:
    engine = gate.service.runs._engine
    assert isinstance(engine, FleetEngine)
    return engine


def problem(gate: Gate) -> str:
    return engine_of(gate)._link.problem


def workers_at(gate: Gate) -> int:
    return len(engine_of(gate)._adverts.workers())


def kinds_at(gate: Gate) -> int:
    """How many different sets of nodes the workers have."""
    return len({worker.nodes for worker in engine_of(gate)._adverts.workers() if worker.nodes})


def a_new_run(input: dict[str, Any] | None = None, **terms: Any) -> NewRun:
    """Of the app tiny, as a gateway stores it."""
    targets = {"width": Target("1", "width")}
    made = Workflow(GRAPH, targets, {"3": "picture"})
    return NewRun(str(uuid.uuid4()), "tiny", 1, made, input or {"width": 64}, {}, now_ms(), Terms(**terms))


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
