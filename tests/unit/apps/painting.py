"""An app as most people have one, text to picture and picture to picture, and a fake ComfyUI that paints real files."""

import io
import json
from pathlib import Path
from typing import Any

from PIL import Image

from unit.apps.fake_comfy import FakeComfy
from unit.apps.samples import workflow

INT = ["INT", {"min": 1, "max": 4096}]
FLOAT = ["FLOAT", {"min": 0.0, "max": 100.0}]
SEED = ["INT", {"min": 0, "max": 2**64 - 1, "control_after_generate": True}]
TEXT = ["STRING", {"multiline": True}]
NAMES = {
    "sampler_name": [["euler", "euler_ancestral", "dpmpp_2m", "res_multistep"]],
    "scheduler": [["normal", "karras"]],
}
OBJECT_INFO: dict[str, Any] = {
    name: {"input": {"required": inputs}, "output": outputs, "output_node": not outputs}
    for name, (inputs, outputs) in {
        "CLIPTextEncode": ({"text": TEXT}, ["CONDITIONING"]),
        "EmptyLatentImage": ({"width": INT, "height": INT, "batch_size": INT}, ["LATENT"]),
        "LoadImage": ({"image": [["a.png"], {"image_upload": True}]}, ["IMAGE", "MASK"]),
        "Inpaint": ({"pixels": ["IMAGE"], "mask": ["MASK"]}, ["LATENT"]),
        "KSampler": (
            {"seed": SEED, "steps": INT, "cfg": FLOAT, **NAMES, "denoise": FLOAT, "latent_image": ["LATENT"]},
            ["IMAGE"],
        ),
        "SaveImage": ({"images": ["IMAGE"], "filename_prefix": ["STRING", {}]}, []),
    }.items()
}


def node(class_type: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs, "_meta": {"title": class_type}}


SAMPLER = node(
    "KSampler", seed=1, steps=20, cfg=7.0, sampler_name="euler", scheduler="normal", denoise=1.0,
    positive=["6", 0], negative=["7", 0], latent_image=["5", 0],
)  # fmt: skip
TEXTS = {
    "3": SAMPLER,
    "6": node("CLIPTextEncode", text="a default"),
    "7": node("CLIPTextEncode", text="blurry"),
    "9": node("SaveImage", images=["3", 0], filename_prefix="made"),
}
TXT2IMG = TEXTS | {"5": node("EmptyLatentImage", width=32, height=24, batch_size=1)}
IMG2IMG = TEXTS | {"4": node("LoadImage", image="a.png"), "5": node("Inpaint", pixels=["4", 0], mask=["4", 1])}
PICKS: list[Any] = [
    ["6", "text", {"name": "prompt"}],
    ["7", "text", {"name": "negative"}],
    *(["3", name] for name in ("seed", "steps", "cfg", "sampler_name", "scheduler", "denoise")),
]
SIZES: list[Any] = [["5", "width"], ["5", "height"], ["5", "batch_size"]]


def write(folder: Path, slug: str, graph: dict[str, Any], picks: list[Any]) -> None:
    (folder / "api").mkdir(parents=True, exist_ok=True)
    saved = workflow(picks, ["9"], slug=slug, title=slug.title())
    (folder / f"{slug}.json").write_text(json.dumps(saved), "utf-8")
    (folder / "api" / f"{slug}.json").write_text(json.dumps(graph), "utf-8")


def write_apps(folder: Path) -> None:
    """`sketch` paints from texts, `retouch` over a picture; `plain` has a prompt alone."""
    write(folder, "plain", TXT2IMG, PICKS[:1])
    write(folder, "retouch", IMG2IMG, [*PICKS, ["4", "image"]])
    write(folder, "sketch", TXT2IMG, [*PICKS, *SIZES])


def paint(comfy: FakeComfy, graph: dict[str, Any]) -> dict[str, Any]:
    """As `fake_comfy.save_pictures`, with a PNG of the wanted size for each picture of the batch."""
    wanted = graph["5"]["inputs"]
    size = wanted.get("width", 16), wanted.get("height", 16)
    subfolder, _, stem = graph["9"]["inputs"]["filename_prefix"].rpartition("/")
    names = [f"{stem}_{number:05}_.png" for number in range(wanted.get("batch_size", 1))]
    for name in names:
        comfy.files["output", subfolder, name] = png(size)
    return {"9": {"images": [{"filename": name, "subfolder": subfolder, "type": "output"} for name in names]}}


def png(size: tuple[int, int] = (16, 16), color: Any = "teal", mode: str = "RGB") -> bytes:
    content = io.BytesIO()
    Image.new(mode, size, color).save(content, "PNG")
    return content.getvalue()


async def begin(comfy: FakeComfy, prompt_id: str) -> None:
    """Half of a run: the sampler is at step 5 of 10."""
    await comfy.send("execution_start", prompt_id, timestamp=1000)
    running = {"value": 5, "max": 10, "state": "running", "node_id": "3", "display_node_id": "3"}
    await comfy.send("progress_state", prompt_id, nodes={"3": running})
