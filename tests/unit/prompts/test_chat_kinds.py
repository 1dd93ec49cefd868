"""What only some servers can do: say what they see, and unload."""

import asyncio
import logging

import pytest

from lectern.chats import Chat
from lectern.prompts.errors import Blind
from lectern.prompts.server import kinds
from lectern.prompts.server.kinds import is_public
from support.chat import Act
from support.chat.desk import PICTURE, Desk

KINDS = {
    "ollama": "ollama",
    "lmstudio": "lmstudio",
    "lmstudio-0.3": "lmstudio",
    "llamacpp": "llamacpp",
    "vllm": "vllm",
    "openai": "unknown",
    "transformers": "unknown",
    "koboldcpp": "koboldcpp",
}
TELLING = ("ollama", "lmstudio", "lmstudio-0.3", "llamacpp", "koboldcpp")


@pytest.fixture
async def desk():
    async with Desk() as desk:
        yield desk


@pytest.mark.parametrize(("kind", "recognised"), KINDS.items())
async def test_servers_are_told_apart_once(desk, kind, recognised):
    server = await desk.add(kind=kind)
    assert [await desk.hub.member("local").kind() for _ in range(2)] == [recognised] * 2
    assert len(server.requests) == 6


async def test_the_entry_s_word_is_taken(desk):
    server = await desk.add(kind="vllm", entry={"backend": "ollama"})
    assert await desk.hub.member("local").kind() == "ollama"
    assert server.requests == []


async def test_public_servers_are_known_by_name(desk):
    desk.entries["local"] = Chat(url="https://openrouter.ai/api/v1")
    assert await desk.hub.member("local").kind() == "openai"
    assert is_public("api.openai.com") and is_public("eu.api.openai.com")
    assert not is_public("api.openai.com.example.org") and not is_public("notopenrouter.ai")


async def test_a_server_that_is_off_is_asked_again_later(desk):
    server = await desk.add(kind="ollama")
    await server.stop()
    assert await desk.hub.member("local").kind() == "unknown"
    server._port = server.port
    await server.start()
    assert await desk.hub.member("local").kind() == "ollama"


async def test_a_server_that_was_not_ready_is_looked_at_again(desk, monkeypatch):
    await desk.add(kind="llamacpp")
    # While it loads it answers its own routes with errors.
    monkeypatch.setattr(kinds, "_PROBES", ("/none",) * 6)
    assert await desk.hub.member("local").kind() == "unknown"
    monkeypatch.undo()
    assert await desk.hub.member("local").kind() == "unknown"  # not with every question
    monkeypatch.setattr("lectern.prompts.server.member.FRESH", -1)
    assert await desk.hub.member("local").kind() == "llamacpp"


async def test_several_that_end_together_unload_once(desk):
    server = await desk.add(kind="ollama", seconds_to_first=0.05)

    async def use(seed):
        await desk.ask(unload=True, seed=seed)
        await desk.backend(unload=True).release()

    await asyncio.gather(*map(use, range(4)))
    assert server.unloaded == ["tiny"]
    await use(5)
    assert server.unloaded == ["tiny"] * 2


async def test_an_ordinary_question_asks_nothing_else(desk):
    server = await desk.add(kind="ollama", entry={"model": "tiny"})
    await desk.ask()
    await desk.backend().release()
    assert server.paths() == ["/v1/chat/completions"]


# Sight


@pytest.mark.parametrize("kind", TELLING)
@pytest.mark.parametrize("vision", [True, False])
async def test_servers_say_whether_a_model_sees(desk, kind, vision):
    await desk.add(kind=kind, vision=vision)
    if vision:
        await desk.backend().check_sight()
        assert (await desk.ask(pictures=[PICTURE])).text
    else:
        with pytest.raises(Blind, match="does not read pictures"):
            await desk.backend().check_sight()
        with pytest.raises(Blind):
            await desk.ask(pictures=[PICTURE])
        assert (await desk.ask()).text  # without pictures it may be asked


@pytest.mark.parametrize("kind", TELLING)
async def test_they_are_asked_about_it_once_a_minute(desk, kind, monkeypatch):
    server = await desk.add(kind=kind, vision=False)
    for _ in range(3):
        with pytest.raises(Blind):
            await desk.backend().check_sight()
    asked = len(server.requests)
    monkeypatch.setattr("lectern.prompts.server.member.FRESH", -1)
    server.vision = True  # another model was loaded
    await desk.backend(model="tiny").check_sight()
    assert len(server.requests) > asked


@pytest.mark.parametrize("kind", ["openai", "vllm"])
async def test_who_does_not_say_is_allowed(desk, kind):
    await desk.add(kind=kind, vision=False)
    await desk.backend().check_sight()


async def test_the_entry_s_word_wins(desk):
    server = await desk.add(kind="ollama", vision=False, entry={"vision": "yes"})
    await desk.backend().check_sight()
    assert (await desk.ask(pictures=[PICTURE])).text
    desk.change(vision="no")
    server.vision = True
    asked = len(server.requests)
    with pytest.raises(Blind, match="set vision in its entry"):
        await desk.backend().check_sight()
    with pytest.raises(Blind):
        await desk.ask(pictures=[PICTURE])
    assert not any(path.startswith("/api") for path in server.paths()) and len(server.requests) <= asked + 1


@pytest.mark.parametrize("kind", ["openai", "transformers"])
async def test_pictures_that_are_dropped_are_noticed(desk, kind):
    server = await desk.add(kind=kind, vision=False)
    await desk.backend().check_sight()  # nobody knows yet
    with pytest.raises(Blind):
        await desk.ask(pictures=[PICTURE])
    assert [len(body["messages"][1]["content"]) for body in server.chats] == [2, 1]
    assert server.chats[1]["max_tokens"] == 1
    for _ in range(2):
        with pytest.raises(Blind):
            await desk.backend().check_sight()
        with pytest.raises(Blind):
            await desk.ask(pictures=[PICTURE])
    assert len(server.chats) == 2  # it is remembered, and nothing is asked for nothing


async def test_pictures_that_are_seen_are_counted_once(desk):
    server = await desk.add()
    for _ in range(3):
        assert "showing 1 pictures" in (await desk.ask(pictures=[PICTURE])).text
    assert len(server.chats) == 4


@pytest.mark.parametrize("kind", ["vllm", "ollama"])
async def test_servers_that_would_refuse_pictures_are_not_put_to_the_test(desk, kind):
    server = await desk.add(kind=kind)
    await desk.ask(pictures=[PICTURE])
    assert len(server.chats) == 1


async def test_a_server_that_does_not_count_is_believed(desk):
    server = await desk.add(vision=False, counts=False)
    assert (await desk.ask(pictures=[PICTURE])).text
    assert len(server.chats) == 1


async def test_an_answer_is_not_lost_to_the_test(desk):
    server = await desk.add(vision=False, script=[Act(), Act("status", 400, {"error": "no"})])
    assert (await desk.ask(pictures=[PICTURE])).text
    with pytest.raises(Blind):
        await desk.ask(pictures=[PICTURE])
    assert len(server.chats) == 4


async def test_a_server_that_is_off_may_see(desk):
    server = await desk.add(kind="ollama", vision=False)
    await server.stop()
    await desk.backend().check_sight()
    await desk.backend(model="tiny").check_sight()


# Unloading


@pytest.mark.parametrize(
    ("kind", "unloaded"),
    [("ollama", ["tiny"]), ("lmstudio", ["tiny", "tiny:2"]), ("llamacpp", ["tiny"]), ("vllm", []), ("openai", [])],
)
async def test_a_model_is_unloaded_as_its_server_does_it(desk, kind, unloaded):
    server = await desk.add(kind=kind)
    await desk.ask(unload=True)
    await desk.backend(unload=True).release()
    assert server.unloaded == unloaded


async def test_koboldcpp_is_not_made_to_write(desk):
    server = await desk.add(kind="koboldcpp")
    await desk.backend(unload=True).release()
    assert "/api/generate" not in server.paths()


async def test_it_is_kept_unless_that_was_wished_for(desk):
    server = await desk.add(kind="ollama")
    await desk.ask()
    await desk.backend().release()
    assert server.unloaded == []


async def test_it_is_kept_while_another_question_is_under_way_or_waits(desk):
    server = await desk.add(
        kind="ollama", models=("a", "b"), script=[Act("slow", seconds=0.3)], entry={"concurrency": 1}
    )
    questions = [asyncio.create_task(desk.ask(model="a")) for _ in range(2)]
    await server.until(lambda server: server.active)
    await desk.backend(model="a", unload=True).release()
    assert server.unloaded == []
    await desk.backend(model="b", unload=True).release()
    assert server.unloaded == ["b"]
    await asyncio.gather(*questions)
    await desk.backend(model="a", unload=True).release()
    assert server.unloaded == ["b", "a"]


async def test_a_server_that_cannot_is_no_trouble(desk, caplog):
    caplog.set_level(logging.DEBUG)
    server = await desk.add(entry={"backend": "ollama"})
    await desk.backend(unload=True).release()  # it has no such route
    await server.stop()
    await desk.backend(model="another", unload=True).release()
    await desk.backend("unknown", unload=True).release()
    ours = [record for record in caplog.records if record.name.startswith("lectern")]
    assert len(ours) >= 3 and all(record.levelno == logging.DEBUG for record in ours)
