"""What machines ask that watch over the service: is it alive, would it work, how much does it do."""

from aiohttp import web

from ...envelope import Call
from ..callers import Caller, Scope
from ..running.metrics import CONTENT_TYPE
from ..service import AppService
from .endpoints import Endpoint, Table


class MonitoringHandlers:
    def __init__(self, service: AppService, call: Call) -> None:
        self._service = service
        self._call = call

    def table(self) -> Table:
        return {
            "/health": {"GET": Endpoint(self.health, Scope.ANYONE)},
            "/ready": {"GET": Endpoint(self.ready, Scope.ANYONE)},
            "/metrics": {"GET": Endpoint(self.metrics, Scope.ADMIN)},
        }

    async def health(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        """This process answers; nothing else is asked."""
        return web.json_response({"status": "ok"})

    async def ready(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        state = await self._call(self._service.ready())
        answer = {"ready": state.ready, "reasons": [] if caller.guest else state.reasons}  # they name files and limits
        return web.json_response(answer, status=200 if state.ready else 503)

    async def metrics(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        content = await self._call(self._service.metrics())
        return web.Response(body=content, headers={"Content-Type": CONTENT_TYPE})
