"""What the editor asks to fill its lists."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from lectern.sdwebui.routes import add_server_routes
from lectern.servers import Server
from support.webui import Fault


@pytest.fixture
async def client(farm):
    async def here(coroutine, /):
        return await coroutine

    routes = web.RouteTableDef()
    add_server_routes(routes, farm.hub, here)
    app = web.Application()
    app.add_routes(routes)
    async with TestClient(TestServer(app)) as client:
        yield client


async def lists(client, server: str, refresh: bool = False):
    answer = await client.get(
        "/lectern/v1/sdwebui/lists", params={"server": server} | ({"refresh": "1"} if refresh else {})
    )
    return answer.status, await answer.json()


async def test_servers_are_named_and_nothing_more(client, farm, monkeypatch):
    monkeypatch.setenv("SECRET", "hunter2")
    await farm.add("forge", entry={"user": "me", "password_env": "SECRET"})
    farm.pool()
    text = await (await client.get("/lectern/v1/sdwebui/servers")).text()
    assert text == '{"servers": [{"name": "forge", "pool": []}, {"name": "farm", "pool": ["forge"]}]}'


@pytest.mark.parametrize("dialect", ["a1111", "a1111-1.8", "reforge", "forge", "sdnext", "sdcpp", "koboldcpp"])
async def test_lists_of_every_family(client, farm, dialect):
    server = await farm.add(dialect=dialect)
    status, answer = await lists(client, "local")
    assert status == 200
    assert answer["lists"]["samplers"] == [one["name"] for one in server.lists["samplers"]]
    assert answer["lists"]["checkpoints"]
    assert all(isinstance(name, str) for names in answer["lists"].values() for name in names)
    assert not any("---" in name for name in answer["lists"]["styles"])  # separator rows
    if dialect not in ("sdcpp", "koboldcpp"):
        assert "prompt matrix" in {name.casefold() for name in answer["lists"]["scripts"]}
        assert set(answer["lists"]["hires_upscalers"]) > {"Lanczos"} | set(answer["lists"]["latent_upscalers"])


async def test_a_pool_offers_what_its_servers_have_in_common(client, farm):
    await farm.add("a")
    await farm.add("b", dialect="sdcpp")
    farm.entries["off"] = Server(url="http://127.0.0.1:9", connect_seconds=1)
    farm.entries["farm"] = Server(pool=["a", "b", "off"])
    _, both = await lists(client, "farm")
    assert both["dialects"] == ["Forge", "stable-diffusion.cpp"]
    assert set(both["lists"]["upscalers"]) <= set((await lists(client, "a"))[1]["lists"]["upscalers"])
    assert both["lists"]["scripts"] == []


async def test_failures_are_answers(client, farm):
    farm.entries["off"] = Server(url="http://127.0.0.1:9", connect_seconds=1)
    status, answer = await lists(client, "off")
    assert (status, answer["error"]["code"]) == (502, "server_unavailable")
    assert "cannot be reached" in answer["error"]["message"]
    status, answer = await lists(client, "../x")
    assert (status, answer["error"]["code"]) == (404, "server_not_found")
    assert (await lists(client, ""))[0] == 404


async def test_asked_quietly_a_failure_is_a_note(client, farm):
    """So that the browser's console stays empty when a server is off."""
    farm.entries["off"] = Server(url="http://127.0.0.1:9", connect_seconds=1)
    for name, said in (("off", "cannot be reached"), ("unknown", "has no server 'unknown'")):
        answer = await client.get("/lectern/v1/sdwebui/lists", params={"server": name, "quiet": "1"})
        assert answer.status == 200
        content = await answer.json()
        assert said in content.pop("note") and content == {"server": name, "dialects": [], "lists": {}}


async def test_a_caller_cannot_make_us_hammer_a_server(client, farm):
    server = await farm.add()
    for _ in range(5):
        await lists(client, "local", refresh=True)
    assert server.routes().count("samplers") == 2  # told its kind, and listed


async def test_one_broken_list_does_not_take_the_others(client, farm):
    await farm.add(fault=Fault("error-message", route="loras"))
    status, answer = await lists(client, "local")
    assert status == 200 and answer["lists"]["loras"] == [] and answer["lists"]["samplers"]
