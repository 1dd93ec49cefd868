"""Apps as an AUTOMATIC1111 server, as its clients see it."""

import asyncio
import base64
import io
import json
from typing import Any

import pytest
from aiohttp import ClientSession
from PIL import Image, ImageColor
from PIL.PngImagePlugin import PngInfo

from lectern.apps.access.gate import create_gate
from lectern.apps.access.keys import Wanted
from lectern.apps.callers import HOUSEHOLD, Scope
from lectern.apps.faces.a1111.jobs import Job
from lectern.apps.faces.a1111.progress import between, stand
from lectern.apps.runs import RunStatus
from lectern.apps.store.listed import Listed
from lectern.apps.surface.routes import here
from lectern.infotext import read_parameters
from lectern.settings import Apps, Settings
from unit.apps import fake_comfy, painting
from unit.apps.conftest import World
from unit.apps.painting import png

API = "/lectern/sdapi/v1"


class Studio(World):
    """A process with apps that paint."""

    async def ask(self, name: str, body: Any = None, status: int = 200, **options: Any) -> Any:
        """Posts a body, or gets without one."""
        method = "GET" if body is None else "POST"
        path = name if name.startswith("/") else f"{API}/{name}"
        async with self.client.request(method, path, json=body, **options) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json()

    def graphs(self) -> list[Any]:
        """What ComfyUI executed, in order."""
        return [entry["prompt"][2] for entry in self.comfy.history.values()]

    async def advanced(self, **options: Any) -> None:
        """Until the request in work has some progress."""
        async with asyncio.timeout(5):
            while not (await self.ask("progress?skip_current_image=true", **options))["progress"]:
                pass

    async def until(self, status: RunStatus) -> None:
        """Until there is a run of this status."""
        async with asyncio.timeout(5):
            while status not in [run.status for run in await self.runs()]:
                pass

    async def runs(self) -> list[Any]:
        seen = await self.service.runs.list(Listed(100, None, (), None, None), HOUSEHOLD)
        return [one.run for one in seen]


@pytest.fixture
async def studio(tmp_path, comfy, monkeypatch):
    monkeypatch.setattr(fake_comfy, "save_pictures", painting.paint)
    monkeypatch.setattr("lectern.apps.faces.a1111.generating.LOOK_SECONDS", 0.02)
    comfy.object_info |= painting.OBJECT_INFO
    painting.write_apps(tmp_path / "workflows")
    made = Studio(tmp_path, comfy)
    await made.start()
    yield made
    await made.stop()


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {encoded(f'{user}:{password}'.encode())}"}


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def opened(text: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(text)))


SKETCH = {"override_settings": {"sd_model_checkpoint": "sketch"}}
RETOUCH = {"override_settings": {"sd_model_checkpoint": "retouch"}}


# Text to picture


async def test_a_prompt_becomes_a_picture_that_says_how_it_was_made(studio):
    asked = {"prompt": "a harbour", "negative_prompt": "fog", "seed": 7, "steps": 5, "cfg_scale": 3.5}
    asked |= {"width": 48, "height": 40, "sampler_name": "DPM++ 2M", "scheduler": "Karras"}
    answer = await studio.ask("txt2img", {**SKETCH, **asked})
    assert answer.keys() == {"images", "parameters", "info"}
    (picture,) = answer["images"]
    assert opened(picture).size == (48, 40)
    text = read_parameters(base64.b64decode(picture)).infotext
    assert text == (
        "a harbour\nNegative prompt: fog\nSteps: 5, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 3.5, Seed: 7,"
        " Size: 48x40, Model: sketch, Version: Lectern"
    )
    info = json.loads(answer["info"])
    assert (info["seed"], info["all_seeds"], info["infotexts"]) == (7, [7], [text])
    assert (info["width"], info["height"], info["sampler_name"]) == (48, 40, "DPM++ 2M")
    assert (info["sd_model_name"], info["index_of_first_image"]) == ("sketch", 0)
    assert answer["parameters"]["prompt"] == "a harbour"


async def test_what_a_request_does_not_say_is_left_to_the_app(studio):
    await studio.ask("txt2img", {**SKETCH, "prompt": None, "steps": None, "unheard_of": [1]})
    (graph,) = studio.graphs()
    assert graph["6"]["inputs"]["text"] == "a default"
    assert (graph["3"]["inputs"]["steps"], graph["5"]["inputs"]["width"]) == (20, 32)


async def test_a_denoising_strength_does_nothing_where_no_picture_is_given(studio):
    """Clients send one for the second pass that they do not ask for."""
    await studio.ask("txt2img", {**SKETCH, "prompt": "x", "denoising_strength": 0.7})
    assert studio.graphs()[0]["3"]["inputs"]["denoise"] == 1.0


async def test_a_random_seed_is_drawn_and_told(studio):
    answers = [await studio.ask("txt2img", {**SKETCH, "prompt": "x", "seed": -1}) for _ in range(2)]
    told = [json.loads(answer["info"])["seed"] for answer in answers]
    assert told == [graph["3"]["inputs"]["seed"] for graph in studio.graphs()] and told[0] != told[1]


@pytest.mark.parametrize(
    ("asked", "runs", "batches", "seeds"),
    [
        ({"batch_size": 3}, 1, [3], [7, 7, 7]),
        ({"n_iter": 3}, 1, [1, 1, 1], [7, 8, 9]),
        ({"batch_size": 2, "n_iter": 2}, 2, [2, 2], [7, 7, 9, 9]),
        ({"n_iter": 9}, 2, [1] * 9, list(range(7, 16))),
    ],
)
async def test_several_pictures(studio, asked, runs, batches, seeds):
    """A batch has one seed in ComfyUI; rounds count on from it, and an app may be run eight times in one run."""
    answer = await studio.ask("txt2img", {**SKETCH, "prompt": "x", "seed": 7, **asked})
    assert len(answer["images"]) == len(seeds)
    assert json.loads(answer["info"])["all_seeds"] == seeds
    assert [graph["5"]["inputs"]["batch_size"] for graph in studio.graphs()] == batches
    assert len(await studio.runs()) == runs


async def test_an_app_without_a_seed_is_run_as_often_as_pictures_are_wanted(studio):
    plain = {"override_settings": {"sd_model_checkpoint": "plain"}}
    answer = await studio.ask("txt2img", {**plain, "prompt": "x", "batch_size": 2, "steps": 4})
    info = json.loads(answer["info"])
    assert (len(answer["images"]), info["all_seeds"]) == (2, [-1, -1])
    assert info["lectern"]["ignored"] == ["steps"]


async def test_pictures_need_not_be_sent(studio):
    answer = await studio.ask("txt2img", {**SKETCH, "prompt": "x", "seed": 3, "send_images": False})
    assert answer["images"] == [] and json.loads(answer["info"])["all_seeds"] == [3]


# Picture to picture


@pytest.fixture
def given(comfy):
    """Opens the picture that ComfyUI was given for the only run."""

    def open_it(graph: Any) -> Image.Image:
        name = graph["4"]["inputs"]["image"]
        (content,) = [data for (_, folder, stem), data in comfy.files.items() if name in (stem, f"{folder}/{stem}")]
        return Image.open(io.BytesIO(content))

    return open_it


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,"])
async def test_a_picture_is_given_to_the_app(studio, given, prefix):
    asked = {"prompt": "x", "init_images": [prefix + encoded(png((20, 10), "red"))], "denoising_strength": 0.4}
    answer = await studio.ask("img2img", {**RETOUCH, **asked})
    (graph,) = studio.graphs()
    assert (given(graph).size, graph["3"]["inputs"]["denoise"]) == ((20, 10), 0.4)
    assert answer["parameters"]["init_images"] is None and answer["parameters"]["mask"] is None
    assert "Denoising strength: 0.4" in json.loads(answer["info"])["infotexts"][0]


@pytest.mark.parametrize(("mode", "corner"), [(0, "red"), (1, "red"), (2, "black")])
async def test_an_app_without_sizes_gets_the_picture_in_the_wanted_one(studio, given, mode, corner):
    asked = {"init_images": [encoded(png((20, 10), "red"))], "width": 40, "height": 40, "resize_mode": mode}
    await studio.ask("img2img", {**RETOUCH, "prompt": "x", **asked})
    picture = given(studio.graphs()[0])
    assert (picture.size, picture.getpixel((0, 0))) == ((40, 40), ImageColor.getrgb(corner))


def half(mode: str, kept: Any, painted: Any) -> bytes:
    image = Image.new(mode, (16, 16), kept)
    image.paste(painted, (8, 0, 16, 16))
    content = io.BytesIO()
    image.save(content, "PNG")
    return content.getvalue()


@pytest.mark.parametrize(
    ("mask", "invert", "right"),
    [
        (half("L", 0, 255), 0, True),
        (half("RGB", "black", "white"), 0, True),
        (half("L", 0, 255), 1, False),
        (half("RGBA", (0, 0, 0, 0), (0, 0, 0, 255)), 0, True),
    ],
    ids=["grey", "colour", "inverted", "alpha alone"],
)
async def test_white_is_repainted(studio, given, mask, invert, right):
    """LoadImage repaints what is transparent."""
    asked = {"init_images": [encoded(png())], "mask": encoded(mask), "inpainting_mask_invert": invert}
    await studio.ask("img2img", {**RETOUCH, "prompt": "x", **asked})
    alpha = given(studio.graphs()[0]).getchannel("A")
    assert (alpha.getpixel((2, 8)), alpha.getpixel((14, 8))) == ((255, 0) if right else (0, 255))


# What is refused


def detail(content: Any) -> str:
    return content["detail"] if isinstance(content["detail"], str) else content["detail"][0]["msg"]


WRONG: list[tuple[str, Any, int, str]] = [
    ("txt2img", {"steps": "many"}, 422, "valid integer"),
    ("txt2img", {"batch_size": 65}, 422, "less than or equal to 64"),
    ("txt2img", {"batch_size": 9, "n_iter": 9}, 422, "at most 64"),
    ("txt2img", {"seed": 2**64}, 422, "less than"),
    ("txt2img", {"seed": -2}, 422, "seed must be -1"),
    ("txt2img", {"width": 5000}, 422, "width must be an integer from 1 to 4096"),
    ("txt2img", {"script_name": "X/Y/Z plot"}, 422, "Script 'X/Y/Z plot' not found"),
    ("txt2img", {"alwayson_scripts": {"ControlNet": {"args": []}}}, 422, "Script 'ControlNet' not found"),
    ("txt2img", [], 422, "valid dictionary"),
    ("txt2img", {"override_settings": {"sd_model_checkpoint": "nope"}}, 404, '"nope" not found'),
    ("img2img", {}, 422, "init_images"),
    ("img2img", {"init_images": ["***"]}, 422, "no input that is known as its image"),
    ("img2img", {**RETOUCH, "init_images": ["***"]}, 422, "Invalid encoded image"),
    ("img2img", {**RETOUCH, "init_images": [encoded(b"no picture")]}, 422, "Invalid encoded image"),
    ("img2img", {**RETOUCH, "init_images": [encoded(png())], "mask": "AAAA"}, 422, "Invalid encoded image: mask"),
    ("img2img", {**RETOUCH, "init_images": [encoded(png())], "width": 65536, "height": 65536}, 422, "too large"),
    ("img2img", {**RETOUCH, "init_images": ["http://127.0.0.1:9/x.png"]}, 422, "fetch_hosts"),
    ("png-info", {"image": encoded(b"no picture")}, 422, "cannot be read"),
    ("txt2img", {"prompt": "x" * 1_040_000}, 413, "at most 1000 KB"),
    ("options", {"sd_model_checkpoint": "nope"}, 404, "not found"),
    ("options", {"x": "y" * 40_000}, 422, "32 KB"),
    ("options", [1], 422, "object"),
    ("interrogate", {"image": ""}, 404, "Not Found"),
]


async def test_what_is_wrong_is_said_in_the_originals_shape(studio):
    studio.settings = lambda: Settings(apps=Apps(body_kb=1000))
    for route, body, status, said in WRONG:
        with_sketch = {**SKETCH, **body} if isinstance(body, dict) and route == "txt2img" else body
        content = await studio.ask(route, with_sketch, status)
        assert said in detail(content)
        assert content.keys() in ({"detail"}, {"error", "detail", "body", "errors"})
    assert studio.graphs() == [] and await studio.runs() == []


async def test_a_body_that_is_no_json(studio):
    headers = {"Content-Type": "application/json"}
    for body in (b"{", b"\xff", b'{"seed": NaN}'):
        async with studio.client.post(f"{API}/txt2img", data=body, headers=headers) as answer:
            assert (answer.status, list(await answer.json())) == (422, ["detail"])


async def test_a_run_that_fails_is_an_error_with_its_reason(studio, comfy):
    comfy.script = fake_comfy.fail
    content = await studio.ask("txt2img", {**SKETCH, "prompt": "x"}, 500)
    assert content["error"] == "node_execution_error" and "no grain" in content["errors"]


async def test_a_full_queue_is_told_with_the_time_to_wait(studio, comfy):
    comfy.script = fake_comfy.hold
    studio.settings = lambda: Settings(apps=Apps(queued=1))
    first = asyncio.create_task(studio.ask("txt2img", {**SKETCH, "prompt": "x"}))
    prompt = await comfy.submitted.get()
    await studio.until(RunStatus.RUNNING)
    second = asyncio.create_task(studio.ask("txt2img", {**SKETCH, "prompt": "y"}))
    await studio.until(RunStatus.QUEUED)
    async with studio.client.post(f"{API}/txt2img", json={**SKETCH, "prompt": "z"}) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "5")
    await comfy.end(prompt)
    await comfy.end(await comfy.submitted.get())
    await asyncio.gather(first, second)


# How far it is, and enough of it


@pytest.fixture
async def held(studio, comfy):
    """A request whose run is at step 5 of 10."""
    comfy.script = painting.begin
    task = asyncio.create_task(studio.ask("txt2img", {**SKETCH, "prompt": "x", "force_task_id": "task(1)"}))
    prompt = await comfy.submitted.get()
    await studio.advanced()
    yield prompt, task
    if not task.done() and prompt in comfy.running:
        await comfy.end(prompt)
    await asyncio.wait([task])


async def test_progress_with_a_preview(studio, comfy, held):
    prompt, task = held
    first = await studio.ask("progress")
    assert 0 < first["progress"] < 1 and first["current_image"] is None
    assert (first["state"]["job"], first["state"]["job_count"]) == ("scripts_txt2img", 1)
    async with asyncio.timeout(5):
        while (told := await studio.ask("progress"))["current_image"] is None:
            await comfy.preview(prompt, "3", b"\xff\xd8 small preview")
    assert base64.b64decode(told["current_image"]).endswith(b"preview")
    assert (await studio.ask("progress?skip_current_image=true"))["current_image"] is None
    await comfy.end(prompt)
    await task
    idle = await studio.ask("progress")
    assert (idle["progress"], idle["state"]["job_count"], idle["current_image"]) == (0.0, 0, None)


async def test_progress_of_a_task(studio, comfy, held):
    prompt, task = held
    told = await studio.ask("/lectern/internal/progress", {"id_task": "task(1)"})
    assert (told["active"], told["queued"], told["completed"]) == (True, False, False)
    other = await studio.ask("/lectern/internal/progress", {"id_task": "task(2)"})
    assert (other["active"], other["queued"], other["completed"]) == (False, False, False)
    await comfy.end(prompt)
    await task
    told = await studio.ask("/lectern/internal/progress", {"id_task": "task(1)"})
    assert (told["active"], told["completed"]) == (False, True)


@pytest.mark.parametrize("route", ["interrupt", "skip"])
async def test_an_interrupted_request_is_answered_with_what_there_is(studio, comfy, held, route):
    prompt, task = held
    await studio.ask(route, {})
    assert await comfy.cancels.get() == prompt
    answer = await task
    assert answer["images"] == [] and json.loads(answer["info"])["all_seeds"] == []
    assert [run.status for run in await studio.runs()] == [RunStatus.CANCELED]


async def test_a_client_that_leaves_cancels_its_run(studio, comfy):
    comfy.script = fake_comfy.hold
    async with ClientSession() as leaving:
        url = studio.client.make_url(f"{API}/txt2img")
        task = asyncio.create_task(leaving.post(url, json={**SKETCH, "prompt": "x", "n_iter": 20}))
        prompt = await comfy.submitted.get()
        task.cancel()
    assert await comfy.cancels.get() == prompt
    (run,) = await studio.runs()
    assert (await studio.ended(run.id))["status"] == "canceled"
    assert comfy.submitted.empty()


# Options and lists


async def test_options_choose_the_app_and_outlive_the_process(studio):
    assert (await studio.ask("options"))["sd_model_checkpoint"] == "plain"
    assert await studio.ask("options", {"sd_model_checkpoint": "SKETCH [a1b2c3]", "my_own": [1]}) is None
    await studio.restart()
    options = await studio.ask("options")
    assert (options["sd_model_checkpoint"], options["my_own"], options["samples_format"]) == ("sketch", [1], "png")
    answer = await studio.ask("txt2img", {"prompt": "x", "width": 64})
    assert opened(answer["images"][0]).size == (64, 24)


async def test_lists_are_of_the_chosen_app(studio):
    assert [one["name"] for one in await studio.ask("samplers")] == ["Automatic"]
    await studio.ask("options", {"sd_model_checkpoint": "sketch"})
    samplers = await studio.ask("samplers")
    assert samplers[1] == {"name": "Euler a", "aliases": ["euler_ancestral"], "options": {}}
    assert samplers[3] == {"name": "res_multistep", "aliases": [], "options": {}}
    assert [one["label"] for one in await studio.ask("schedulers")] == ["Automatic", "Normal", "Karras"]
    models = await studio.ask("sd-models")
    assert {"plain", "retouch", "sketch"} <= {one["title"] for one in models}
    assert models[0].keys() == {"title", "model_name", "hash", "sha256", "filename", "config"}


CALLED: list[tuple[str | None, str | None, tuple[str, str]]] = [
    ("Euler a", "automatic", ("euler_ancestral", "normal")),
    ("euler_ancestral", None, ("euler_ancestral", "normal")),
    ("DPM++ 2M Karras", None, ("dpmpp_2m", "karras")),
    ("dpm++ 2m", "karras", ("dpmpp_2m", "karras")),
    ("PLMS", "Uniform", ("euler", "normal")),
    (None, None, ("euler", "normal")),
]


async def test_samplers_by_either_worlds_names(studio):
    for sampler, scheduler, _ in CALLED:
        await studio.ask("txt2img", {**SKETCH, "prompt": "x", "sampler_name": sampler, "scheduler": scheduler})
    used = [(graph["3"]["inputs"]["sampler_name"], graph["3"]["inputs"]["scheduler"]) for graph in studio.graphs()]
    assert used == [names for _, _, names in CALLED]


async def test_what_apps_do_not_have_is_an_empty_list(studio):
    for name in ("loras", "upscalers", "sd-vae", "hypernetworks", "prompt-styles", "script-info"):
        assert await studio.ask(name) == []


async def test_facts_have_the_originals_shapes(studio):
    assert await studio.ask("scripts") == {"txt2img": [], "img2img": []}
    assert await studio.ask("embeddings") == {"loaded": {}, "skipped": {}}
    assert (await studio.ask("memory")).keys() == {"ram", "cuda"}
    assert (await studio.ask("cmd-flags"))["api"] is True
    assert await studio.ask("/lectern/internal/ping") == {}
    assert await studio.ask("refresh-checkpoints", {}) == {}


async def test_png_info_reads_what_either_world_wrote(studio):
    info = PngInfo()
    info.add_text("parameters", "a cat\nNegative prompt: dog\nSteps: 2, Sampler: Euler, Seed: 42, Size: 64x48")
    info.add_text("workflow", "{}")
    content = io.BytesIO()
    Image.new("RGB", (4, 4)).save(content, "PNG", pnginfo=info)
    told = await studio.ask("png-info", {"image": encoded(content.getvalue())})
    assert told["info"].startswith("a cat\n") and told["items"] == {"workflow": "{}"}
    assert told["parameters"] == {
        "Prompt": "a cat", "Negative prompt": "dog", "Steps": "2", "Sampler": "Euler", "Seed": "42",
        "Size-1": "64", "Size-2": "48",
    }  # fmt: skip
    bare = await studio.ask("png-info", {"image": "data:image/png;base64," + encoded(png())})
    assert bare == {"info": "", "items": {}, "parameters": {}}


# Keys


@pytest.fixture
async def keys(studio):
    """Two keys where keys are needed: each as the password of any user."""
    studio.settings = lambda: Settings(apps=Apps(access="keys"))
    await studio.stop()
    gates = []

    def guard(service):
        gates.append(create_gate(studio.folder / "private", service._storage, lambda: studio.settings(), here))
        return gates[-1]

    studio.guard = guard
    await studio.start()
    issued = [await gates[-1].keys.create(Wanted(name, frozenset({Scope.RUN}))) for name in ("one", "two")]
    yield [key.text for key in issued]
    await gates[-1].close()


@pytest.mark.parametrize("headers", [{}, basic("me", "lct_wrong"), basic("me", "secret")])
async def test_without_a_key_the_original_asks_for_basic(studio, keys, headers):
    async with studio.client.get(f"{API}/samplers", headers=headers) as answer:
        assert (answer.status, list(await answer.json())) == (401, ["detail"])
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert await studio.ask("/lectern/internal/ping") == {}


async def test_the_key_may_stand_for_the_user(studio, keys):
    assert await studio.ask("samplers", headers=basic(keys[0], "x"))


async def test_keys_do_not_share_options_progress_or_interrupt(studio, comfy, keys):
    one, two = (basic("anybody", key) for key in keys)
    await studio.ask("options", {"sd_model_checkpoint": "sketch"}, headers=one)
    assert (await studio.ask("options", headers=two))["sd_model_checkpoint"] == "plain"
    comfy.script = painting.begin
    asked = {"prompt": "x", "force_task_id": "task(1)"}
    task = asyncio.create_task(studio.ask("txt2img", asked, headers=one))
    prompt = await comfy.submitted.get()
    await studio.advanced(headers=one)
    assert (await studio.ask("progress", headers=two))["state"]["job_count"] == 0
    assert not (await studio.ask("/lectern/internal/progress", {"id_task": "task(1)"}, headers=two))["active"]
    await studio.ask("interrupt", {}, headers=two)
    await comfy.end(prompt)
    assert len((await task)["images"]) == 1 and comfy.cancels.empty()


async def test_a_key_of_one_app_has_one_checkpoint(studio, keys):
    gate_keys = studio.guard.__closure__[0].cell_contents[-1].keys
    key = await gate_keys.create(Wanted("narrow", frozenset({Scope.RUN}), frozenset({"plain"})))
    headers = basic("", key.text)
    assert [one["title"] for one in await studio.ask("sd-models", headers=headers)] == ["plain"]
    answer = await studio.ask("txt2img", {**SKETCH, "prompt": "x"}, 404, headers=headers)
    assert '"sketch" not found' in answer["detail"]


def test_progress_counts_all_runs_and_never_goes_back():
    job = Job("", "txt2img", executions=3)
    told = [between(job)]
    job.run_id = "r"
    for take, value in ((0, 0.0), (0, 0.5), (1, 0.5)):
        view = {"status": "running", "completed_at": None, "n": 2, "progress": {"take": take, "value": value}}
        told.append(stand(job, view))
    told.append(stand(job, {"status": "succeeded", "completed_at": "now", "n": 2, "progress": None}))
    job.run_id, job.executed = None, 2
    told.append(between(job))
    assert [round(one.fraction * 6) for one in told] == [0, 0, 1, 3, 4, 4]
    assert [one.execution for one in told] == [0, 0, 0, 1, 2, 2]
