"""What hostile callers send through other people's APIs: refused in one sentence, and nothing is kept of it."""

import asyncio
import io
import json
import os
import struct
import threading
import tracemalloc
from typing import Any

import pytest
from aiohttp import FormData
from PIL import Image

from lectern.apps.callers import GUEST, Caller, Scope
from lectern.apps.errors import Forbidden, NotReady, Unauthorized
from lectern.apps.faces.pictures import DECODED_AT_ONCE, Bench
from lectern.apps.files import pictures
from lectern.apps.nodeclasses import NodeClasses
from lectern.apps.surface import answers
from unit.apps import fake_comfy, media, painting
from unit.apps.access_house import ELSEWHERE, bearer
from unit.apps.fake_comfy import FakeComfy
from unit.apps.painter import furnish
from unit.apps.painting import png
from unit.apps.test_face_a1111 import API, RETOUCH, Studio, encoded
from unit.apps.test_face_openai import FACE, PAINT, Face

JSON = {"Content-Type": "application/json"}
LARGE = encoded(png((8, 8)) + os.urandom(700_000))  # what follows a PNG's end is not looked at


@pytest.fixture
async def face(world, comfy):
    furnish(comfy)
    made = Face(world)
    await made.publish("paint", *PAINT)
    return made


@pytest.fixture
async def studio(tmp_path, comfy, monkeypatch):
    monkeypatch.setattr(fake_comfy, "save_pictures", painting.paint)
    comfy.object_info |= painting.OBJECT_INFO
    painting.write_apps(tmp_path / "workflows")
    made = Studio(tmp_path, comfy)
    await made.start()
    yield made
    await made.stop()


@pytest.mark.parametrize("text", ["\\ud800", "\\u0000"])
async def test_further_inputs_as_a_text_may_not_hold_what_cannot_be_stored(face, text):
    status, param, message = await face.refused(input=f'{{"prompt": "a{text}"}}')
    assert (status, param) == (400, "input") and message.startswith("input must be an object")
    assert await face.runs() == []


async def test_a_form_of_many_pictures_is_not_kept(face):
    form = FormData({"model": "paint", "prompt": "x"})
    for n in range(60):
        form.add_field("image[]", media.picture(size=(8 + n, 8)), filename="a.png", content_type="image/png")
    answer = await face.world.client.post(f"{FACE}/images/edits", data=form)
    assert answer.status == 413
    assert len(list((face.world.folder / "private/files").glob("*/*"))) == 17


async def test_an_address_is_asked_for_before_anything_runs(face):
    body = {"model": "paint", "prompt": "x", "response_format": "url"}
    answer = await face.world.client.post(f"{FACE}/images/generations", json=body, headers={"Host": "["})
    assert answer.status == 400 and await face.runs() == []


@pytest.mark.parametrize("apps", [frozenset({"paint"}), frozenset({"paint", "sdwebui:third"})])
async def test_a_key_for_other_apps_does_not_learn_which_servers_there_are(face, apps):
    caller, said = Caller("k", scopes=frozenset({Scope.RUN}), apps=apps), set()
    for server in ("local", "absent"):
        with pytest.raises(Forbidden) as refused:
            await face.world.service.doors.resolve(f"sdwebui:{server}/x", caller)
        said.add(str(refused.value).replace(server, "SERVER"))
    assert len(said) == 1


async def test_strangers_do_not_make_comfyui_look_for_pipelines(face, monkeypatch):
    monkeypatch.setattr(NodeClasses, "get", None)
    with pytest.raises(Unauthorized):
        await face.world.service.doors.resolve("diffusers:other", GUEST)


async def test_options_that_are_refused_leave_those_that_were_set(studio):
    await studio.ask("options", {"sd_model_checkpoint": "sketch", "mine": 1})
    await studio.ask("options", {"large": "a" * 40_000}, 422)
    options = await studio.ask("options")
    assert (options["sd_model_checkpoint"], options["mine"]) == ("sketch", 1) and "large" not in options


async def test_a_broken_picture_is_refused_without_saying_where_it_lies(studio):
    broken = b"\xff\xd8\xff" + os.urandom(100)
    files = {"data": io.BytesIO(broken), "headers": {"Content-Type": "image/jpeg"}}
    said = [await (await studio.post("/files", **files)).text()]
    for body in ({"init_images": [encoded(broken)]}, {"init_images": [encoded(png())], "mask": encoded(broken)}):
        said.append(json.dumps(await studio.ask("img2img", {**RETOUCH, **body}, 422)))
    for text in said:
        assert "first bytes" in text and str(studio.folder) not in text and " at 0x" not in text


def endless_gif(frames: int) -> bytes:
    frame = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0"
    return b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff" + frame * frames + b";"


def endless_tiff(pages: int) -> bytes:
    """A byte each."""
    tags = [(256, 1), (257, 1), (258, 8), (259, 1), (262, 1), (273, 0), (278, 1), (279, 1)]
    entries = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    size = len(entries) + 4
    return b"II*\0\x08\0\0\0" + b"".join(
        entries + struct.pack("<I", 8 + (page + 1) * size if page + 1 < pages else 0) for page in range(pages)
    )


@pytest.mark.parametrize("endless, kind", [(endless_gif, "image/gif"), (endless_tiff, "image/tiff")])
async def test_frames_are_not_counted_without_end(studio, monkeypatch, endless, kind):
    """Two files of a hundred megabytes would have kept everybody else from sending pictures, for hours."""
    monkeypatch.setattr(pictures, "FRAMES", 50)
    headers, many = {"Content-Type": kind}, endless(51)
    assert (await studio.post("/files", data=endless(50), headers=headers)).status == 201
    answer = await studio.post("/files", data=many, headers=headers)
    assert answer.status == 415 and "may be 50." in await answer.text()
    body = {**RETOUCH, "init_images": [encoded(png())], "mask": encoded(many)}
    assert "pixels" in json.dumps(await studio.ask("img2img", body, 422))
    with Image.open(io.BytesIO(endless(50_000))) as image:
        assert pictures.has_too_much(image) and image.tell() <= 50


async def test_a_body_that_does_not_come_is_not_waited_for_without_end(studio, monkeypatch):
    monkeypatch.setattr(answers, "STALL_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", studio.client.port)
    writer.write(f"POST {API}/txt2img HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n".encode())
    writer.write(b'Content-Length: 100\r\n\r\n{"prompt": ')
    assert b" 408 " in await asyncio.wait_for(reader.readline(), 5)
    writer.close()


@pytest.fixture
async def held(comfy):
    """Runs execute once this is set."""
    free = asyncio.Event()

    async def script(comfy: FakeComfy, prompt_id: str) -> None:
        await free.wait()
        await fake_comfy.complete(comfy, prompt_id)

    comfy.script = script
    yield free
    free.set()


@pytest.mark.parametrize("repeated", [False, True])
async def test_a1111_holds_no_picture_of_a_request_that_waits(studio, comfy, held, repeated):
    body = {**RETOUCH, "init_images": [LARGE], "mask": encoded(png()), "include_init_images": repeated}
    assert await held_texts(studio, comfy, held, f"{API}/img2img", body) == []


async def test_openai_holds_no_picture_of_a_request_that_waits(studio, comfy, held):
    body = {"model": "retouch", "prompt": "x", "image": f"data:image/png;base64,{LARGE}"}
    assert await held_texts(studio, comfy, held, f"{FACE}/images/edits", body) == []


async def held_texts(studio, comfy, free, path: str, body: Any) -> list[int]:
    """Sizes of what is in memory while the run executes and may be the picture in base64; then the run ends well."""
    content = io.BytesIO(json.dumps(body).encode())
    tracemalloc.start()
    try:
        asking = asyncio.create_task(studio.client.post(path, data=content, headers=JSON))
        await asyncio.wait_for(comfy.submitted.get(), 10)
        sizes = [trace.size for trace in tracemalloc.take_snapshot().traces]
    finally:
        tracemalloc.stop()
        free.set()
    assert (await asking).status == 200
    return [size for size in sizes if size > 0.95 * len(LARGE)]


async def test_few_pictures_are_worked_on_at_once():
    bench, now, most = Bench(), 0, 0
    both = threading.Barrier(DECODED_AT_ONCE, timeout=10)
    lock = threading.Lock()

    def work() -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        both.wait()
        with lock:
            now -= 1

    await asyncio.gather(*(bench.do(work) for _ in range(3 * DECODED_AT_ONCE)))
    assert most == DECODED_AT_ONCE


async def test_strangers_are_not_told_where_the_store_is(house, monkeypatch):
    async def away(*_: object) -> None:
        raise NotReady("The runs in the PostgreSQL database lectern at db.internal cannot be used.")

    key = await house.key()
    monkeypatch.setattr(house.storage, "call", away)
    house.gate.keys._changes += 1  # they are read again
    told = [await (await house.ask("GET", "/of/run", bearer(key) | more)).text() for more in (ELSEWHERE, {})]
    assert ["db.internal" in text for text in told] == [False, True] and "try again" in told[0]
