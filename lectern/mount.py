"""Puts our routes on ComfyUI's server and wakes unfinished runs once it listens."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from . import host
from .apps.deferred import Deferred
from .apps.pages import add_pages
from .errors import SettingsError
from .prompts.server.hub import ChatHub
from .prompts.server.routes import add_chat_routes
from .sdwebui.hub import Hub
from .sdwebui.routes import add_server_routes
from .settings import SettingsFile

if TYPE_CHECKING:
    from .apps.service import AppService

log = logging.getLogger(__name__)

DATABASE = "lectern.db"

# They live on the background loop.
webui = Hub(SettingsFile(host.private_directory()).read)
chats = ChatHub(SettingsFile(host.private_directory()).read)


def mount_routes() -> None:
    """Called once, while ComfyUI loads the pack: cheap, and silent unless `lectern.toml` has a mistake."""
    file = SettingsFile(host.private_directory())
    try:
        file.read()
    except SettingsError as error:
        log.warning("Lectern: %s", error)
    apps = Deferred(lambda routes: build_apps(routes, file))
    apps.add_to(host.routes())
    add_pages(host.routes())
    add_server_routes(host.routes(), webui, host.background.call)
    add_chat_routes(host.routes(), chats, host.background.call)
    host.on_server_start(lambda: host.background.start(resume(apps)))


def build_apps(routes: web.RouteTableDef, file: SettingsFile) -> "AppService":
    """Puts the app service together and its handlers into `routes`."""
    from .apps.access.gate import create_gate
    from .apps.service import create_service
    from .apps.store.storage import Storage
    from .apps.surface.endpoints import mount
    from .apps.surface.keys import access_table
    from .apps.surface.routes import add_routes
    from .apps.surface.views import PREFIX

    private = host.private_directory()
    storage = Storage(private)
    service = create_service(
        workflows=Path(__file__).parent.parent / "workflows",
        private=private,
        base_url=host.server_url,
        tls=host.server_tls,
        settings=file.read,
        storage=storage,
    )
    gate = create_gate(private, storage, file.read, host.background.call)
    add_routes(routes, service, host.background.call, gate)
    mount(routes, PREFIX, access_table(gate), gate)
    return service


async def resume(apps: "Deferred[AppService]") -> None:
    """Goes on with the runs of an earlier process; imports nothing when there never was one."""
    if (host.private_directory() / DATABASE).exists():
        await (await apps.service()).resume()
