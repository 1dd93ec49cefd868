"""The entries as the process knows them, and what the editor is told of them."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from lectern.chats import Chat
from lectern.errors import SettingsError
from lectern.prompts.errors import Unreachable
from lectern.prompts.server.hub import ChatHub
from lectern.prompts.server.routes import add_chat_routes
from support.chat import Act
from support.chat.desk import IDEA, Desk


@pytest.fixture
async def desk():
    async with Desk() as desk:
        yield desk


# The hub


async def test_a_stamp_changes_with_the_entry_and_tells_nothing(desk):
    desk.entries["a"] = Chat(url="http://10.1.2.3:8000/v1", key_env="SOME_KEY", plain_http=True, model="secret-model")
    stamp = desk.hub.stamp("a")
    assert stamp == desk.hub.stamp("a") != ""
    assert not any(part in stamp for part in ("10.1.2.3", "8000", "SOME_KEY", "secret"))
    assert ChatHub(desk.hub.settings).stamp("a") != stamp  # nor can it be guessed by trying
    desk.change("a", model="another")
    assert desk.hub.stamp("a") not in (stamp, "")
    assert desk.hub.stamp("b") == ""


async def test_a_stamp_while_lectern_toml_has_a_mistake():
    def broken():
        raise SettingsError("no")

    assert ChatHub(broken).stamp("local") == ""


async def test_an_entry_is_known_until_it_changes(desk):
    await desk.add()
    known = desk.hub.member("local")
    assert desk.hub.member("local") is known
    desk.change(model="tiny")
    assert desk.hub.member("local") is not known


async def test_a_changed_entry_lets_questions_end_that_are_under_way(desk):
    server = await desk.add(script=[Act("slow", seconds=0.2)], entry={"model": "tiny"})
    asking = asyncio.create_task(desk.ask())
    await server.until(lambda server: server.active)
    old = desk.hub.member("local")
    desk.change(concurrency=2)
    assert (await desk.ask(seed=1)).text.startswith(IDEA)
    assert old.connection.is_open
    assert (await asking).text == f"{IDEA}, at dawn"
    await asyncio.wait(desk.hub._errands._tasks, timeout=2)
    assert not old.connection.is_open


async def test_closing_leaves_nothing(desk):
    server = await desk.add(script=[Act("slow", seconds=30)])
    asking = asyncio.create_task(desk.ask())
    await server.until(lambda server: server.active)
    old = desk.hub.member("local")
    desk.change(model="tiny")
    await desk.ask()
    await desk.hub.close()
    assert not old.connection.is_open
    with pytest.raises(Unreachable, match="is no longer asked"):
        await asking


# The routes


@pytest.fixture
async def client(desk):
    async def here(coroutine, /):
        return await coroutine

    routes = web.RouteTableDef()
    add_chat_routes(routes, desk.hub, here)
    app = web.Application()
    app.add_routes(routes)
    async with TestClient(TestServer(app)) as client:
        yield client


async def models(client, chat: str, **query: str):
    answer = await client.get("/lectern/v1/prompts/models", params={"chat": chat, **query})
    return answer.status, await answer.json()


async def test_entries_are_named_and_nothing_more(desk, client, monkeypatch):
    monkeypatch.setenv("SECRET", "hunter2")
    await desk.add("a", entry={"key_env": "SECRET"})
    await desk.add("b", entry={"model": "large"})
    text = await (await client.get("/lectern/v1/prompts/chats")).text()
    assert text == '{"chats": [{"name": "a", "model": ""}, {"name": "b", "model": "large"}]}'


async def test_models_are_listed(desk, client):
    await desk.add(models=("a", "b"))
    assert await models(client, "local") == (200, {"chat": "local", "models": ["a", "b"]})


async def test_odd_lists_are_cut_to_size(desk, client):
    names = ("a", "a", "b" * 257, "c\n", "", "d" * 256, *(f"m{number}" for number in range(3000)))
    await desk.add(models=names)
    listed = (await models(client, "local"))[1]["models"]
    assert listed[:3] == ["a", "d" * 256, "m0"] and len(listed) == 2000


async def test_failures_are_answers(desk, client):
    server = await desk.add()
    await server.stop()
    status, answer = await models(client, "local")
    assert (status, answer["error"]["code"]) == (502, "chat_unavailable")
    assert "nothing listens there" in answer["error"]["message"]
    status, answer = await models(client, "../x")
    assert (status, answer["error"]["code"]) == (404, "chat_not_found")
    desk.entries["local"] = Chat(url="http://127.0.0.1:9", key_env="LECTERN_NO_SUCH_KEY")
    status, answer = await models(client, "local")
    assert (status, answer["error"]["code"]) == (503, "not_ready")


async def test_asked_quietly_a_failure_is_a_note(desk, client):
    server = await desk.add()
    await server.stop()
    for name, said in (("local", "nothing listens there"), ("unknown", "has no chat model 'unknown'")):
        status, content = await models(client, name, quiet="1")
        assert status == 200 and said in content.pop("note") and content == {"chat": name, "models": []}
        assert str(server.port) not in said


async def test_a_caller_cannot_make_us_hammer_a_server(desk, client):
    server = await desk.add()
    await asyncio.gather(*(models(client, "local", refresh="1") for _ in range(10)))
    assert server.paths() == ["/v1/models"]


async def test_a_list_is_kept_for_a_minute_unless_it_is_asked_for_anew(desk, client, monkeypatch):
    monkeypatch.setattr("lectern.prompts.server.routes._REST", -1)
    server = await desk.add()
    await models(client, "local")
    await models(client, "local")
    assert len(server.requests) == 1
    server.models = ("new",)
    assert (await models(client, "local", refresh="1"))[1]["models"] == ["new"]


async def test_another_entry_of_the_same_name_is_asked_at_once(desk, client):
    await desk.add(models=("a",))
    assert (await models(client, "local"))[1]["models"] == ["a"]
    other = await desk.add("other", models=("b",))
    desk.change(url=other.url)
    assert (await models(client, "local"))[1]["models"] == ["b"]
