"""The OpenAPI document: of everything, and of one app."""

from aiohttp import web

from ... import __version__
from ...envelope import Call
from ..callers import Caller, Scope
from ..errors import BadRequest
from ..openapi.document import openapi_document
from ..publishing.library import Described
from ..service import AppService
from .endpoints import Endpoint, Table
from .views import app_view


class DocumentHandlers:
    def __init__(self, service: AppService, call: Call) -> None:
        self._service = service
        self._call = call

    def table(self) -> Table:
        return {
            "/openapi.json": {"GET": Endpoint(self.everything, Scope.GUEST)},
            "/apps/{slug}/openapi.json": {"GET": Endpoint(self.one, Scope.GUEST)},
        }

    async def everything(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        """Of the apps that the caller may use."""
        await self._call(self._service.library.check_guest(caller))
        return self._document(request, await self._call(self._service.described(caller)), True)

    async def one(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        described = await self._call(self._service.describe(request.match_info["slug"], None, caller))
        return self._document(request, [described], False)

    def _document(self, request: web.Request, apps: list[Described], everything: bool) -> web.Response:
        settings = self._service.settings().apps
        viewed = [(app_view(one, settings.file_mb), one.contract) for one in apps]
        base = _base(request)
        document = openapi_document(
            viewed, base, settings.access, everything=everything, max_mb=settings.file_mb, version=__version__
        )
        return web.json_response(document)


def _base(request: web.Request) -> str:
    """The address that the caller used. Raises BadRequest."""
    try:
        return str(request.url.origin())
    except ValueError:
        raise BadRequest("The header Host is no host's name.") from None
