"""Files of runs in a real ComfyUI: its own loaders read what Lectern places."""

import asyncio
import io
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
import pytest
from PIL import Image

from lectern.apps.comfy import ComfyClient
from lectern.apps.files.keeper import FileKeeper
from lectern.apps.files.placing import Placer
from lectern.apps.store.storage import Storage
from lectern.settings import Settings
from support.client import Comfy
from unit.apps.media import picture, sound, turned


class Target(NamedTuple):
    media: str
    mask_of: str = ""
    channel: str = ""


MASKED = {"image": Target("image"), "mask": Target("mask", mask_of="image")}


async def placed(url: str, folder: Path, files: dict[str, bytes], targets: dict[str, Target]) -> dict[str, Any]:
    """Names in ComfyUI's input folder."""
    storage = Storage(folder)
    keeper = FileKeeper(folder / "files", storage, Settings)
    client = ComfyClient(lambda: url, lambda: None)
    try:
        values = {name: (await keeper.add("", name, "", content)).url for name, content in files.items()}
        placer = Placer(keeper, Settings)
        names = await placer.place(client, values, targets)
        assert await Placer(keeper, Settings).place(client, values, targets) == names
        return names
    finally:
        await client.close()
        await storage.close()


def place(comfy: Comfy, folder: Path, files: dict[str, bytes], targets: dict[str, Target]) -> dict[str, Any]:
    return asyncio.run(placed(comfy.url, folder, files, targets))


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


def shown(comfy: Comfy, loader: dict[str, Any], slot: int | None) -> np.ndarray:
    """What a loader gives, as pixels: its picture, or with a slot its mask."""
    graph = {"1": loader, "3": node("SaveImage", images=["1", 0], filename_prefix="lectern_test/x")}
    if slot is not None:
        graph["2"] = node("MaskToImage", mask=["1", slot])
        graph["3"]["inputs"]["images"] = ["2", 0]
    (saved,) = comfy.outputs(graph)["3"]["images"]
    return np.asarray(Image.open(io.BytesIO(comfy.file(saved))).convert("RGB"))


def half_white(width: int, height: int) -> bytes:
    mask = Image.new("L", (width, height))
    mask.paste(255, (0, 0, width // 2, height))
    content = io.BytesIO()
    mask.save(content, "PNG")
    return content.getvalue()


def test_load_image_reads_picture_and_mask(comfy: Comfy, tmp_path: Path):
    files = {"image": picture(size=(8, 6), color=(200, 100, 50)), "mask": half_white(80, 60)}
    names = place(comfy, tmp_path, files, MASKED)
    loader = node("LoadImage", image=names["image"])
    assert (shown(comfy, loader, None) == (200, 100, 50)).all()
    mask = shown(comfy, loader, 1)
    assert mask.shape == (6, 8, 3) and (mask[:, 0] == 255).all() and (mask[:, 7] == 0).all()


def test_a_turned_photograph_and_its_mask_fit_each_other(comfy: Comfy, tmp_path: Path):
    alone = place(comfy, tmp_path / "a", {"image": turned()}, {"image": Target("image")})
    upright = shown(comfy, node("LoadImage", image=alone["image"]), None)
    both = place(comfy, tmp_path / "b", {"image": turned(), "mask": half_white(6, 8)}, MASKED)
    loader = node("LoadImage", image=both["image"])
    assert upright.shape == shown(comfy, loader, None).shape == (8, 6, 3)
    mask = shown(comfy, loader, 1)
    assert (mask[:, :3] == 255).all() and (mask[:, 3:] == 0).all()


@pytest.mark.parametrize("channel", ["alpha", "red", "green", "blue"])
def test_load_image_mask_finds_the_mask_in_its_channel(comfy: Comfy, tmp_path: Path, channel: str):
    names = place(comfy, tmp_path, {"mask": half_white(8, 6)}, {"mask": Target("mask", channel=channel)})
    mask = shown(comfy, node("LoadImageMask", image=names["mask"], channel=channel), 0)
    assert (mask[:, :4] == 255).all() and (mask[:, 4:] == 0).all()


def test_load_audio_reads_a_sound(comfy: Comfy, tmp_path: Path):
    names = place(comfy, tmp_path, {"audio": sound()}, {"audio": Target("audio")})
    graph = {
        "1": node("LoadAudio", audio=names["audio"]),
        "2": node("SaveAudio", audio=["1", 0], filename_prefix="lectern_test/x"),
    }
    assert comfy.outputs(graph)["2"]["audio"]


def film() -> bytes:
    content = io.BytesIO()
    with av.open(content, "w", format="mp4") as target:
        stream = target.add_stream("mpeg4", rate=4)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for _ in range(4):
            frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
            target.mux(stream.encode(frame))
        target.mux(stream.encode())
    return content.getvalue()


def test_load_video_reads_a_film(comfy: Comfy, tmp_path: Path):
    names = place(comfy, tmp_path, {"video": film()}, {"video": Target("video")})
    graph = {
        "1": node("LoadVideo", file=names["video"]),
        "2": node("GetVideoComponents", video=["1", 0]),
        "3": node("SaveImage", images=["2", 0], filename_prefix="lectern_test/x"),
    }
    assert len(comfy.outputs(graph)["3"]["images"]) == 4
