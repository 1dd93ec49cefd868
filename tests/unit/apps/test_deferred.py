"""Addresses are there at once; what answers them comes with the first request."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from lectern.apps.access.gate import create_gate
from lectern.apps.deferred import ADDRESSES, Collected, Deferred
from lectern.apps.service import create_service
from lectern.apps.store.places import FILE_NAME
from lectern.apps.store.storage import Storage
from lectern.apps.surface.endpoints import mount
from lectern.apps.surface.keys import access_table
from lectern.apps.surface.routes import add_routes, here
from lectern.apps.surface.views import PREFIX
from lectern.settings import Settings

ROOT = Path(__file__).parents[3]


async def test_the_addresses_are_those_of_the_handlers(tmp_path):
    storage = Storage(tmp_path)
    service = create_service(
        workflows=tmp_path, private=tmp_path, base_url=lambda: "", tls=lambda: None, settings=Settings, storage=storage
    )
    routes = Collected()
    gate = create_gate(tmp_path, storage, Settings, here)
    add_routes(routes, service, here, gate)
    mount(routes, PREFIX, access_table(gate), gate)
    assert sorted({route.path for route in routes if isinstance(route, web.RouteDef)}) == sorted(ADDRESSES)
    await service.close()
    await gate.close()


def test_the_name_of_the_database_is_the_stores():
    assert f'DATABASE = "{FILE_NAME}"' in (ROOT / "lectern" / "mount.py").read_text("utf-8")


class Built:
    """A deferred service on a server, with ComfyUI's mirror below /api."""

    def __init__(self):
        self.times = 0
        self.deferred = Deferred(self.build)
        routes = web.RouteTableDef()
        self.deferred.add_to(routes)
        app = web.Application()
        app.add_routes(routes)
        mirror = [web.route("*", f"/api{path}", self.deferred._answer) for path in ADDRESSES]
        app.add_routes(mirror)
        self.client = TestClient(TestServer(app))

    def build(self, routes):
        self.times += 1

        async def say(request):
            return web.Response(text=f"{request.method} {request.match_info.get('id', '')}")

        for path in ADDRESSES:
            routes.route("GET", path)(say)
            routes.route("*", path)(lambda request: say(request))
        return "service"


@pytest.fixture
async def built():
    made = Built()
    async with made.client:
        yield made


async def test_it_is_built_once_however_many_ask_first(built):
    assert built.times == 0
    answers = await asyncio.gather(*(built.client.get(f"/lectern/v1/runs/{number}") for number in range(8)))
    assert [await answer.text() for answer in answers] == [f"GET {number}" for number in range(8)]
    assert (await built.deferred.service(), built.times) == ("service", 1)


@pytest.mark.parametrize("prefix", ["", "/api"])
@pytest.mark.parametrize("method", ["GET", "DELETE", "OPTIONS"])
async def test_method_and_address_find_their_handler(built, method, prefix):
    answer = await built.client.request(method, f"{prefix}/lectern/v1/files/x")
    assert await answer.text() == f"{method} x"
    assert (await built.client.head(f"{prefix}/lectern/v1/files/x")).status == 200


async def test_an_address_may_go_on_behind_its_slashes(built):
    for path in ("/lectern/openai/v1/models/own/er", "/lectern/openai/v1/else/where"):
        assert (await built.client.get(path)).status == 200


def test_importing_the_addresses_imports_nothing_of_what_answers():
    code = (
        "import sys, lectern.apps.deferred, lectern.apps.pages; "
        "print(sorted(name for name in sys.modules if name.startswith('lectern.apps.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "surface" not in done.stdout and "store" not in done.stdout and "deferred" in done.stdout
