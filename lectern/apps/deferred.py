"""The addresses of the apps without what answers them: that is imported with the first request, not at ComfyUI's start.

Nothing is imported here but what ComfyUI has in memory anyway.
"""

import asyncio
import re
import threading
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from aiohttp import web

S = TypeVar("S")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

V1 = "/lectern/v1"
OPENAI = "/lectern/openai/v1"
# A test compares them with what `add_routes` and `access_table` add.
ADDRESSES = (
    "/lectern/health",
    "/lectern/ready",
    "/lectern/metrics",
    *(f"/lectern/internal/{name}" for name in ("ping", "progress", "pending-tasks")),
    *(
        f"/lectern/sdapi/v1/{name}"
        for name in (
            *("txt2img", "img2img", "png-info", "progress", "interrupt", "skip", "options"),
            *("sd-models", "samplers", "schedulers", "sd-vae", "upscalers", "latent-upscale-modes", "loras"),
            *("embeddings", "hypernetworks", "face-restorers", "realesrgan-models", "prompt-styles", "extensions"),
            *("scripts", "script-info", "cmd-flags", "memory", "refresh-checkpoints", "refresh-vae", "refresh-loras"),
            *("refresh-embeddings", "unload-checkpoint", "reload-checkpoint", "{name}"),
        )
    ),
    *(
        V1 + path
        for path in (
            "/apps",
            "/apps/{slug}",
            "/apps/{slug}/versions",
            "/apps/{slug}/versions/{n}/activate",
            "/apps/{slug}/export",
            "/apps/{slug}/picture",
            "/apps/{slug}/openapi.json",
            "/apps/{slug}/runs",
            "/propose",
            "/workflows",
            "/openapi.json",
            "/runs",
            "/runs/{id}",
            "/runs/{id}/cancel",
            "/runs/{id}/events",
            "/runs/{id}/outputs.zip",
            "/runs/{id}/outputs/{k}",
            "/files",
            "/files/{id}",
            "/session",
            "/keys",
            "/keys/{id}",
            "/fleet",
        )
    ),
    *(
        OPENAI + path
        for path in ("/models", "/models/{model:.+}", "/images/generations", "/images/edits", "/{address:.*}")
    ),
)


class Collected(web.RouteTableDef):
    """Takes routes as a server would, to be looked up by method and address."""

    def find(self, method: str, path: str) -> Handler:
        handlers = {
            (route.method, _canonical(route.path)): route.handler for route in self if isinstance(route, web.RouteDef)
        }
        asked = "GET" if method == "HEAD" else method  # aiohttp itself leaves out the body
        handler = handlers.get((asked, path)) or handlers["*", path]
        return handler  # type: ignore[return-value]


def _canonical(path: str) -> str:
    """As aiohttp names a resource: without the patterns of its parts."""
    return re.sub(r"\{(\w+):[^{}]*\}", r"{\1}", path)


class Deferred(Generic[S]):
    """Made when it is first needed.

    Args:
        build: gives the service, and adds its routes; called once, on a thread of its own.
    """

    def __init__(self, build: Callable[[web.RouteTableDef], S]) -> None:
        self._build = build
        self._lock = threading.Lock()
        self._built: tuple[S, Collected] | None = None
        self._handlers: dict[tuple[str, str], Handler] = {}

    def add_to(self, routes: web.RouteTableDef) -> None:
        for path in ADDRESSES:
            routes.route("*", path)(self._answer)

    async def service(self) -> S:
        return (await self._made())[0]

    async def _made(self) -> tuple[S, Collected]:
        return self._built or await asyncio.to_thread(self._make)

    def _make(self) -> tuple[S, Collected]:
        with self._lock:
            if self._built is None:
                routes = Collected()
                self._built = self._build(routes), routes
            return self._built

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        resource = request.match_info.route.resource
        assert resource is not None
        path = resource.canonical.removeprefix("/api")  # where ComfyUI mirrors it
        key = request.method, path
        if key not in self._handlers:
            handler = (await self._made())[1].find(*key)
            if len(self._handlers) < 1000:  # methods are what callers make up
                self._handlers[key] = handler
            return await handler(request)
        return await self._handlers[key](request)
