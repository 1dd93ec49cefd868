"""The backend against the server that LECTERN_TEST_CHAT_URL names, with a model that understands what it is asked.

LECTERN_TEST_CHAT_MODEL names its model, else its first one is taken; LECTERN_TEST_CHAT_KEY_ENV the variable that holds
its key.
"""

import io
import json
import os

import pytest
from PIL import Image

from lectern.chats import Chat
from lectern.prompts.errors import Blind
from support.chat.desk import SCHEMA, Desk

URL = os.environ.get("LECTERN_TEST_CHAT_URL", "")

pytestmark = pytest.mark.skipif(not URL, reason="LECTERN_TEST_CHAT_URL names no server")


@pytest.fixture
async def desk():
    async with Desk() as desk:
        desk.entries["local"] = Chat(
            url=URL,
            model=os.environ.get("LECTERN_TEST_CHAT_MODEL", ""),
            key_env=os.environ.get("LECTERN_TEST_CHAT_KEY_ENV", ""),
        )
        yield desk


async def test_it_lists_its_models(desk):
    assert await desk.hub.member("local").models()


async def test_it_answers_piece_by_piece(desk):
    reply = await desk.ask("Name three colours of the rainbow.", temperature=0.2, max_tokens=2000)
    assert reply.complete and reply.tokens and "red" in reply.text.lower()
    assert len(desk.glimpses) > 2 and "<think" not in reply.text


async def test_an_answer_is_cut_at_its_length(desk):
    reply = await desk.ask("Count from 1 to 500 in words.", max_tokens=20, thinking="off")
    assert not reply.complete


async def test_it_is_held_to_a_schema(desk):
    asked = "A slide about lighthouses: its title and three bullets. Answer with a JSON object: title, bullets."
    reply = await desk.ask(asked, schema=SCHEMA, max_tokens=2000)
    assert json.loads(reply.text).keys() == {"title", "bullets"}


async def test_it_sees_or_says_that_it_does_not(desk):
    file = io.BytesIO()
    Image.new("RGB", (64, 64), (220, 20, 20)).save(file, "JPEG")
    try:
        await desk.backend().check_sight()
        reply = await desk.ask("Which colour is this? One word.", pictures=[file.getvalue()], max_tokens=2000)
    except Blind:
        assert (await desk.ask("Say yes.", max_tokens=2000)).text
    else:
        assert "red" in reply.text.lower()


async def test_it_unloads_and_answers_again(desk):
    await desk.ask("Say yes.", max_tokens=2000)
    await desk.backend(unload=True).release()
    assert (await desk.ask("Say yes.", max_tokens=2000)).text
