"""Apps of a real ComfyUI as an AUTOMATIC1111 server, called by clients that people have."""

import asyncio
import base64
import http.client
import io
import itertools
import json
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import webuiapi
from PIL import Image

from lectern.sdwebui.draft import Draft
from lectern.sdwebui.hub import Hub
from lectern.sdwebui.member import all_lists
from lectern.sdwebui.pictures import Bounds
from lectern.sdwebui.progress import Watch
from lectern.sdwebui.sampling import sample
from lectern.servers import Server
from lectern.settings import Settings
from support import readme
from support.client import PATIENCE, Comfy, node

PAINT, EDIT, SLOW = "webui-paint", "webui-edit", "webui-slow"
RED = 0xFF0000
BOUNDS = Bounds(4096, 4096 * 4096)
_numbers = itertools.count()


def prompt() -> str:
    return f"a harbour {next(_numbers)}"


def titled(kind: str, title: str, **inputs: Any) -> dict[str, Any]:
    return {**node(kind, **inputs), "_meta": {"title": title}}


def background(**sizes: int) -> dict[str, Any]:
    return node(
        "LecternSlideBackground", style="mesh gradient", palette="aurora", colors="", words=["1", 0], seed=1,
        calm_zone="none", **sizes,
    )  # fmt: skip


PROMPT = titled("PrimitiveStringMultiline", "Prompt", value="a title")
GRAPHS = {
    PAINT: {
        "1": PROMPT,
        "2": background(width=64, height=64, batch_size=1),
        "9": node("SaveImage", images=["2", 0], filename_prefix="painted"),
    },
    EDIT: {
        "1": PROMPT,
        "2": node("LoadImage", image=""),
        "3": node("EmptyImage", width=64, height=48, batch_size=1, color=RED),
        "4": node(
            "ImageCompositeMasked", destination=["2", 0], source=["3", 0], mask=["2", 1], x=0, y=0, resize_source=False
        ),
        "5": node("PreviewAny", source=["1", 0]),
        "9": node("SaveImage", images=["4", 0], filename_prefix="edited"),
    },
    SLOW: {
        "1": PROMPT,
        "2": background(width=2048, height=2048, batch_size=60),
        "9": node("SaveImage", images=["2", 0], filename_prefix="slow"),
    },
}
PICKS = {
    PAINT: ["1.value", "2.seed", "2.width", "2.height", "2.batch_size"],
    EDIT: ["1.value", "2.image"],
    SLOW: ["1.value", "2.seed"],
}


@pytest.fixture(scope="module")
def base(comfy: Comfy) -> Iterator[str]:
    """With three apps: one paints from a prompt, one paints red where a picture is masked, one takes its time."""
    for slug, graph in GRAPHS.items():
        inputs = [dict(zip(("node_id", "widget"), place.split("."), strict=True)) for place in PICKS[slug]]
        body = {"prompt": graph, "inputs": inputs, "outputs": [{"node_id": "9"}]}
        answer = comfy.request("PUT", f"/lectern/v1/apps/{slug}", body)
        assert answer.status == 201, answer.body
    yield f"{comfy.url}/lectern"
    for slug in GRAPHS:
        comfy.request("DELETE", f"/lectern/v1/apps/{slug}")


# mix1009's client


@pytest.fixture(scope="module")
def api(base: str) -> webuiapi.WebUIApi:
    client = webuiapi.WebUIApi(baseurl=f"{base}/sdapi/v1")
    client.util_set_model(PAINT)
    return client


def test_webuiapi_chooses_a_model_and_paints(api: webuiapi.WebUIApi):
    assert api.util_get_current_model() == PAINT
    wanted = prompt()
    made = api.txt2img(prompt=wanted, seed=5, width=96, height=64, n_iter=2)
    assert [image.size for image in made.images] == [(96, 64)] * 2
    assert made.info["all_seeds"] == [5, 6] and made.parameters["n_iter"] == 2
    told = api.png_info(made.image)
    assert told.info.startswith(f"{wanted}\nSeed: 5, Size: 96x64, Model: {PAINT}")


def test_the_example_of_the_readme(base: str, tmp_path: Path):
    (text,) = [one.text for one in readme.blocks("AUTOMATIC1111's API") if one.language == "python"]
    text = text.replace("http://127.0.0.1:8188/lectern", base).replace("my-pictures", PAINT)
    done = subprocess.run(
        [sys.executable, "-c", text], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    with Image.open(tmp_path / "harbour.png") as image:
        assert image.size == (1024, 576)
    assert done.stdout.rstrip().splitlines()[-2:] == [
        "a quiet harbour at dawn",
        f"Seed: 7, Size: 1024x576, Model: {PAINT}, Version: Lectern",
    ]


def test_webuiapi_paints_a_batch_at_once(api: webuiapi.WebUIApi):
    made = api.txt2img(prompt=prompt(), width=64, height=64, batch_size=3)
    assert len(made.images) == 3 and len(set(made.info["all_seeds"])) == 1


def test_webuiapi_repaints_what_is_masked(api: webuiapi.WebUIApi):
    picture, mask = Image.new("RGB", (64, 48), "blue"), Image.new("L", (64, 48))
    mask.paste(255, (0, 0, 32, 48))
    settings = {"sd_model_checkpoint": EDIT}
    made = api.img2img(images=[picture], mask_image=mask, width=64, height=48, override_settings=settings)
    colors = [made.image.getpixel((x, 24)) for x in (8, 56)]
    assert colors == [(255, 0, 0), (0, 0, 255)]


def test_webuiapi_reads_every_list(api: webuiapi.WebUIApi):
    assert {PAINT, EDIT, SLOW} <= set(api.util_get_model_names())
    assert api.util_get_sampler_names() == ["Automatic"] and api.util_get_scheduler_names() == ["automatic"]
    for read in (api.get_sd_vae, api.get_upscalers, api.get_latent_upscale_modes, api.get_loras, api.get_prompt_styles):
        assert read() == []
    assert api.get_memory().keys() == {"ram", "cuda"} and api.get_cmd_flags()["api"]
    assert api.get_embeddings()["loaded"] == {} and api.refresh_checkpoints() == {}
    api.util_wait_for_ready()


def test_webuiapi_is_told_what_is_wrong(api: webuiapi.WebUIApi):
    with pytest.raises(RuntimeError, match=r"422.*width"):
        api.txt2img(prompt="x", width=9)


# This pack's own nodes, whose work `sample` is: a node would wait for its own ComfyUI


@pytest.fixture
def ours(base: str) -> Callable[[Callable[[Hub], Coroutine[Any, Any, Any]]], Any]:
    async def within(work: Callable[[Hub], Coroutine[Any, Any, Any]]) -> Any:
        hub = Hub(lambda: Settings(servers={"face": Server(url=base)}))
        try:
            return await work(hub)
        finally:
            await hub.close()

    return lambda work: asyncio.run(within(work))


def draft(model: str, image: torch.Tensor | None = None, **fields: Any) -> Draft:
    return Draft(image=image, fields={"override_settings": {"sd_model_checkpoint": model}, **fields})


def test_our_nodes_sample(ours: Any):
    wanted = prompt()
    asked = draft(PAINT, prompt=wanted, seed=9, width=96, height=64, n_iter=2)
    made = ours(lambda hub: sample(hub, "face", asked, BOUNDS, Watch()))
    assert (made.images.shape, made.seeds, made.warnings) == ((2, 64, 96, 3), [9, 10], [])
    assert all(text.startswith(wanted) for text in made.infotexts)


def test_our_nodes_read_the_lists(ours: Any):
    async def lists(hub: Hub) -> Any:
        (member,) = hub.members("face")
        return (await member.dialect()).name, await all_lists(member)

    name, found = ours(lists)
    assert name == "a1111" and {PAINT, EDIT} <= {one.name for one in found["checkpoints"]}
    assert [one.name for one in found["schedulers"]] == ["Automatic"] and found["loras"] == ()


def test_our_nodes_stop_a_run(ours: Any, comfy: Comfy):
    async def stopped(hub: Hub) -> None:
        order = sample(hub, "face", draft(SLOW, prompt=prompt(), seed=1), BOUNDS, Watch())
        task = asyncio.create_task(order)
        await asyncio.to_thread(await_run, comfy, "running")
        task.cancel()
        await asyncio.to_thread(await_run, comfy, "canceled")

    ours(stopped)


def test_our_nodes_start_from_a_picture(ours: Any):
    blue = torch.zeros(1, 48, 64, 3)
    blue[..., 2] = 1
    asked = draft(EDIT, blue, prompt=prompt())
    made = ours(lambda hub: sample(hub, "face", asked, BOUNDS, Watch()))
    assert torch.equal(made.images, blue)


# Open WebUI, request by request


def test_what_open_webui_sends(base: str, comfy: Comfy):
    """backend/open_webui/routers/images.py: it verifies, lists, switches the model where it differs, and generates."""
    login = {"Authorization": "Basic " + base64.b64encode(b"user:secret").decode()}

    def ask(method: str, name: str, body: Any = None) -> Any:
        answer = comfy.request(method, f"/lectern/sdapi/v1/{name}", body, login)
        assert answer.status == 200, answer.body
        return answer.json

    options = ask("GET", "options")
    assert isinstance(options["sd_model_checkpoint"], str)
    models = [{"id": one["title"], "name": one["model_name"]} for one in ask("GET", "sd-models")]
    assert {"id": PAINT, "name": PAINT} in models
    ask("POST", "options", options | {"sd_model_checkpoint": PAINT})
    asked = {"prompt": prompt(), "batch_size": 2, "width": 96, "height": 64, "steps": 20, "negative_prompt": "fog"}
    answer = ask("POST", "txt2img", asked)
    assert [Image.open(io.BytesIO(base64.b64decode(one))).size for one in answer["images"]] == [(96, 64)] * 2
    assert answer["info"] and answer["parameters"]["steps"] == 20


# Enough of it


def await_run(comfy: Comfy, status: str) -> None:
    """Until the newest run of the slow app is so far."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        runs = comfy.get(f"/lectern/v1/runs?app={SLOW}&limit=1").json["runs"]
        if runs and runs[0]["status"] == status:
            return
        time.sleep(0.05)
    raise AssertionError(f"no run is {status} after {PATIENCE} s")


def test_a_client_that_hangs_up_stops_its_run(base: str, comfy: Comfy):
    address = urllib.parse.urlsplit(base)
    connection = http.client.HTTPConnection(address.hostname or "", address.port)
    body = {"prompt": prompt(), "override_settings": {"sd_model_checkpoint": SLOW}}
    connection.request("POST", "/lectern/sdapi/v1/txt2img", json.dumps(body), {"Content-Type": "application/json"})
    await_run(comfy, "running")
    assert comfy.get("/lectern/sdapi/v1/progress?skip_current_image=true").json["state"]["job_count"] == 1
    connection.close()
    await_run(comfy, "canceled")
    assert comfy.get("/lectern/sdapi/v1/progress").json["state"]["job_count"] == 0
