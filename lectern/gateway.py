"""A process that serves apps, pages and faces with no ComfyUI in it: in front of a fleet, or of one ComfyUI."""

from pathlib import Path
from typing import NamedTuple

from aiohttp import web

from .apps.access.gate import Gate, create_gate
from .apps.comfy import ComfyClient
from .apps.pages import add_pages
from .apps.service import AppService, create_service
from .apps.store.storage import Storage
from .apps.surface.routes import add_everything, here
from .settings import SettingsFile

WORKFLOWS = Path(__file__).parent.parent / "workflows"
LEAVING_SECONDS = 20.0  # that answers which are being sent may still take


class Plan(NamedTuple):
    folder: Path  # for settings, the store's file, files
    nats: bool  # whether there is a fleet
    comfyui: str  # address of one ComfyUI; empty for none
    store: str  # PostgreSQL's URL; empty: a file in the folder


class Gateway:
    """Lives on one event loop, the server's own."""

    def __init__(self, plan: Plan) -> None:
        self.service, self._gate = _build(plan)
        application = _application(self.service, self._gate)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=LEAVING_SECONDS)
        self._site: web.TCPSite | None = None

    async def start(self, host: str, port: int) -> str:
        """Gives the address that it answers at. Raises NewerStore; OSError when the port cannot be used."""
        await self.service.begin()
        await self._runner.setup()
        self._site = web.TCPSite(self._runner, host, port)
        await self._site.start()
        name, own_port, *_ = self._runner.addresses[0]
        return f"http://[{name}]:{own_port}" if ":" in name else f"http://{name}:{own_port}"

    async def stop(self) -> None:
        """Takes no more calls, answers those that it has, and leaves runs as they are."""
        if self._site is not None:
            await self._site.stop()
        self.service.runs.hurry()
        await self._runner.cleanup()
        await self.service.close()
        await self._gate.close()


def _build(plan: Plan) -> tuple[AppService, Gate]:
    file = SettingsFile(plan.folder)
    storage = Storage(plan.folder, plan.store, alone=not plan.nats)
    if plan.nats:
        from .apps.fleet.service import create_fleet_service

        beside = ComfyClient(lambda: plan.comfyui, lambda: None) if plan.comfyui else None
        service = create_fleet_service(
            workflows=WORKFLOWS, private=plan.folder, settings=file.read, storage=storage, beside=beside
        )
    else:
        service = create_service(
            workflows=WORKFLOWS,
            private=plan.folder,
            base_url=lambda: plan.comfyui,
            tls=lambda: None,
            settings=file.read,
            storage=storage,
        )
    return service, create_gate(plan.folder, storage, file.read, here)


def _application(service: AppService, gate: Gate) -> web.Application:
    routes = web.RouteTableDef()
    add_everything(routes, service, here, gate)
    add_pages(routes)
    app = web.Application()
    app.add_routes(routes)
    app.router.add_get("/", _to_apps)
    return app


async def _to_apps(_: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": "lectern/"})
