"""A server with a gate, and handlers that only tell who was let in."""

import json
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from lectern.apps.access.audit import FILE_NAME, AuditLog
from lectern.apps.access.gate import Gate
from lectern.apps.access.keyring import KeyRing
from lectern.apps.access.keys import Issued, Wanted
from lectern.apps.access.sessions import Sessions
from lectern.apps.callers import Caller, Scope
from lectern.apps.store.storage import Storage
from lectern.apps.surface.answers import begin
from lectern.apps.surface.endpoints import Endpoint, Table, mount
from lectern.apps.surface.keys import access_table
from lectern.apps.surface.routes import here
from lectern.settings import Apps, Settings

V1 = "/lectern/v1"
ELSEWHERE = {"X-Forwarded-For": "203.0.113.9"}
PAGE = {"Origin": "https://page.example", "Sec-Fetch-Site": "cross-site"}


def wanted(*scopes: Scope, **limits: Any) -> Wanted:
    return Wanted("robot", frozenset(scopes or (Scope.RUN,)), **limits)


async def who(request: web.Request, caller: Caller) -> web.StreamResponse:
    return web.json_response({"owner": caller.owner, "name": caller.name, "guest": caller.guest})


async def stream(request: web.Request, caller: Caller) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Vary": "Accept"})
    await begin(request, response)
    await response.write(b"piece")
    return response


async def submitted(request: web.Request, caller: Caller) -> web.StreamResponse:
    await request.read()
    return web.json_response({}, status=201, headers={"Location": f"{V1}/runs/{'r' * 36}"})


TABLE: Table = {
    **{f"/of/{scope}": {"GET": Endpoint(who, scope), "POST": Endpoint(who, scope)} for scope in Scope},
    "/apps/{slug}": {"GET": Endpoint(who, Scope.GUEST), "PUT": Endpoint(who, Scope.PUBLISH)},
    "/apps/{slug}/runs": {"POST": Endpoint(submitted, Scope.GUEST)},
    "/runs/{id}/cancel": {"POST": Endpoint(who, Scope.GUEST)},
    "/stream": {"GET": Endpoint(stream, Scope.ANYONE)},
}


class House:
    """One server and its clocks."""

    def __init__(self, folder: Path) -> None:
        self.private = folder / "private"
        self.apps = Apps(access="keys")
        self.now = 1_750_000_000.0  # seconds
        self.storage: Storage
        self.gate: Gate
        self.client: TestClient[Any, Any]

    def settings(self) -> Settings:
        return Settings(apps=self.apps)

    async def start(self) -> None:
        self.storage = Storage(self.private)
        ring = KeyRing(self.storage, self.private, here, lambda: int(self.now * 1000))
        audit = AuditLog(self.private)
        clock = lambda: self.now  # noqa: E731
        self.gate = Gate(ring, Sessions(self.private), audit, lambda: self.settings(), clock, clock)
        routes = web.RouteTableDef()
        mount(routes, V1, {**TABLE, **access_table(self.gate)}, self.gate)
        app = web.Application()
        app.add_routes(routes)
        self.client = TestClient(TestServer(app))
        await self.client.start_server()

    async def stop(self) -> None:
        await self.client.close()
        await self.gate.close()
        await self.storage.close()

    async def key(self, *scopes: Scope, **limits: Any) -> Issued:
        return await self.gate.keys.create(wanted(*scopes, **limits))

    async def ask(
        self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any
    ) -> ClientResponse:
        return await self.client.request(method, V1 + path, headers=headers or {}, **options)

    async def status(self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> int:
        return (await self.ask(method, path, headers, **options)).status

    async def cookie(self, key: Issued) -> dict[str, str]:
        """The header of a browser that has signed in."""
        answer = await self.ask("POST", "/session", json={"key": key.text})
        assert answer.status == 200
        self.client.session.cookie_jar.clear()
        return {"Cookie": f"lectern_session={answer.cookies['lectern_session'].value}"}

    async def audited(self) -> list[dict[str, Any]]:
        """The lines that were written so far."""
        self.gate._audit._thread.submit(lambda: None).result()
        file = self.private / FILE_NAME
        return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


def bearer(key: Issued | str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key if isinstance(key, str) else key.text}"}
