"""The handlers of apps: list, read, publish, amend, versions, export, proposals, and the OpenAPI document."""

import hashlib
import re

from aiohttp import web

from ...envelope import Call
from ..callers import Caller, Scope
from ..errors import BadRequest, OutputUnavailable, VersionNotFound
from ..publishing.requests import parse_amendment, parse_drawing, parse_publication
from ..service import AppService
from .answers import read_json
from .endpoints import Endpoint, Table


class AppHandlers:
    def __init__(self, service: AppService, call: Call) -> None:
        self._service = service
        self._publisher = service.publisher
        self._call = call

    def table(self) -> Table:
        return {
            "/apps": {"GET": Endpoint(self.list, Scope.GUEST)},
            "/apps/{slug}": {
                "GET": Endpoint(self.get, Scope.GUEST),
                "PUT": Endpoint(self.publish, Scope.PUBLISH),
                "PATCH": Endpoint(self.amend, Scope.PUBLISH),
                "DELETE": Endpoint(self.delete, Scope.PUBLISH),
            },
            "/apps/{slug}/versions": {"GET": Endpoint(self.versions, Scope.GUEST)},
            "/apps/{slug}/versions/{n}/activate": {"POST": Endpoint(self.activate, Scope.PUBLISH)},
            "/apps/{slug}/export": {"GET": Endpoint(self.export, Scope.PUBLISH)},
            "/apps/{slug}/picture": {"GET": Endpoint(self.picture, Scope.GUEST)},
            "/propose": {"POST": Endpoint(self.propose, Scope.PUBLISH)},
            "/workflows": {"GET": Endpoint(self.workflows, Scope.PUBLISH)},
        }

    async def list(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        return web.json_response({"apps": await self._call(self._service.apps(caller, request.query.get("q", "")))})

    async def get(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        return web.json_response(await self._call(self._service.app(_slug(request), _version(request), caller)))

    async def publish(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        asked = parse_publication(await self._body(request))
        slug, expected = _slug(request), _expected(request)
        app = await self._call(self._publisher.publish(slug, asked, caller, expected))
        view = await self._call(self._service.app(app.slug, None, caller))
        return web.json_response(view, status=201, headers={"Location": view["urls"]["get"]})

    async def amend(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        asked = parse_amendment(await self._body(request))
        app = await self._call(self._publisher.amend(_slug(request), asked, caller))
        return web.json_response(await self._call(self._service.app(app.slug, None, caller)))

    async def delete(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        await self._call(self._publisher.delete(_slug(request), caller))
        return web.Response(status=204)

    async def versions(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        return web.json_response({"versions": await self._call(self._publisher.versions(_slug(request), caller))})

    async def activate(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        number = _number(request.match_info["n"])
        app = await self._call(self._publisher.activate(_slug(request), number, caller))
        return web.json_response(await self._call(self._service.app(app.slug, None, caller)))

    async def export(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        document = await self._call(self._publisher.export(_slug(request), _version(request), caller))
        name = f'attachment; filename="{document["slug"]}.lectern.json"'
        return web.json_response(document, headers={"Content-Disposition": name})

    async def picture(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        described = await self._call(self._service.library.app(_slug(request), None, caller))
        picture = await self._call(self._service.library.picture(described))
        if picture is None:
            raise OutputUnavailable("This app has no picture.")
        response = web.Response(body=picture.content, content_type=picture.content_type)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "private, no-cache"
        response.etag = hashlib.sha256(picture.content).hexdigest()[:32]
        if response.etag is not None and any(tag.value == response.etag.value for tag in request.if_none_match or ()):
            return web.Response(status=304, headers={"ETag": f'"{response.etag.value}"'})
        return response

    async def propose(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        workflow, graph = parse_drawing(await self._body(request))
        return web.json_response(await self._call(self._publisher.propose(workflow, graph)))

    async def workflows(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        apps = await self._call(self._service.library.apps(caller))
        return web.json_response({"workflows": await self._call(self._service.offers.list(apps))})

    async def _body(self, request: web.Request) -> object:
        return await read_json(request, self._service.settings().apps.publish_mb * 1024)


def _slug(request: web.Request) -> str:
    return request.match_info["slug"]


def _version(request: web.Request) -> int | None:
    text = request.query.get("version")
    return None if text is None else _number(text)


def _number(text: str) -> int:
    if not re.fullmatch("[1-9][0-9]{0,8}", text):
        raise VersionNotFound("Versions are numbered from 1.")
    return int(text)


def _expected(request: web.Request) -> int | None:
    """The version that has to be active, from `If-Match`. Raises BadRequest."""
    text = request.headers.get("If-Match")
    if text is None:
        return None
    if not re.fullmatch('"?[0-9]{1,9}"?', text.strip()):
        raise BadRequest("If-Match must be the number of the active version, 0 for an app that does not exist.")
    return int(text.strip().strip('"'))
