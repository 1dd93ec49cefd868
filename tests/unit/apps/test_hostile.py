"""What hostile callers send: it is refused in one sentence, changes nothing, and holds up nobody else."""

import asyncio
import json

import aiohttp
import pytest

from lectern.apps.webhooks.delivery import new_delivery
from lectern.settings import Apps, Settings
from unit.apps.conftest import V1
from unit.apps.samples import GRAPH

HOOK = "https://hook.example/x"


def form(**fields: str) -> aiohttp.MultipartWriter:
    with aiohttp.MultipartWriter("form-data") as writer:
        for name, value in fields.items():
            writer.append(value).set_content_disposition("form-data", name=name)
    return writer


async def raw(port: int | None, request: bytes) -> bytes:
    """Everything that the server sends until it closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(-1), 10)
    finally:
        writer.close()


@pytest.mark.parametrize(
    "fields, status",
    [
        pytest.param({"_metadata": '{"a": "\\ud800"}'}, 422, id="half of a pair in metadata"),
        pytest.param({"_metadata": '{"a": "\\u0000"}'}, 422, id="NUL in metadata"),
        pytest.param({"text": "a\0b"}, 400, id="NUL in an input"),
    ],
)
async def test_a_form_may_not_hold_what_cannot_be_stored(world, fields, status):
    world.settings = lambda: Settings(apps=Apps(webhook_hosts=["hook.example"]))
    answer = await world.post("/apps/tiny/runs", data=form(width="64", _webhook=HOOK, **fields))
    assert answer.status == status
    _, run = await world.submit("wait=5")
    assert run["status"] == "succeeded"


def test_an_event_can_always_be_stored_with_its_run():
    assert new_delivery("r", "completed", HOOK, {"a": "\ud800é"}, 0).payload == '{"a": "?é"}'


@pytest.mark.parametrize("part", ["events", "outputs.zip"])
async def test_the_answer_to_head_has_no_body(world, part):
    """A body would be read as the next answer on the same connection, and its content is a caller's own."""
    _, run = await world.submit("wait=5")
    path = f"{V1}/runs/{run['id']}/{part}".encode()
    after = b"GET /lectern/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    heads = (await raw(world.client.port, b"HEAD " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n" + after)).split(b"\r\n\r\n")
    assert [head.split(b"\r\n")[0] for head in heads[:2]] == [b"HTTP/1.1 200 OK"] * 2
    assert heads[2] == b'{"status": "ok"}'


async def test_a_host_that_is_none(world):
    sent = b"GET /lectern/v1/openapi.json HTTP/1.1\r\nHost: [\r\nConnection: close\r\n\r\n"
    assert (await raw(world.client.port, sent)).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "body, status",
    [
        pytest.param(json.dumps({"prompt": GRAPH}).replace("0.5", "1e999"), 400, id="a number no JSON can hold"),
        pytest.param(json.dumps({"prompt": GRAPH, "picture": "data:image/png;base64,é"}), 422, id="a picture of é"),
    ],
)
async def test_what_cannot_be_published(world, body, status):
    answer = await world.client.put(f"{V1}/apps/x", data=body, headers={"Content-Type": "application/json"})
    assert answer.status == status
    assert (await world.get("/apps/x")).status == 404


async def test_a_password_of_other_characters(house):
    assert await house.status("GET", "/of/run", {"Authorization": "Basic é"}) == 401
