"""The backend against a real server, `transformers serve`: what a double may get wrong, it does not."""

import asyncio
import json

import aiohttp
import pytest

from lectern.chats import Chat
from lectern.prompts.errors import AnswerError, Blind, ChatTimeout, Refused
from lectern.prompts.server import faults
from support.chat.desk import PICTURE, SCHEMA, Desk
from support.chat.real import RealServer


@pytest.fixture
async def desk(real_server: RealServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(faults, "_FIRST_PAUSE", 0.002)
    async with Desk() as desk:
        desk.entries["local"] = Chat(url=real_server.url, model=real_server.model)
        yield desk


async def test_text_comes(desk):
    reply = await desk.ask(max_tokens=24, temperature=1.0, top_p=0.9)
    assert reply.text and not reply.complete and reply.tokens == 24 and reply.notes == ()
    assert desk.watch.glimpse.text.strip() and len(desk.glimpses) > 3


async def test_the_same_seed_gives_the_same_text(desk):
    first, second, other = [await desk.ask(max_tokens=24, seed=seed) for seed in (2**63 + 5, 2**63 + 5, 2**63 + 6)]
    assert first.text == second.text != other.text


async def test_cancelling_frees_it(desk):
    asking = asyncio.create_task(desk.ask(max_tokens=15_000))
    begun = asyncio.Event()
    desk.watch.listen(begun.set)
    await begun.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await desk.ask(max_tokens=4)
    assert loop.time() - begun < 5  # 15,000 tokens take it longer


async def test_a_limit_frees_it_too(desk):
    desk.change(total_seconds=0.5)
    with pytest.raises(ChatTimeout, match=r"did not finish its answer in 0\.5 seconds"):
        await desk.ask(max_tokens=15_000)


async def test_a_schema_is_ignored_without_a_word(desk):
    reply = await desk.ask(schema=SCHEMA, max_tokens=24)
    with pytest.raises(ValueError):
        json.loads(reply.text)


async def test_pictures_are_dropped_without_a_word_and_that_is_noticed(desk):
    await desk.backend().check_sight()
    with pytest.raises(Blind):
        await desk.ask("What is this?", pictures=[PICTURE], max_tokens=4)
    with pytest.raises(Blind):
        await desk.backend().check_sight()


async def test_fields_that_it_does_not_know_are_told(desk):
    reply = await desk.ask(max_tokens=4, fields={"top_k": 40, "keep_alive": 0, "stop": ["zzz"]})
    assert sorted(reply.notes) == [
        f"The server does not take {name}; it was left out." for name in ("keep_alive", "top_k")
    ]


async def test_thinking_is_a_matter_of_its_template(desk):
    assert (await desk.ask(max_tokens=4, thinking="off")).notes == ()


async def test_its_model_is_found_or_asked_for(desk, real_server):
    """What it lists differs from release to release: nothing, or the one that it was started with."""
    desk.change(model="")
    try:
        assert (await desk.ask(max_tokens=4)).text
    except AnswerError as error:
        assert "Set model in [chat.local] of lectern.toml" in str(error)
    else:
        assert await desk.hub.member("local").models() == (real_server.model,)


async def test_another_model_is_refused(desk):
    with pytest.raises(Refused, match="pinned"):
        await desk.ask(model="another")


async def test_two_at_once(desk):
    replies = await asyncio.gather(*(desk.ask(max_tokens=16, seed=seed) for seed in range(3)))
    assert [reply.tokens for reply in replies] == [16] * 3


async def test_release_is_no_trouble(desk):
    await desk.backend(unload=True).release()
    assert (await desk.ask(max_tokens=4)).text


async def test_what_is_sent_is_what_any_client_would_send(desk, real_server):
    """The same request by hand gives the same text."""
    reply = await desk.ask(max_tokens=16, seed=3)
    body = {
        "model": real_server.model, "max_tokens": 16, "seed": 3, "stream": False,
        "messages": [
            {"role": "system", "content": "You write prompts."},
            {"role": "user", "content": "a red lighthouse on a cliff"},
        ],
    }  # fmt: skip
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{real_server.url}/chat/completions", json=body) as answer,
    ):
        content = (await answer.json())["choices"][0]["message"]["content"]
    assert content.strip() == reply.text
