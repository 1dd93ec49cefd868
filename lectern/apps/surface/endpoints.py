"""Tables of endpoints: which handler answers which method of an address, and whom."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import NamedTuple, Protocol

from aiohttp import web

from ...errors import SettingsError
from ..access.notes import notes
from ..callers import HOUSEHOLD, Caller, Scope
from ..errors import MethodNotAllowed, NotReady
from .answers import Handler, Worded, answered, dress, error_answer

logger = logging.getLogger(__name__)

UNTOLD = "The service does not work just now; try again later. Its log, and callers with a key, are told why."

Answer = Callable[[web.Request, Caller], Awaitable[web.StreamResponse]]


class Endpoint(NamedTuple):
    answer: Answer
    scope: Scope


Table = Mapping[str, Mapping[str, Endpoint]]  # {path: {method: endpoint}}


class Guard(Protocol):
    async def admit(self, request: web.Request, scope: Scope) -> Caller:
        """Who calls. Raises an AppError (401, 403, 429) when the scope is not for them."""
        ...

    def is_stranger(self, request: web.Request) -> bool:
        """Whether the caller must not learn what is wrong here, because that names hosts, files and databases."""
        ...

    def headers(self, request: web.Request) -> Mapping[str, str]:
        """What every answer to this request carries, errors too."""
        ...

    def preflight(self, request: web.Request, methods: Iterable[str]) -> Mapping[str, str] | None:
        """The headers that answer a browser's question whether a page may call; None when it may not."""
        ...

    def finished(self, request: web.Request, status: int | None, location: str | None) -> None:
        """Told once per request; without a status when the handler failed or was broken off."""
        ...


class OpenGuard:
    """Lets everybody in."""

    async def admit(self, request: web.Request, scope: Scope) -> Caller:
        return HOUSEHOLD

    def is_stranger(self, request: web.Request) -> bool:
        return False

    def headers(self, request: web.Request) -> Mapping[str, str]:
        return {}

    def preflight(self, request: web.Request, methods: Iterable[str]) -> Mapping[str, str] | None:
        return None

    def finished(self, request: web.Request, status: int | None, location: str | None) -> None:
        pass


def mount(routes: web.RouteTableDef, prefix: str, table: Table, guard: Guard, worded: Worded = error_answer) -> None:
    """Adds every address; a method that an address lacks is answered 405.

    Args:
        worded: how errors are answered, the guard's too.
    """
    for path, methods in table.items():
        for method, endpoint in methods.items():
            routes.route(method, prefix + path)(_watched(_guarded(endpoint, guard), guard, worded))
        if "*" not in methods:
            routes.route("*", prefix + path)(_watched(_refuse_method(list(methods), guard), guard, worded))


def _watched(handler: Handler, guard: Guard, worded: Worded) -> Handler:
    handler = answered(handler, worded)

    async def handle(request: web.Request) -> web.StreamResponse:
        notes(request).headers.update(guard.headers(request))
        status: int | None = None
        location: str | None = None
        try:
            response = await handler(request)
            if not response.prepared:  # a stream has sent its headers, see `answers.begin`
                dress(request, response)
            status, location = response.status, response.headers.get("Location")
            return response
        finally:
            guard.finished(request, status, location)

    return handle


def _guarded(endpoint: Endpoint, guard: Guard) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await endpoint.answer(request, await guard.admit(request, endpoint.scope))
        except (NotReady, SettingsError) as error:
            if not guard.is_stranger(request):
                raise
            logger.debug("what a stranger is not told: %s", error)
            raise NotReady(UNTOLD) from None

    return handle


def _refuse_method(methods: list[str], guard: Guard) -> Handler:
    allowed = ", ".join(methods)

    async def refuse(request: web.Request) -> web.StreamResponse:
        if request.method == "OPTIONS" and (headers := guard.preflight(request, methods)) is not None:
            return web.Response(status=204, headers=headers)
        raise MethodNotAllowed(f"This address answers {allowed}, not {request.method[:20]}.", allowed)

    return refuse
