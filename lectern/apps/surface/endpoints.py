"""Tables of endpoints: which handler answers which method of an address, and whom."""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple, Protocol

from aiohttp import web

from ..callers import HOUSEHOLD, Caller, Scope
from ..errors import MethodNotAllowed
from .answers import Handler, answered

Answer = Callable[[web.Request, Caller], Awaitable[web.StreamResponse]]


class Endpoint(NamedTuple):
    answer: Answer
    scope: Scope


Table = Mapping[str, Mapping[str, Endpoint]]  # {path: {method: endpoint}}


class Guard(Protocol):
    async def admit(self, request: web.Request, scope: Scope) -> Caller:
        """Who calls. Raises an AppError (401, 403, 429) when the scope is not for them."""
        ...


class OpenGuard:
    """Lets everybody in."""

    async def admit(self, request: web.Request, scope: Scope) -> Caller:
        return HOUSEHOLD


def mount(routes: web.RouteTableDef, prefix: str, table: Table, guard: Guard) -> None:
    """Adds every address; a method that an address lacks is answered 405."""
    for path, methods in table.items():
        for method, endpoint in methods.items():
            routes.route(method, prefix + path)(answered(_guarded(endpoint, guard)))
        routes.route("*", prefix + path)(answered(_refuse_method(", ".join(methods))))


def _guarded(endpoint: Endpoint, guard: Guard) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await endpoint.answer(request, await guard.admit(request, endpoint.scope))

    return handle


def _refuse_method(allowed: str) -> Handler:
    async def refuse(request: web.Request) -> web.StreamResponse:
        raise MethodNotAllowed(f"This address answers {allowed}, not {request.method[:20]}.", allowed)

    return refuse
