"""The HTTP surface: answers, errors and hostile requests."""

import asyncio
import gzip
import json
import threading

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from lectern.apps.surface.routes import add_routes
from lectern.errors import SettingsError
from lectern.settings import Apps, Settings
from unit.apps import fake_comfy
from unit.apps.samples import write_app

UNKNOWN = "00000000-0000-4000-8000-000000000000"
JSON = {"Content-Type": "application/json"}


async def error(answer, status: int, code: str) -> dict:
    """The error object, checked for its shape."""
    body = await answer.json()
    assert (answer.status, body["error"]["code"]) == (status, code)
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "details"}
    assert body["error"]["message"].endswith(".")
    return body["error"]


async def test_apps(world):
    (app,) = (await (await world.get("/apps")).json())["apps"]
    assert app == await (await world.get("/apps/tiny")).json()
    assert (app["slug"], app["title"], app["version"]) == ("tiny", "Tiny", 1)
    assert list(app["inputs"]["properties"]) == ["text", "strength", "seed", "width"]
    (picture,) = app["outputs"].values()
    assert (picture["node_id"], picture["class_type"], picture["title"]) == ("3", "SaveImage", "Save Image")
    assert (picture["media"], picture["media_types"]) == ("image", ["image/png"])
    assert (app["source"], app["versions"], app["missing"]) == ("bundled", [1], [])
    assert app["stale"] == []
    assert app["urls"]["runs"] == "/lectern/v1/apps/tiny/runs"


async def test_choices_are_those_of_now(world, comfy):
    before = (await (await world.get("/apps/tiny")).json())["inputs"]["properties"]["width"]
    assert before["maximum"] == 128
    comfy.object_info["EmptyImage"] = {"input": {"required": {"width": ["INT", {"min": 1, "max": 99}]}}}
    world.service._classes._known.clear()
    after = (await (await world.get("/apps/tiny")).json())["inputs"]["properties"]["width"]
    assert after["maximum"] == 99


async def test_an_app_appears_changes_and_goes_with_its_files(world):
    folder = world.folder / "workflows"
    write_app(folder, "other", {"extra": {"lectern": {"app": {"slug": "other", "title": "Other"}}}})
    (folder / "broken.json").write_text("{", "utf-8")
    (folder / "api" / "broken.json").write_text("{", "utf-8")
    write_app(folder, "plain", {"nodes": []})
    write_app(folder, "badslug", {"extra": {"lectern": {"app": {"slug": "../x", "title": "X"}}}})
    assert [app["slug"] for app in (await (await world.get("/apps")).json())["apps"]] == ["other", "tiny"]
    (folder / "api" / "other.json").unlink()
    assert [app["slug"] for app in (await (await world.get("/apps")).json())["apps"]] == ["tiny"]


@pytest.mark.parametrize("slug", ["nope", "..", "%2e%2e%2fx", "a" * 5000, "TINY", "%00", "%ff"])
async def test_unknown_app(world, slug):
    if slug != "..":
        await error(await world.client.get(f"/lectern/v1/apps/{slug}"), 404, "app_not_found")
    answer = await world.post(f"/apps/{slug.replace('..', 'x')}/runs", json={})
    await error(answer, 404, "app_not_found")


async def test_submitting_answers_where_the_run_is(world):
    answer = await world.post("/apps/tiny/runs", json={"input": {"width": 64}})
    run = await answer.json()
    assert (answer.status, answer.headers["Location"]) == (201, f"/lectern/v1/runs/{run['id']}")
    url = f"/lectern/v1/runs/{run['id']}"
    assert run["urls"] == {
        "get": url,
        "cancel": f"{url}/cancel",
        "events": f"{url}/events",
        "zip": f"{url}/outputs.zip",
        "web": f"/lectern/a/tiny?run={run['id']}",
    }
    await world.ended(run["id"])
    assert (await world.run(run["id"]))["status"] == "succeeded"


async def test_wait_is_capped_and_told(world):
    world.settings = lambda: Settings(apps=Apps(wait_seconds=7))
    answer = await world.post("/apps/tiny/runs", json={"input": {"width": 64}}, headers={"Prefer": "wait=999"})
    assert (answer.status, answer.headers["Preference-Applied"]) == (200, "wait=7")


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        ({"data": b"{}"}, 415, "unsupported_media_type"),
        ({"data": b"{}", "headers": {"Content-Type": "text/json"}}, 415, "unsupported_media_type"),
        ({"data": {"input": "x"}}, 415, "unsupported_media_type"),
        (
            {"data": gzip.compress(b"{}"), "headers": {**JSON, "Content-Encoding": "gzip"}},
            415,
            "unsupported_media_type",
        ),
        ({"data": b"", "headers": JSON}, 400, "bad_request"),
        ({"data": b"{", "headers": JSON}, 400, "bad_request"),
        ({"data": b"\xff", "headers": JSON}, 400, "bad_request"),
        ({"data": b"[" * 100_000, "headers": JSON}, 400, "bad_request"),
        ({"json": []}, 400, "bad_request"),
        ({"json": {}, "headers": {"Prefer": "wait=soon"}}, 400, "bad_request"),
        ({"json": {"inputs": {}}}, 422, "invalid_input"),
        ({"json": {"input": {"width": "64"}}}, 422, "invalid_input"),
        ({"json": {}}, 422, "invalid_input"),
        ({"json": {"version": 2, "input": {"width": 64}}}, 404, "version_not_found"),
    ],
)
async def test_a_wrong_request_is_refused_and_nothing_is_queued(world, comfy, options, status, code):
    await error(await world.post("/apps/tiny/runs", **options), status, code)
    assert await (await world.get("/runs")).json() == {"runs": [], "next": None}


async def test_every_wrong_input_is_listed(world):
    answer = await world.post("/apps/tiny/runs", json={"input": {"text": "x" * 21, "strength": 5, "more": 1}})
    problems = (await error(answer, 422, "invalid_input"))["details"]
    assert [(p["input"], p["code"]) for p in problems] == [
        ("more", "unknown_input"),
        ("text", "too_long"),
        ("strength", "out_of_range"),
        ("width", "missing"),
    ]


async def test_a_body_over_the_limit_is_not_read(world):
    world.settings = lambda: Settings(apps=Apps(body_kb=1))
    fits = {"input": {"width": 64, "text": "x"}}
    answer = await world.post("/apps/tiny/runs", data=json.dumps(fits).ljust(1024).encode(), headers=JSON)
    assert answer.status == 201
    answer = await world.post("/apps/tiny/runs", data=json.dumps(fits).ljust(1025).encode(), headers=JSON)
    await error(answer, 413, "body_too_large")
    pieces = 0

    async def endless():
        nonlocal pieces
        while pieces < 10_000:
            pieces += 1
            yield b" " * 65536

    try:
        answer = await world.post("/apps/tiny/runs", data=endless(), headers=JSON)
        await error(answer, 413, "body_too_large")
    except ConnectionError:  # closed while we were still writing: as good an answer as the 413
        pass
    assert pieces < 10_000


async def test_a_full_queue_says_when_to_come_back(world, comfy):
    world.settings = lambda: Settings(apps=Apps(queued=1))
    comfy.script = fake_comfy.hold
    await world.submit()
    await comfy.submitted.get()
    assert (await world.submit())[0] == 201
    answer = await world.post("/apps/tiny/runs", json={"input": {"width": 64}})
    await error(answer, 429, "queue_full")
    assert int(answer.headers["Retry-After"]) > 0


async def test_settings_with_a_mistake_answer_503(world):
    def broken() -> Settings:
        raise SettingsError("/x/lectern.toml: apps.queued is 0: too small.")

    world.settings = broken
    answer = await world.post("/apps/tiny/runs", json={"input": {"width": 64}})
    assert "apps.queued is 0" in (await error(answer, 503, "not_ready"))["message"]
    assert (await world.get("/runs")).status == 200


async def test_comfyui_that_does_not_answer_is_503(world, comfy):
    await comfy.stop()
    await error(await world.get("/apps/tiny"), 503, "not_ready")
    await error(await world.post("/apps/tiny/runs", json={"input": {"width": 64}}), 503, "not_ready")


async def test_runs_are_listed_newest_first(world):
    ids = [(await world.submit("wait=5"))[1]["id"] for _ in range(3)]
    listed = (await (await world.get("/runs?limit=2&app=tiny&status=succeeded,failed")).json())["runs"]
    assert [run["id"] for run in listed] == ids[:0:-1]
    assert listed[0] == await world.run(ids[2])
    assert (await (await world.get("/runs?app=other")).json())["runs"] == []


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "limit=-5", "status=done", "status=queued,x"])
async def test_malformed_listing(world, query):
    await error(await world.get(f"/runs?{query}"), 400, "bad_request")


@pytest.mark.parametrize("run_id", [UNKNOWN, "1", "x" * 3000, "%00", "..%2f", UNKNOWN.upper().replace("0", "A"), "'"])
async def test_unknown_run(world, run_id):
    await world.submit("wait=5")
    await error(await world.get(f"/runs/{run_id}"), 404, "run_not_found")
    await error(await world.post(f"/runs/{run_id}/cancel"), 404, "run_not_found")
    await error(await world.get(f"/runs/{run_id}/outputs/0"), 404, "run_not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/apps", "GET"),
        ("GET", "/apps/tiny/runs", "POST"),
        ("PUT", f"/runs/{UNKNOWN}", "GET, DELETE"),
        ("GET", f"/runs/{UNKNOWN}/cancel", "POST"),
    ],
)
async def test_a_method_that_an_address_lacks(world, method, path, allowed):
    answer = await world.client.request(method, f"/lectern/v1{path}")
    await error(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == allowed


async def test_output_headers(world):
    _, run = await world.submit("wait=5")
    answer = await world.client.get(run["outputs"][0]["url"])
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith('inline; filename="deck_00001_.png"')
    assert int(answer.headers["Content-Length"]) == run["outputs"][0]["size_bytes"]
    head = await world.client.head(run["outputs"][0]["url"])
    assert (head.status, head.headers["Content-Length"]) == (200, answer.headers["Content-Length"])


@pytest.mark.parametrize(
    ("name", "disposition", "content_type"),
    [
        ("幻灯片.pptx", "attachment; filename=\"___.pptx\"; filename*=UTF-8''%E5%B9%BB%E7%81%AF%E7%89%87.pptx", None),
        ('a"\r\nSet-Cookie: x.png', "inline; filename=\"a___Set-Cookie: x.png\"; filename*=UTF-8''a%22%0D%0A", None),
        ("page.html", "attachment; filename=\"page.html\"; filename*=UTF-8''page.html", "text/html"),
        ("x.svg", "attachment; filename=\"x.svg\"; filename*=UTF-8''x.svg", "image/svg+xml"),
    ],
)
async def test_names_of_foreign_nodes_are_tamed(world, comfy, name, disposition, content_type):
    async def save(fake, prompt_id):
        await fake.end(prompt_id, tell=False)
        fake.files["temp", "sub", name] = b"bytes"
        images = [{"filename": name, "subfolder": "sub", "type": "temp"}]
        fake.history[prompt_id]["outputs"] = {"3": {"odd_key": images, "text": ["a <b>"]}}

    comfy.script = save
    _, run = await world.submit("wait=5")
    answer = await world.client.get(run["outputs"][0]["url"])
    assert await answer.read() == b"bytes"
    assert answer.headers["Content-Disposition"].startswith(disposition)
    assert "Set-Cookie" not in answer.headers
    assert content_type is None or answer.headers["Content-Type"] == content_type
    assert run["outputs"][1]["text"] == "a <b>"
    text = await world.client.get(run["outputs"][1]["url"])
    assert (await text.text(), text.headers["Content-Type"]) == ("a <b>", "text/plain; charset=utf-8")
    assert text.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize("k", ["1", "-1", "x", "9" * 50, "0.5", "²"])
async def test_there_is_no_such_output(world, k):
    _, run = await world.submit("wait=5")
    await error(await world.get(f"/runs/{run['id']}/outputs/{k}"), 404, "output_unavailable")


async def test_a_file_that_is_gone(world, comfy):
    _, run = await world.submit("wait=5")
    comfy.files.clear()
    await error(await world.client.get(run["outputs"][0]["url"]), 404, "output_unavailable")
    await comfy.stop()
    await error(await world.client.get(run["outputs"][0]["url"]), 503, "not_ready")


async def test_the_service_lives_on_another_loop_than_the_server(world):
    """As in ComfyUI: requests on its loop, the service on ours; nothing of asyncio may be shared between them."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    called = []

    async def call(coroutine, /):
        called.append(coroutine.__qualname__)
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, loop))

    routes = web.RouteTableDef()
    add_routes(routes, world.service, call)
    app = web.Application()
    app.add_routes(routes)
    async with TestClient(TestServer(app)) as client:
        await world.client.close()
        world.client = client
        _, run = await world.submit("wait=5")
        _, queued = await world.submit()
        picture = await client.get(run["outputs"][0]["url"])
        assert (run["status"], picture.status) == ("succeeded", 200)
        await world.post(f"/runs/{queued['id']}/cancel")
    await call(world.service.close())
    loop.call_soon_threadsafe(loop.stop)
    await asyncio.to_thread(thread.join)
    loop.close()
    await world.start()  # for the fixture to stop
    assert called == [
        "AppService.submit",
        "AppService.submit",
        "RunService.output",
        "FileStream.read",
        "FileStream.read",
        "FileStream.close",
        "RunService.cancel",
        "AppService.close",
    ]
