"""The HTTP surface under /lectern: every address, and which handler answers it.

ComfyUI mirrors every route below /api by itself.
"""

from collections.abc import Coroutine
from typing import Any, TypeVar

from aiohttp import web

from ...envelope import Call
from ..access.gate import Gate
from ..faces.a1111.errors import worded as a1111_wording
from ..faces.a1111.handlers import A1111Handlers
from ..faces.openai.handlers import PREFIX as OPENAI
from ..faces.openai.handlers import OpenAIHandlers
from ..faces.openai.wording import error_answer as openai_error
from ..service import AppService
from .apps import AppHandlers
from .document import DocumentHandlers
from .endpoints import Guard, OpenGuard, mount
from .files import FileRoutes
from .fleet import FleetHandlers
from .keys import access_table
from .monitoring import MonitoringHandlers
from .runs import RunHandlers
from .views import PAGES, PREFIX

T = TypeVar("T")

EVERYBODY = OpenGuard()


async def here(coroutine: Coroutine[Any, Any, T], /) -> T:
    """For a service that lives on the same loop as the server."""
    return await coroutine


def add_everything(routes: web.RouteTableDef, service: AppService, call: Call, gate: Gate) -> None:
    """All that is served below /lectern apart from pages: beside ComfyUI, and by a gateway."""
    add_routes(routes, service, call, gate)
    mount(routes, PREFIX, access_table(gate), gate)


def add_routes(routes: web.RouteTableDef, service: AppService, call: Call = here, guard: Guard = EVERYBODY) -> None:
    """Adds every address of the surface."""
    tables = [
        AppHandlers(service, call).table(),
        RunHandlers(service, call).table(),
        FileRoutes(service.files, call, service.library.check_guest).table(),
        DocumentHandlers(service, call).table(),
        FleetHandlers(service, call).table(),
    ]
    for table in tables:
        mount(routes, PREFIX, table, guard)
    mount(routes, OPENAI, OpenAIHandlers(service, call).table(), guard, openai_error)
    mount(routes, PAGES, MonitoringHandlers(service, call).table(), guard)
    mount(routes, PAGES, A1111Handlers(service, call).table(), guard, a1111_wording)
