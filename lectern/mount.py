"""Puts our routes on ComfyUI's server and wakes unfinished runs once it listens."""

import logging
from pathlib import Path

from . import host
from .apps.access.gate import create_gate
from .apps.pages import add_pages
from .apps.service import create_service
from .apps.store.storage import Storage
from .apps.surface.endpoints import mount
from .apps.surface.keys import access_table
from .apps.surface.routes import add_routes
from .apps.surface.views import PREFIX
from .errors import SettingsError
from .prompts.server.hub import ChatHub
from .prompts.server.routes import add_chat_routes
from .sdwebui.hub import Hub
from .sdwebui.routes import add_server_routes
from .settings import SettingsFile

log = logging.getLogger(__name__)

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
    storage = Storage(host.private_directory())
    service = create_service(
        workflows=Path(__file__).parent.parent / "workflows",
        private=host.private_directory(),
        base_url=host.server_url,
        tls=host.server_tls,
        settings=file.read,
        storage=storage,
    )
    gate = create_gate(host.private_directory(), storage, file.read, host.background.call)
    add_routes(host.routes(), service, host.background.call, gate)
    mount(host.routes(), PREFIX, access_table(gate), gate)
    add_pages(host.routes())
    add_server_routes(host.routes(), webui, host.background.call)
    add_chat_routes(host.routes(), chats, host.background.call)
    host.on_server_start(lambda: host.background.start(service.resume()))
