"""What a run of each app does, as steps that the stand-in plays; a test holds it where it wants to look."""

import base64
import io
from collections.abc import AsyncIterator
from typing import Any

from PIL import Image, ImageDraw

STEP = 0.01  # seconds
NODES = ["Load checkpoint", "Encode prompt", "Sampler", "Decode", "Save Image"]


def picture(seed: int, size: tuple[int, int] = (640, 360), kind: str = "PNG") -> bytes:
    """A small landscape whose colours come from the seed."""
    width, height = size
    hue = seed * 47 % 360
    image = Image.new("RGB", size, f"hsl({hue}, 45%, 72%)")
    draw = ImageDraw.Draw(image)
    for band in range(4):
        top = height * (3 + band * 1.6) / 8
        draw.ellipse(
            (width * (0.14 * band - 0.3), top, width * (1.2 + 0.06 * band), top + height * 1.3),
            fill=f"hsl({(hue + 24 * band) % 360}, {50 - 6 * band}%, {58 - 11 * band}%)",
        )
    draw.ellipse((width * 0.66, height * 0.12, width * 0.66 + height * 0.22, height * 0.34), fill="hsl(42, 90%, 86%)")
    content = io.BytesIO()
    image.save(content, kind)
    return content.getvalue()


def preview(step: int) -> dict[str, Any]:
    small = picture(3, (64, 36), "JPEG")
    return {"node_id": "3", "content_type": "image/jpeg", "data_base64": base64.b64encode(small).decode(), "at": step}


def progress(node: int, step: int | None = None, steps: int | None = None, take: int = 0) -> dict[str, Any]:
    part = 0 if not step or not steps else step / steps
    return {
        "value": round((node + part) / len(NODES), 3), "nodes_done": node, "nodes_total": len(NODES),
        "current_node": NODES[node], "step": step, "steps": steps, "message": None, "take": take,
    }  # fmt: skip


FAILURE = {
    "code": "node_execution_error",
    "message": "Upscale: the picture has 3 channels, but the model wants 4; give it a picture with alpha. <b>",
    "node_id": "7", "class_type": "ImageUpscaleWithModel", "title": "Upscale <img src=x onerror=window.hacked=1>",
}  # fmt: skip
REFUSED = [
    {"input": "steps", "code": "too_large", "message": "steps may be at most 8; got 20."},
    {"input": "size", "code": "required", "message": "size must be given."},
]


async def played(app: str, hold: Any) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """The events of one run. `hold(name)` waits while a test holds that place."""
    if app == "busy":
        yield "status", {"status": "queued", "queue_position": 3}
        await hold("queued")
    yield "status", {"status": "running", "queue_position": None}
    for node in range(len(NODES)):
        yield "progress", progress(node)
        if node == 2:
            for step in range(1, 9):
                yield "progress", progress(node, step, 8)
                yield "preview", preview(step)
                await hold("sampling" if step == 5 else "")
        if node == 3 and app == "broken":
            yield "failed", FAILURE
            return
        await hold("")
    yield "done", {}


def outputs(app: str, seed: int, takes: int) -> list[dict[str, Any]]:
    """What a finished run has, without addresses."""
    found: list[dict[str, Any]] = []
    if app != "deck":
        found += [_item("image", "image/png", f"{app}_{take + 1:05}.png", take) for take in range(takes)]
    if app in ("everything", "hostile"):
        found.append(
            _item("text", "text/plain; charset=utf-8", "notes.txt") | {"text": f"Seed {seed}\n<b>not bold</b>"}
        )
    if app in ("everything", "deck"):
        kind = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
        found.append(_item("deck", kind, "Autumn review.pptx") | {"size_bytes": 2_480_000})
    return found


def _item(output: str, kind: str, name: str, take: int = 0) -> dict[str, Any]:
    return {
        "output": output, "content_type": kind, "name": name, "size_bytes": 184_320, "node_id": "9", "take": take,
    }  # fmt: skip
