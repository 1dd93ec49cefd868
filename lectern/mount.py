"""Puts our routes on ComfyUI's server and wakes unfinished runs once it listens."""

import logging
import os
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
    from .apps.store.storage import Storage

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
    from .apps.surface.routes import add_everything

    service, storage = create(file)
    gate = create_gate(host.private_directory(), storage, file.read, host.background.call)
    add_everything(routes, service, host.background.call, gate)
    return service


def create(file: SettingsFile) -> "tuple[AppService, Storage]":
    """With this ComfyUI as its engine, or with the fleet that `[fleet]` names."""
    from .apps.comfy import ComfyClient
    from .apps.service import create_service
    from .apps.store.storage import Storage

    private = host.private_directory()
    workflows = Path(__file__).parent.parent / "workflows"
    if not fleet_named(file):
        storage = Storage(private)
        base_url, tls = host.server_url, host.server_tls
        service = create_service(
            workflows=workflows, private=private, base_url=base_url, tls=tls, settings=file.read, storage=storage
        )
        return service, storage
    from .apps.fleet.credentials import store_url
    from .apps.fleet.service import create_fleet_service

    storage = Storage(private, store_url(file.read().fleet))
    beside = ComfyClient(host.server_url, host.server_tls)
    service = create_fleet_service(
        workflows=workflows, private=private, settings=file.read, storage=storage, beside=beside
    )
    return service, storage


def fleet_named(file: SettingsFile) -> bool:
    """Whether runs go to a fleet. Imports nothing; a mistake in the settings is told elsewhere."""
    try:
        return bool(os.environ.get("LECTERN_NATS_URL") or file.read().fleet.nats)
    except SettingsError:
        return False


async def resume(apps: "Deferred[AppService]") -> None:
    """Goes on with the runs of an earlier process; imports nothing when there never was one, and no fleet."""
    if fleet_named(SettingsFile(host.private_directory())):
        await (await apps.service()).begin()
    elif (host.private_directory() / DATABASE).exists():
        await (await apps.service()).resume()
