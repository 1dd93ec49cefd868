"""OpenAI's Images API in front of the apps: what programs written for it get, whatever app stands behind a model."""

import asyncio
import base64

import pytest
from aiohttp import FormData, web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from lectern.apps.access.gate import create_gate
from lectern.apps.access.keys import Wanted
from lectern.apps.callers import HOUSEHOLD, Scope
from lectern.apps.faces.names import slug_of
from lectern.apps.store.listed import Listed
from lectern.apps.surface.routes import add_routes, here
from lectern.settings import Apps, Settings
from unit.apps import fake_comfy, media
from unit.apps.painter import EDIT_GRAPH, data_url, furnish, publication
from unit.apps.sse import events

FACE = "/lectern/openai/v1"
PAINT = ("2.text=prompt", "1.width", "1.height", "2.noise_seed=seed", "2.mode=quality")


class Face:
    """A client of the API."""

    def __init__(self, world) -> None:
        self.world = world

    async def publish(self, slug: str, *widgets: str, **body) -> None:
        answer = await self.world.client.put(f"/lectern/v1/apps/{slug}", json=publication(*widgets, **body))
        assert answer.status == 201, await answer.text()

    async def ask(self, path: str, **options):
        method = "POST" if options else "GET"
        answer = await self.world.client.request(method, FACE + path, **options)
        return answer.status, await answer.json()

    async def generate(self, **body):
        return await self.ask("/images/generations", json={"model": "paint", "prompt": "a cat", **body})

    async def pictures(self, **body):
        status, answer = await self.generate(**body)
        assert status == 200, answer
        return [media.opened(base64.b64decode(one["b64_json"])) for one in answer["data"]]

    async def refused(self, **body):
        """Status, param and message."""
        status, answer = await self.generate(**body)
        assert answer["error"].keys() == {"message", "type", "param", "code"}
        return status, answer["error"]["param"], answer["error"]["message"]

    async def runs(self):
        """The newest first."""
        return [seen.run for seen in await self.world.service.runs.list(Listed(50, None), HOUSEHOLD)]


@pytest.fixture
async def face(world, comfy):
    furnish(comfy)
    made = Face(world)
    await made.publish("paint", *PAINT)
    return made


async def test_models_are_the_apps_that_give_pictures_and_the_backends(face):
    _, answer = await face.ask("/models")
    assert answer["object"] == "list"
    assert [one["id"] for one in answer["data"]] == [
        "paint", "tiny", "sdwebui:local", "diffusers:tiny", "diffusers:own/er",
    ]  # fmt: skip
    _, one = await face.ask("/models/paint")
    assert one == answer["data"][0] and one["object"] == "model" and one["created"] > 1_700_000_000
    _, one = await face.ask("/models/sdwebui:local/some/model.safetensors")
    assert (one["id"], one["owned_by"]) == ("sdwebui:local/some/model.safetensors", "sdwebui")


UNKNOWN = ["nothing", "sdwebui:else", "diffusers:else", "other:x", "a/b"]


async def test_an_unknown_model_is_told_as_openai_does(face):
    for name in UNKNOWN:
        for status, answer in (await face.ask(f"/models/{name}"), await face.generate(model=name)):
            error = answer["error"]
            assert (status, error["code"], error["param"]) == (404, "model_not_found", "model")
            assert error["type"] == "invalid_request_error" and "sdwebui:<server>" in error["message"]


async def test_a_prompt_becomes_a_picture_of_the_size_with_a_seed_of_its_own(face):
    status, answer = await face.generate(size="128x96", user="somebody", style="vivid", unheard_of=[1])
    assert status == 200 and answer.keys() == {"created", "data", "output_format", "size"}
    assert media.opened(base64.b64decode(answer["data"][0]["b64_json"])).size == (64, 48)
    assert (answer["size"], answer["output_format"]) == ("64x48", "png")  # what it is, not what was asked for
    await face.generate()
    second, first = await face.runs()
    assert (first.input["prompt"], first.input["width"], first.input["height"]) == ("a cat", 128, 96)
    assert first.input["seed"] != second.input["seed"] and second.input["width"] == 64


async def test_a_seed_and_further_inputs_may_be_said(face):
    await face.generate(seed=5, input={"height": 32})
    (run,) = await face.runs()
    assert (run.input["seed"], run.input["height"]) == (5, 32)


async def test_several_pictures_are_takes_with_seeds_that_follow(face):
    assert len(await face.pictures(n=3)) == 3
    (run,) = await face.runs()
    assert run.terms.takes == 3


async def test_several_pictures_are_a_batch_where_the_app_has_one(face, comfy):
    await face.publish("paint", *PAINT, "1.batch_size")
    await face.pictures(n=4)
    (run,) = await face.runs()
    assert (run.terms.takes, run.input["batch_size"]) == (1, 4)
    (graph,) = [entry["prompt"][2] for entry in comfy.history.values()]
    assert graph["1"]["inputs"]["batch_size"] == 4


async def test_quality_counts_where_the_app_knows_the_word(face):
    _, answer = await face.generate(quality="ultra")
    assert "quality" not in answer
    _, answer = await face.generate(quality="hd")
    assert answer["quality"] == "hd"
    assert [run.input["quality"] for run in await face.runs()] == ["hd", "soft"]


@pytest.mark.parametrize(("asked", "found"), [("jpeg", "JPEG"), ("webp", "WEBP"), ("png", "PNG"), (None, "PNG")])
async def test_pictures_come_in_the_format_that_is_asked_for(face, asked, found):
    (image,) = await face.pictures(output_format=asked, output_compression=40)
    assert (image.format, image.size) == (found, (64, 48))


async def test_an_address_leads_to_the_picture(face):
    _, answer = await face.generate(response_format="url", n=2)
    urls = [one["url"] for one in answer["data"]]
    assert len(urls) == 2 and urls[0].startswith(str(face.world.client.make_url("/lectern/v1/runs/")))
    async with face.world.client.get(URL(urls[1]).path) as picture:
        assert media.opened(await picture.read()).size == (64, 48)


MISTAKES = [
    ({"prompt": None}, "prompt", "prompt must be a text."),
    ({"n": 11}, "n", "n must be an integer from 1 to 10; got 11."),
    ({"n": "2"}, "n", 'got "2"'),
    ({"size": "big"}, "size", "a width and a height such as 1024x768"),
    ({"size": "99999x64"}, "size", "width must be an integer from 1 to 16384; got 99999."),
    ({"output_format": "gif"}, "output_format", "one of png, jpeg, webp"),
    ({"output_compression": 101}, "output_compression", "from 0 to 100"),
    ({"partial_images": 4}, "partial_images", "from 0 to 3"),
    ({"stream": "yes"}, "stream", "true or false"),
    ({"response_format": "png"}, "response_format", "one of b64_json, url"),
    ({"response_format": "url", "output_format": "webp"}, "response_format", "leave output_format"),
    ({"input": [1]}, "input", "an object"),
    ({"input": {"nothing": 1}}, "nothing", "is not an input of this app"),
    ({"model": None}, "model", "/models lists"),
    ({"model": 5}, "model", "model must be a text"),
]


async def test_a_mistake_names_the_field_and_runs_nothing(face):
    for body, param, said in MISTAKES:
        status, named, message = await face.refused(**body)
        assert (status, named) == (400, param) and said in message
        assert await face.runs() == []


async def test_what_an_app_has_no_input_for_is_refused_with_what_to_do(face):
    await face.publish("plain", "1.width", "2.noise_seed=seed")
    status, param, message = await face.refused(model="plain")
    assert (status, param) == (400, "prompt")
    assert '/lectern/v1/apps/plain with {"options": {"roles": {"prompt": "<input>"}}}' in message
    assert (await face.generate(model="plain", prompt=""))[0] == 200


async def test_an_app_that_decides_its_own_size_says_which_it_is(face):
    """Open WebUI, for one, sends a size with every request."""
    await face.publish("plain", "1.width", "2.text=prompt", "2.noise_seed=seed")
    status, answer = await face.generate(model="plain", size="128x96")
    assert (status, answer["size"]) == (200, "64x48")
    [run] = await face.runs()
    assert run.input["width"] == 128


async def test_a_role_that_the_publisher_sets_counts_at_once(face):
    await face.publish("odd", "2.text=motto", "2.noise_seed=seed")
    assert (await face.refused(model="odd"))[:2] == (400, "prompt")
    patched = await face.world.client.patch("/lectern/v1/apps/odd", json={"options": {"roles": {"prompt": "motto"}}})
    assert (await patched.json())["faces"] == {
        "roles": {"prompt": "motto", "seed": "seed"},
        "derived": {"seed": "seed"},
    }
    assert (await face.generate(model="odd"))[0] == 200
    wrong = await face.world.client.patch("/lectern/v1/apps/odd", json={"options": {"roles": {"prompt": "seed"}}})
    assert wrong.status == 422 and "another kind" in (await wrong.json())["error"]["message"]


async def test_a_run_that_fails_is_told_and_not_tried_again(face, comfy):
    comfy.script = fake_comfy.fail
    answer = await face.world.client.post(f"{FACE}/images/generations", json={"model": "paint", "prompt": "x"})
    error = (await answer.json())["error"]
    assert (answer.status, error["type"], error["code"]) == (500, "server_error", "node_execution_error")
    assert "no grain" in error["message"] and answer.headers["x-should-retry"] == "false"


async def test_who_leaves_stops_the_run(face, comfy):
    comfy.script = fake_comfy.hold
    asking = asyncio.create_task(face.generate())
    prompt_id = await comfy.submitted.get()
    asking.cancel()
    async with asyncio.timeout(5):
        assert await comfy.cancels.get() == prompt_id
    (run,) = await face.runs()
    assert (await face.world.ended(run.id))["status"] == "canceled"


async def test_the_same_request_with_its_key_is_one_run(face):
    headers = {"Idempotency-Key": "k"}
    body = {"model": "paint", "prompt": "x"}
    answers = [await face.world.client.post(f"{FACE}/images/generations", json=body, headers=headers) for _ in "ab"]
    assert [answer.status for answer in answers] == [200, 200] and len(await face.runs()) == 1
    assert answers[0].headers["x-request-id"] == answers[1].headers["x-request-id"] == (await face.runs())[0].id


class Previews:
    """A run with a latent preview once somebody listens."""

    def __init__(self, world, number: int = 1) -> None:
        self.runs = world.service.runs
        self.number = number

    async def __call__(self, fake, prompt_id):
        async with asyncio.timeout(5):
            while not self.runs.streams:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        for _ in range(self.number):
            await fake_comfy.begin(fake, prompt_id)
            await fake.preview(prompt_id, "2", media.picture("JPEG", size=(16, 12)))
        await fake.end(prompt_id)


async def streamed(face, path="/images/generations", **options):
    async with face.world.client.post(FACE + path, **options) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream"), await answer.text()
        return [(event.name, event.data) for event in await events(answer)]


@pytest.mark.parametrize(("wanted", "names"), [(1, ["partial_image", "completed"]), (0, ["completed"])])
async def test_a_stream_shows_previews_and_then_the_picture(face, comfy, wanted, names):
    comfy.script = Previews(face.world)
    body = {"model": "paint", "prompt": "x", "stream": True, "partial_images": wanted, "output_format": "webp"}
    told = await streamed(face, json=body)
    assert [name for name, _ in told] == [f"image_generation.{name}" for name in names]
    for name, data in told:
        image = media.opened(base64.b64decode(data["b64_json"]))
        assert (data["type"], image.format) == (name, "WEBP")
        assert {"created_at", "size", "quality", "background", "output_format"} < data.keys() and "usage" not in data
    assert told[-1][1]["size"] == "64x48"
    assert wanted == 0 or (told[0][1]["partial_image_index"], told[0][1]["size"]) == (0, "auto")


async def test_a_stream_ends_with_why_there_is_no_picture(face, comfy):
    comfy.script = fake_comfy.fail
    ((name, data),) = await streamed(face, json={"model": "paint", "prompt": "x", "stream": True})
    assert name == "error" and data["error"]["code"] == "node_execution_error"


async def test_a_listener_who_leaves_stops_the_run(face, comfy):
    comfy.script = fake_comfy.hold
    body = {"model": "paint", "prompt": "x", "stream": True}
    answer = await face.world.client.post(f"{FACE}/images/generations", json=body)
    prompt_id = await comfy.submitted.get()
    answer.close()
    async with asyncio.timeout(5):
        assert await comfy.cancels.get() == prompt_id


@pytest.fixture
async def editor(face):
    await face.publish("edit", "1.image", "2.text=prompt", graph=EDIT_GRAPH)
    return face


def form(*files, **fields) -> FormData:
    made = FormData(default_to_multipart=True)
    for name, value in fields.items():
        made.add_field(name, value)
    for name, content in files:
        made.add_field(name, content, filename=f"{name}.png", content_type="image/png")
    return made


HOLE = media.picture(mode="RGBA", color=(0, 0, 0, 0))


@pytest.mark.parametrize("name", ["image", "image[]"])
async def test_a_picture_is_edited_where_the_mask_is_transparent(editor, comfy, name):
    body = form((name, media.picture()), ("mask", HOLE), model="edit", prompt="a hat", n="1", stream="false")
    status, answer = await editor.ask("/images/edits", data=body)
    assert status == 200 and len(answer["data"]) == 1, answer
    ((key, merged),) = [(key, content) for key, content in comfy.files.items() if key[0] == "input"]
    assert media.opened(merged).getchannel("A").getextrema() == (0, 0) and "masked" in key[2]
    (run,) = await editor.runs()
    assert run.input["prompt"] == "a hat"


async def test_an_edit_as_json_takes_pictures_by_url_and_by_file(editor):
    uploaded = await editor.world.client.post("/lectern/v1/files", data=media.picture(color="blue"))
    file_id = (await uploaded.json())["id"]
    for image in ({"file_id": file_id}, {"image_url": data_url(media.picture())}):
        body = {"model": "edit", "prompt": "x", "images": [image], "mask": {"image_url": data_url(HOLE)}}
        status, answer = await editor.ask("/images/edits", json=body)
        assert status == 200, answer
    second, first = await editor.runs()
    assert first.input["image"] == f"/lectern/v1/files/{file_id}" != second.input["image"]


async def test_a_stream_of_an_edit_has_names_of_its_own(editor):
    body = {"model": "edit", "prompt": "x", "images": [{"image_url": data_url(media.picture())}], "stream": True}
    assert [name for name, _ in await streamed(editor, "/images/edits", json=body)] == ["image_edit.completed"]


WRONG_EDITS = [
        (form(model="edit", prompt="x"), "image", "Send 1 to 16 pictures"),
        (form(*[("image[]", media.picture())] * 2, model="edit", prompt="x"), "image", "takes 1 pictures at most"),
        (form(("image", media.picture()), ("mask", media.picture()), model="edit", prompt="x"), "mask",
         "The mask has no transparency"),
        (form(("image", media.picture()), model="paint", prompt="x"), "image", "has no input that is its image"),
        (form(("image", b"no picture"), model="edit", prompt="x"), "image", "no file of a type known here"),
        (form(("other", media.picture()), model="edit", prompt="x"), "other", "not a file"),
        (form(("image", media.picture()), model="edit"), "prompt", "prompt must be a text"),
        (form(("image", media.picture()), model="edit", prompt="x", n="many"), "n", "from 1 to 10"),
    ]  # fmt: skip


async def test_an_edit_that_cannot_be_is_refused(editor):
    for body, param, said in WRONG_EDITS:
        status, answer = await editor.ask("/images/edits", data=body)
        assert (status, answer["error"]["param"]) == (400, param), answer
        assert said in answer["error"]["message"] and await editor.runs() == []


FOREIGN = [
    ([{"file_id": "../../x"}], "file_id must be the id"),
    ([{"image_url": "http://169.254.169.254/x.png"}], "fetch_hosts"),
    ([{"image_url": "file:///etc/passwd"}], "must be a picture"),
    ([{}] * 17, "1 to 16"),
    ([5], "image must be"),
]


async def test_no_picture_comes_from_where_the_settings_do_not_say(editor):
    for images, said in FOREIGN:
        status, answer = await editor.ask("/images/edits", json={"model": "edit", "prompt": "x", "images": images})
        assert status == 400 and said in answer["error"]["message"], answer


async def test_a_server_and_its_checkpoint_are_a_model(face, comfy):
    status, answer = await face.generate(model="sdwebui:local/dream.safetensors", size="640x384", n=2)
    (graph,) = [entry["prompt"][2] for entry in comfy.history.values()]
    assert graph["2"]["inputs"] == {"server": "local", "checkpoint": "dream.safetensors"}
    sample = graph["4"]["inputs"]
    assert (sample["prompt"], sample["width"], sample["height"], sample["batch_size"]) == ("a cat", 640, 384, 2)
    assert status == 500 and answer["error"]["code"] == "no_picture"  # the fake saves only what SaveImage does
    (run,) = await face.runs()
    assert run.app == "sdwebui:local"
    view = await (await face.world.get(f"/runs/{run.id}")).json()
    assert view["urls"]["web"].startswith("/lectern/a/sdwebui%3Alocal")


def test_long_names_keep_within_the_store_and_apart():
    slugs = {slug_of("diffusers", f"owner/{'x' * 80}{end}") for end in "ab"}  # type: ignore[arg-type]
    assert len(slugs) == 2 and {len(slug) for slug in slugs} == {63}


async def test_a_backend_is_not_listed_among_the_apps_and_not_published_over(face):
    listed = await (await face.world.get("/apps")).json()
    assert [one["slug"] for one in listed["apps"]] == ["paint", "tiny"]
    answer = await face.world.client.put("/lectern/v1/apps/sdwebui:local", json=publication(*PAINT))
    assert answer.status == 400


ADDRESSES = [
    ("GET", "/images/generations", 405, "method_not_allowed"),
    ("DELETE", "/models/x", 405, "method_not_allowed"),
    ("POST", "/chat/completions", 404, "unknown_address"),
    ("GET", "/", 404, "unknown_address"),
]


async def test_other_addresses_are_answered_in_openais_shape(face):
    for method, path, status, code in ADDRESSES:
        answer = await face.world.client.request(method, FACE + path)
        assert (answer.status, (await answer.json())["error"]["code"]) == (status, code)


BODIES = [
    ({"data": b"{", "headers": {"Content-Type": "application/json"}}, 400),
    ({"data": b"{}", "headers": {"Content-Type": "text/plain"}}, 400),
    ({"json": []}, 400),
    ({"json": {"prompt": "x" * 5000}}, 413),
]


async def test_a_body_that_is_none_is_refused(face):
    face.world.settings = lambda: Settings(apps=Apps(body_kb=4))
    for options, status in BODIES:
        for path in ("/images/generations", "/images/edits"):
            got, answer = await face.ask(path, **options)
            edit = path.endswith("edits")  # they have room for pictures
            wanted = 400 if edit else status
            assert got == wanted and answer["error"]["type"] == "invalid_request_error", answer


@pytest.fixture
async def locked(face):
    """The same service behind keys: (client, make a key's headers)."""
    service = face.world.service
    settings = lambda: Settings(apps=Apps(access="keys"))  # noqa: E731
    gate = create_gate(face.world.folder / "private", service._storage, settings, here)
    routes = web.RouteTableDef()
    add_routes(routes, service, here, gate)
    app = web.Application()
    app.add_routes(routes)

    async def key(**limits):
        issued = await gate.keys.create(Wanted("robot", frozenset({Scope.RUN}), **limits))
        return {"Authorization": f"Bearer {issued.text}"}

    async with TestClient(TestServer(app)) as client:
        yield client, key
    await gate.close()


async def test_a_key_is_asked_for_as_openai_does(locked):
    client, key = locked
    body = {"model": "paint", "prompt": "x"}
    for headers in ({}, {"Authorization": "Bearer sk-wrong"}):
        answer = await client.post(f"{FACE}/images/generations", json=body, headers=headers)
        error = (await answer.json())["error"]
        assert (answer.status, error["code"], error["type"]) == (401, "invalid_api_key", "invalid_request_error")
    answer = await client.post(f"{FACE}/images/generations", json=body, headers=await key())
    assert answer.status == 200
    limited = await key(rate=1)
    answers = [await client.get(f"{FACE}/models", headers=limited) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 429]
    assert (await answers[1].json())["error"]["code"] == "rate_limit_exceeded" and "Retry-After" in answers[1].headers


async def test_a_key_for_some_apps_opens_no_backend_that_it_does_not_name(locked):
    client, key = locked
    headers = await key(apps=frozenset({"tiny", "sdwebui:local"}))
    listed = await (await client.get(f"{FACE}/models", headers=headers)).json()
    assert [one["id"] for one in listed["data"]] == ["tiny", "sdwebui:local"]
    for model, status in (("paint", 403), ("diffusers:tiny", 403), ("sdwebui:else", 403), ("sdwebui:local", 500)):
        body = {"model": model, "prompt": "x"}
        answer = await client.post(f"{FACE}/images/generations", json=body, headers=headers)
        assert answer.status == status, model


async def test_guests_have_the_public_apps_and_nothing_else(locked, face):
    client, _ = locked
    assert (await client.get(f"{FACE}/models")).status == 401
    await face.publish("paint", *PAINT, options={"public": True})
    assert [one["id"] for one in (await (await client.get(f"{FACE}/models")).json())["data"]] == ["paint"]
    for model, status in (("paint", 200), ("tiny", 401), ("sdwebui:local", 401)):
        answer = await client.post(f"{FACE}/images/generations", json={"model": model, "prompt": "x"})
        assert answer.status == status, model
