"""The chat server of our tests: what others may rely on."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from support.chat import Act, ChatServer, ChatThread, default_answer, fill
from support.chat.acts import too_many

TESTS = Path(__file__).parents[2]
SLIDE = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "minLength": 40, "maxLength": 60},
        "bullets": {"type": "array", "items": {"type": "string"}, "minItems": 4, "maxItems": 5},
        "kind": {"enum": ["cover", "point"]},
        "level": {"type": "integer", "minimum": 1, "maximum": 2},
        "weight": {"type": "number", "minimum": 3, "maximum": 3},
        "shown": {"type": "boolean"},
        "version": {"const": 2},
        "note": {"type": ["string", "null"]},
        "next": {"anyOf": [{"type": "null"}, {"type": "string"}]},
    },
    "required": ["title", "bullets", "kind", "level", "weight", "shown", "version", "note", "next"],
    "additionalProperties": False,
}
DECK = {
    "type": "object",
    "properties": {"slides": {"type": "array", "items": {"$ref": "#/$defs/slide"}, "minItems": 8}},
    "required": ["slides"],
    "$defs": {"slide": SLIDE},
}


def body(text="a red lighthouse", **fields):
    return {"model": "tiny", "messages": [{"role": "user", "content": text}], **fields}


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("words", [["a", "red", "lighthouse"], []])
def test_schemas_are_filled(seed, words):
    made = fill(DECK, words, seed)
    titles = [slide["title"] for slide in made["slides"]]
    assert len(titles) == len(set(titles)) == 8
    for slide in made["slides"]:
        assert list(slide) == list(SLIDE["properties"])
        assert 40 <= len(slide["title"]) <= 60 and len(slide["bullets"]) == 4
        assert slide["kind"] in ("cover", "point") and slide["level"] in (1, 2) and slide["weight"] == 3
        assert isinstance(slide["shown"], bool) and slide["version"] == 2
        assert isinstance(slide["note"], str) and slide["next"] is None


def test_the_default_answer_is_what_was_asked_for():
    held = {"type": "json_schema", "json_schema": {"name": "x", "schema": SLIDE}}
    assert json.loads(default_answer(body(response_format=held)))["version"] == 2
    assert json.loads(default_answer(body(f"Answer in JSON, as {json.dumps(SLIDE)}")))["version"] == 2
    assert json.loads(default_answer(body(response_format={"type": "json_object"})))["text"]
    assert json.loads(default_answer(body("Answer in JSON")))["text"]
    assert default_answer(body(seed=1)) == "a red lighthouse, at dusk"
    assert default_answer(body("")) == "nothing, at dawn"


async def chat(server, **fields):
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.url}/chat/completions", json=body(**fields)) as answer,
    ):
        return answer.status, await answer.text()


async def test_it_streams_or_not():
    async with ChatServer() as server:
        status, whole = await chat(server)
        assert (status, json.loads(whole)["choices"][0]["message"]["content"]) == (200, "a red lighthouse, at dawn")
        _, streamed = await chat(server, stream=True, stream_options={"include_usage": True})
        *chunks, done = [line.removeprefix("data: ") for line in streamed.split("\n\n") if line]
        assert done == "[DONE]" and json.loads(chunks[-1])["usage"]["completion_tokens"] == 6
        said = [
            (one.get("choices") or [{"delta": {}}])[0]["delta"].get("content", "") for one in map(json.loads, chunks)
        ]
        assert "".join(said) == "a red lighthouse, at dawn"


async def test_a_script_is_followed_once():
    async with ChatServer(script=[too_many("7"), Act("status", 500, "broken")]) as server:
        assert [(await chat(server))[0] for _ in range(3)] == [429, 500, 200]
        assert len(server.chats) == 3 and server.finished == 1


async def test_requests_are_counted_while_they_run():
    async with ChatServer(limit=2, seconds_per_token=0.02) as server:
        statuses = [status for status, _ in await asyncio.gather(*(chat(server, stream=True) for _ in range(4)))]
        assert sorted(statuses) == [200, 200, 429, 429]
        assert (server.highest, server.active, server.finished, server.broken) == (2, 0, 2, 0)


def test_on_a_thread_of_its_own():
    with ChatThread(kind="ollama", models=("a",)) as thread:
        answer = subprocess.run(["curl", "-s", f"{thread.url}/models"], check=True, capture_output=True).stdout
        assert json.loads(answer)["data"][0]["id"] == "a"
        thread.until(lambda server: server.paths() == ["/v1/models"])


def test_from_a_shell():
    command = [sys.executable, "-m", "support.chat", "--kind", "ollama", "--models", "a", "b"]
    paths = {"PYTHONPATH": os.pathsep.join((str(TESTS), str(TESTS.parent)))}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | paths, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        answer = subprocess.run(["curl", "-s", f"{url}/models"], check=True, capture_output=True).stdout
        process.kill()
    assert [one["id"] for one in json.loads(answer)["data"]] == ["a", "b"]
