"""Misbehaviour of the double: each fault does what it says, to the requests it is meant for."""

import asyncio
import io
import json

import aiohttp
import pytest
from PIL import Image

from support.webui import Fault
from support.webui.faults import KINDS, bomb
from unit.webui_server.caller import SMALL

ANSWERS = {
    "unauthorized": (401, '{"detail": "Not authenticated"}'),
    "missing": (404, '{"detail": "Not Found"}'),
    "empty": (500, ""),
    "too-many": (429, '{"detail": "rate limit exceeded"}'),
    "no-images": (200, '{"images": [], "parameters": {}, "info": ""}'),
    "empty-image": (200, '{"images": [""], "parameters": {}, "info": ""}'),
    "not-json": (200, "<html><body>Gradio is loading</body></html>"),
}
STATUSES = {"invalid": 422, "error-errors": 500, "error-message": 500, "bare-string": 500, "html": 502, "redirect": 308}


@pytest.mark.parametrize("kind", ANSWERS)
async def test_answers(forge, kind):
    forge.server.fault = Fault(kind)
    answer = await forge.txt2img()
    assert (answer.status, answer.text) == ANSWERS[kind]


@pytest.mark.parametrize("kind", STATUSES)
async def test_errors(forge, kind):
    forge.server.fault = Fault(kind)
    assert (await forge.txt2img()).status == STATUSES[kind]


async def test_a_fault_is_for_a_route_and_so_many_requests(forge):
    forge.server.fault = Fault("empty", times=1, route="txt2img")
    assert (await forge.get("samplers")).status == 200
    assert [(await forge.txt2img()).status for _ in range(2)] == [500, 200]


async def test_several_faults_hit_one_after_the_other(forge):
    forge.server.fault = [Fault("missing", times=2), Fault("too-many", times=1)]
    assert [(await forge.get("samplers")).status for _ in range(4)] == [404, 404, 429, 200]


async def test_a_redirect_keeps_the_path(forge):
    forge.server.fault = Fault("redirect", location="/sd")
    assert (await forge.get("progress?skip_current_image=true")).headers["Location"] == (
        "/sd/sdapi/v1/progress?skip_current_image=true"
    )


async def spoiled(webui, kind, **settings):
    webui.server.fault = Fault(kind, **settings)
    return await webui.txt2img()


async def test_pictures_of_other_kinds_and_sizes(forge):
    assert (await spoiled(forge, "jpeg")).pictures[0].format == "JPEG"
    assert (await spoiled(forge, "webp")).pictures[0].format == "WEBP"
    assert (await spoiled(forge, "wrong-size", size=(48, 40))).sizes == [(48, 40)]
    assert (await spoiled(forge, "extra-grid")).sizes == [(128, 64), (64, 64)]
    assert (await spoiled(forge, "data-url")).json["images"][0].startswith("data:image/png;base64,")


@pytest.mark.parametrize("kind", ["truncated-base64", "not-base64", "not-a-picture", "half-file"])
async def test_pictures_that_are_none(forge, kind):
    answer = await spoiled(forge, kind)
    with pytest.raises((OSError, ValueError)):
        answer.pictures[0].load()


async def test_previews_are_spoiled_too(forge):
    forge.server.hold()
    job = asyncio.ensure_future(forge.txt2img())
    await forge.server.until(lambda server: server.active and server.active[0].steps_done)
    forge.server.fault = Fault("not-base64", route="progress")
    assert (await forge.get("progress")).json["current_image"] == "!!not base64!!"
    forge.server.release()
    assert (await job).status == 200


async def test_info_can_be_broken(forge):
    with pytest.raises(json.JSONDecodeError):
        _ = (await spoiled(forge, "bad-info")).info
    assert "info" not in (await spoiled(forge, "no-info")).json


def test_a_bomb_is_small_on_the_wire_and_true():
    data = bomb(3000, 2000)
    assert len(data) < 3000
    image = Image.open(io.BytesIO(data))
    assert image.size == (3000, 2000)
    assert image.getextrema() == (0, 0)


async def test_a_bomb_arrives(forge):
    answer = await spoiled(forge, "bomb")
    assert len(answer.text) < 200_000
    with pytest.raises(Image.DecompressionBombError):
        _ = answer.pictures


@pytest.mark.parametrize("at", [-1, 0, 1, 1000, 10**9])
async def test_hanging_up_at_any_byte(forge, at):
    forge.server.fault = Fault("disconnect", at=at)
    with pytest.raises(aiohttp.ClientError):
        await forge.txt2img()
    assert forge.server.finished


async def test_an_endless_body_goes_on_until_the_client_leaves(forge):
    forge.server.fault = Fault("endless")
    read = 0
    async with forge.session.post(f"{forge.server.url}/sdapi/v1/txt2img", json=SMALL) as answer:
        async for chunk in answer.content.iter_any():
            read += len(chunk)
            if read > 1 << 20:
                break
    forge.server.fault = None
    assert (await forge.get("samplers")).status == 200


@pytest.mark.parametrize("fault", [Fault("hang"), Fault("slow", seconds=600)])
async def test_a_silent_server_can_still_be_stopped(forge, fault):
    forge.server.fault = fault
    waiting = asyncio.ensure_future(forge.get("samplers"))
    await forge.server.until(lambda server: server.requests)
    await forge.server.stop()
    await asyncio.gather(waiting, return_exceptions=True)
    assert waiting.done()


async def test_faults_and_settings_over_http(forge):
    order = {"fault": {"kind": "too-many", "times": 1, "route": "progress"}, "seconds_per_image": 0.5}
    assert (await forge.post("/__control", order)).json["faults"][0]["kind"] == "too-many"
    assert forge.server.engine.seconds_per_image == 0.5
    assert [(await forge.get("progress")).status for _ in range(2)] == [429, 200]
    seen = (await forge.get("/__control")).json
    assert [row["route"] for row in seen["requests"]] == ["progress", "progress"]


def test_every_fault_is_tested():
    spoilers = {"jpeg", "webp", "wrong-size", "extra-grid", "data-url", "truncated-base64", "not-base64", "half-file"}
    others = {"not-a-picture", "bad-info", "no-info", "bomb", "disconnect", "endless", "hang", "slow"}
    assert {*ANSWERS, *STATUSES, *spoilers, *others} == KINDS
