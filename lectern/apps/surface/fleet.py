"""Who executes runs, what waits, and what was given up: for those who look after a fleet."""

from aiohttp import web

from ...envelope import Call
from ..callers import Caller, Scope
from ..service import AppService
from .endpoints import Endpoint, Table


class FleetHandlers:
    def __init__(self, service: AppService, call: Call) -> None:
        self._runs = service.runs
        self._call = call

    def table(self) -> Table:
        return {"/fleet": {"GET": Endpoint(self.view, Scope.ADMIN)}}

    async def view(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        return web.json_response(await self._call(self._runs.overview()))
