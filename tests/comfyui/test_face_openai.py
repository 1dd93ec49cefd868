"""OpenAI's Images API of a real ComfyUI, called by the clients that people's tools are made with."""

import base64
import io
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import openai
import pytest
from openai.types import ImagesResponse
from PIL import Image

from support import readme
from support.client import Comfy, node
from support.webui import ContractThread
from tools.node_clients import node_clients, node_command
from tools.server import ComfyServer

SCRIPT = Path(__file__).parents[1] / "support" / "node" / "openai_clients.mjs"
RED = 0xFF0000
_prompts = (f"prompt {number}" for number in itertools.count())


def titled(kind: str, title: str, **inputs: Any) -> dict[str, Any]:
    return {**node(kind, **inputs), "_meta": {"title": title}}


PAINT = {
    "1": titled("PrimitiveStringMultiline", "Prompt", value="a title"),
    "2": node(
        "LecternSlideBackground", style="mesh gradient", palette="aurora", colors="", words=["1", 0], seed=1, width=64,
        height=64, batch_size=1, calm_zone="none",
    ),
    "3": node("SaveImage", images=["2", 0], filename_prefix="painted"),
}  # fmt: skip
EDIT = {
    "1": titled("PrimitiveStringMultiline", "Prompt", value="a title"),
    "2": node("LoadImage", image=""),
    "3": node("EmptyImage", width=64, height=48, batch_size=1, color=RED),
    "4": node(
        "ImageCompositeMasked", destination=["2", 0], source=["3", 0], mask=["2", 1], x=0, y=0, resize_source=False
    ),
    "5": node("PreviewAny", source=["1", 0]),
    "6": node("SaveImage", images=["4", 0], filename_prefix="edited"),
}


@pytest.fixture(scope="module")
def base_url(comfy: Comfy) -> Iterator[str]:
    """With two apps: one paints from a prompt, one paints red where a picture is masked."""
    apps = {
        "my-pictures": (PAINT, ["1.value", "2.seed", "2.width", "2.height"], "3"),
        "my-retouching": (EDIT, ["1.value", "2.image"], "6"),
    }
    for slug, (graph, places, output) in apps.items():
        inputs = [dict(zip(("node_id", "widget"), place.split("."), strict=True)) for place in places]
        body = {"prompt": graph, "inputs": inputs, "outputs": [{"node_id": output}]}
        answer = comfy.request("PUT", f"/lectern/v1/apps/{slug}", body)
        assert answer.status == 201, answer.body
    yield f"{comfy.url}/lectern/openai/v1"
    for slug in apps:
        comfy.request("DELETE", f"/lectern/v1/apps/{slug}")


@pytest.fixture(scope="module")
def client(base_url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=base_url, api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """64 by 48: blue, the left half transparent."""
    image = Image.new("RGBA", (64, 48), (0, 0, 255, 255))
    image.paste((0, 0, 0, 0), (0, 0, 32, 48))
    path = tmp_path_factory.mktemp("picture") / "picture.png"
    image.save(path)
    return path


USUAL = "http://127.0.0.1:8188"


def blocks(language: str) -> str:
    (found,) = [one.text for one in readme.blocks("OpenAI's Images API") if one.language == language]
    return found


LITELLM = """
import json, sys, litellm
base, path = sys.argv[1:]
how = {"api_base": base, "api_key": "none"}
made = litellm.image_generation(model="openai/my-pictures", prompt="x", n=2, size="96x64", **how)
with open(path, "rb") as image, open(path, "rb") as mask:
    edit = litellm.image_edit(model="openai/my-retouching", prompt="x", image=image, mask=mask, **how)
json.dump([[one["b64_json"] for one in answer.data] for answer in (made, edit)], sys.stdout)
"""


class Others(NamedTuple):
    """Processes of clients that are no Python of ours, or that change the clients of whoever imports them."""

    litellm: subprocess.Popen[bytes]
    npm: subprocess.Popen[bytes]


@pytest.fixture(scope="module")
def others(base_url: str, picture: Path, tmp_path_factory: pytest.TempPathFactory) -> Others:
    """Started at once: both take seconds to load."""
    folder = tmp_path_factory.mktemp("npm")
    shutil.copy(SCRIPT, folder)
    (folder / "node_modules").symlink_to(node_clients() / "node_modules", target_is_directory=True)
    script = [node_command(), str(folder / SCRIPT.name)]
    return Others(
        started([sys.executable, "-c", LITELLM, base_url, str(picture)]),
        started([*script, base_url, "my-pictures", "my-retouching", str(picture)]),
    )


def started(command: list[str], folder: Path | None = None) -> subprocess.Popen[bytes]:
    environ = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ, cwd=folder)


def told(process: subprocess.Popen[bytes]) -> Any:
    """What a client says, as JSON."""
    said, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors.decode()[-3000:]
    return json.loads(said)


@pytest.fixture(scope="module")
def npm(others: Others) -> dict[str, Any]:
    return told(others.npm)


def opened(text: str | None) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(text or "")))


def only(answer: ImagesResponse) -> openai.types.Image:
    assert answer.data and len(answer.data) == 1
    return answer.data[0]


def edited(image: Image.Image) -> bool:
    """Whether the left half, and only that, is red now."""
    image = image.convert("RGB")
    return image.getpixel((8, 20)) == (255, 0, 0) and image.getpixel((56, 20)) == (0, 0, 255)


def test_the_python_client_generates(client: openai.OpenAI, others: Others):
    assert {"my-pictures", "my-retouching"} < {model.id for model in client.models.list()}
    assert client.models.retrieve("my-pictures").owned_by == "lectern"
    made = client.images.generate(model="my-pictures", prompt=next(_prompts), n=2, size="96x64")
    images = [opened(one.b64_json) for one in made.data or ()]
    assert [image.size for image in images] == [(96, 64)] * 2 and made.size == "96x64" and made.usage is None
    assert images[0].tobytes() != images[1].tobytes()  # seeds of their own
    one = only(client.images.generate(model="my-pictures", prompt="x", output_format="jpeg"))
    assert opened(one.b64_json).format == "JPEG"


def test_the_python_client_follows_addresses(client: openai.OpenAI, comfy: Comfy):
    one = only(client.images.generate(model="my-pictures", prompt=next(_prompts), response_format="url"))
    assert one.url and one.url.startswith(comfy.url)
    assert Image.open(io.BytesIO(comfy.get(one.url.removeprefix(comfy.url)).body)).size == (64, 64)


def test_the_python_client_edits_where_the_mask_is_transparent(client: openai.OpenAI, picture: Path):
    opaque = io.BytesIO()
    Image.new("RGB", (64, 48), "blue").save(opaque, "PNG")
    for image in ([("a.png", opaque.getvalue(), "image/png")], ("a.png", opaque.getvalue(), "image/png")):
        one = only(client.images.edit(model="my-retouching", prompt="x", image=image, mask=picture.read_bytes()))
        assert edited(opened(one.b64_json))


def test_the_python_client_streams(client: openai.OpenAI):
    with client.images.generate(model="my-pictures", prompt=next(_prompts), stream=True, partial_images=2) as stream:
        (event,) = list(stream)
    assert event.type == "image_generation.completed" and event.size == "64x64"
    assert opened(event.b64_json).size == (64, 64)


def test_the_python_client_understands_what_is_wrong(client: openai.OpenAI):
    with pytest.raises(openai.NotFoundError) as unknown:
        client.images.generate(model="nothing", prompt="x")
    assert unknown.value.code == "model_not_found" and unknown.value.param == "model"
    with pytest.raises(openai.BadRequestError, match="width must be an integer") as wrong:
        client.images.generate(model="my-pictures", prompt="x", size="30000x64")
    assert wrong.value.param == "size"


def test_litellm_generates_and_edits(others: Others):
    generated, (edit,) = told(others.litellm)
    assert [opened(one).size for one in generated] == [(96, 64)] * 2
    assert edited(opened(edit))


def test_the_npm_client_generates_edits_and_streams(npm: dict[str, Any]):
    assert {"my-pictures", "my-retouching"} < set(npm["models"])
    assert npm["generate"]["size"] == "96x64"
    assert [opened(one).size for one in npm["generate"]["data"]] == [(96, 64)] * 2
    assert [edited(opened(one)) for one in npm["edit"]] == [True]
    assert [(event["type"], event["size"]) for event in npm["events"]] == [("image_generation.completed", "64x64")]
    assert npm["error"] == {"name": "NotFoundError", "status": 404, "code": "model_not_found", "param": "model"}


def test_vercels_sdk_generates_and_edits(npm: dict[str, Any]):
    assert [opened(one["base64"]).size for one in npm["sdk"]] == [(96, 64)] * 2
    assert [edited(opened(one["base64"])) for one in npm["sdkEdit"]] == [True]


def test_the_readmes_code(comfy: Comfy, base_url: str, picture: Path, tmp_path: Path):
    for name in ("photo.png", "mask.png"):
        shutil.copy(picture, tmp_path / name)
    (tmp_path / "node_modules").symlink_to(node_clients() / "node_modules", target_is_directory=True)
    (tmp_path / "block.mjs").write_text(blocks("js").replace(USUAL, comfy.url))
    running = [
        started([sys.executable, "-c", blocks("python").replace(USUAL, comfy.url)], tmp_path),
        started([node_command(), "block.mjs"], tmp_path),
        started(["bash", "-euc", blocks("bash").replace(USUAL, comfy.url)], tmp_path),
    ]
    said = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], said
    names = ("harbour-0.png", "harbour-1.png", "harbour.png")
    sizes = [Image.open(io.BytesIO((tmp_path / name).read_bytes())).size for name in names]
    assert sizes == [(1024, 576), (1024, 576), (64, 64)]
    models, _, edit = said[2][0].partition(b"}{")
    assert b"my-retouching" in models
    assert opened(json.loads(b"{" + edit)["data"][0]["b64_json"]).format == "JPEG"


@pytest.fixture
def webui(server: ComfyServer) -> Iterator[ContractThread]:
    """A Forge double that lectern.toml calls `local`."""
    file = server.base / "user" / "__lectern" / "lectern.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    with ContractThread("forge", webui=True) as webui:
        file.write_text(f'[servers.local]\nurl = "{webui.url}"\n')
        yield webui
        file.unlink()


def test_a_webui_server_is_a_model(client: openai.OpenAI, webui: ContractThread, picture: Path):
    assert "sdwebui:local" in {model.id for model in client.models.list()}
    model = "sdwebui:local"
    made = client.images.generate(model=model, prompt=next(_prompts), n=2, size="96x64", extra_body={"seed": 4})
    assert [opened(one.b64_json).size for one in made.data or ()] == [(96, 64)] * 2
    edit = client.images.edit(model=model, prompt="a hat", image=picture.read_bytes(), mask=picture.read_bytes())
    (body,) = webui.server.bodies("img2img")
    assert len(edit.data or ()) == 1 and body["prompt"] == "a hat"
    assert opened(body["mask"]).convert("L").getextrema() == (0, 255)
