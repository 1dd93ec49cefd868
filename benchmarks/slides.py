"""Finishing eight pictures for slides: our nodes against ComfyUI's core nodes and against a lower bound.

Work: 1024x1024 float pictures cover-cropped to 1920x1080, a 30 % text watermark, another page number on each; then
saved as PNG. Everything runs in one process on ComfyUI's own node classes, in rounds that alternate, so that the ratios
hold on a machine whose speed drifts. The lower bound does no more than the pixels need: torch's 8 bit Lanczos and a
blend inside the boxes of stamps that were rendered before, in place, without the copies that nodes owe each other.
"""

import asyncio
import importlib
import io
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from benchmarks._report import Target, conclude, table
from lectern.images import png
from lectern.slides.fonts import FontBook
from lectern.slides.geometry import Size
from lectern.slides.lettering import Look, lay_out, render
from lectern.slides.separable import Window, resample
from lectern.slides.stamps import blend_
from lectern.slides.type import Font
from tools.cache import CHECKOUT
from tools.server import default_comfyui, make_base

ROUNDS = 9
PICTURES = 8
SLIDE = Size(1920, 1080)
BOUND, CORE, OURS = "lower bound (8 bit, in place)", "core nodes", "Lectern nodes"
BLACK, WHITE = "#000000", "#ffffff"


def load_nodes(base: Path) -> dict[str, Any]:
    """ComfyUI's node classes and ours, loaded by ComfyUI itself, in this process."""
    make_base(base, None)
    arguments, paths = sys.argv[:], sys.path[:]
    sys.argv[1:] = ["--cpu", "--base-directory", str(base), "--database-url", "sqlite:///:memory:"]
    sys.path[:] = [str(default_comfyui()), *(path for path in paths if Path(path or ".").resolve() != CHECKOUT)]
    importlib.import_module("comfy.options").enable_args_parsing()

    async def load() -> dict[str, Any]:
        server, nodes = importlib.import_module("server"), importlib.import_module("nodes")
        server.PromptServer(asyncio.get_running_loop())
        await nodes.init_builtin_extra_nodes()
        await nodes.load_custom_node(str(CHECKOUT))
        return nodes.NODE_CLASS_MAPPINGS

    try:
        return asyncio.run(load())
    finally:
        sys.argv[:], sys.path[:] = arguments, paths


def pictures() -> Tensor:
    """Smooth pictures with some noise, as photographs compress: the same ones every time."""
    generator = torch.Generator().manual_seed(7)
    coarse = torch.rand((PICTURES, 3, 12, 12), generator=generator)
    smooth = interpolate(coarse, (1024, 1024), mode="bicubic").permute(0, 2, 3, 1)
    return (smooth + 0.02 * torch.randn(smooth.shape, generator=generator)).clamp_(0, 1).contiguous()


def lower_bound(images: Tensor, stamps: list[Any], look: Look) -> Tensor:
    result = torch.empty((PICTURES, SLIDE.height, SLIDE.width, 3))
    for index, image in enumerate(images):
        crop = image[224:800].mul(255).round_().to(torch.uint8).permute(2, 0, 1)[None]
        scaled = interpolate(crop, (SLIDE.height, SLIDE.width), mode="lanczos", antialias=True)
        torch.div(scaled[0].permute(1, 2, 0), 255, out=result[index])
        blend_(result[index], stamps[index], (1.0, 1.0, 1.0), 1.0)  # type: ignore[arg-type]
    blend_(result, stamps[-1], (1.0, 1.0, 1.0), look.opacity)  # type: ignore[arg-type]
    return result


def core_frame(nodes: dict[str, Any], images: Tensor) -> Tensor:
    return nodes["ImageScale"]().upscale(images, "lanczos", SLIDE.width, SLIDE.height, "center")[0]


def core_text(nodes: dict[str, Any], images: Tensor, text: str, color: str, position: str) -> Tensor:
    return nodes["TextOverlay"].execute(images, text, 2.8, color, position, "right", False).args[0]


def core_chain(nodes: dict[str, Any], images: Tensor) -> Tensor:
    marked = core_text(nodes, core_frame(nodes, images), "© Lectern", "#ffffff4d", "top")
    pages = [
        core_text(nodes, marked[index : index + 1], f"{index + 1}/{PICTURES}", WHITE, "bottom")
        for index in range(PICTURES)
    ]
    return torch.cat(pages)


def our_frame(nodes: dict[str, Any], images: Tensor) -> Tensor:
    node = nodes["LecternSlideFrame"]
    return node.execute(images, "16:9", 1080, 1920, 1080, "cover", "center", BLACK).args[0]


def our_watermark(nodes: dict[str, Any], images: Tensor) -> Tensor:
    node = nodes["LecternSlideWatermark"]
    values = ([images], ["© Lectern"], ["top right"], [2.8], [4.0], [0.3], [0.0], [WHITE], [""])
    return node.execute(*values).args[0][0]


def our_numbers(nodes: dict[str, Any], images: Tensor) -> Tensor:
    node = nodes["LecternSlideNumber"]
    values = ([images], ["1"], ["{n}/{total}"], [1], [0], ["bottom right"], [2.8], [4.0], [WHITE], [""])
    return node.execute(*values).args[0][0]


def our_chain(nodes: dict[str, Any], images: Tensor) -> Tensor:
    return our_numbers(nodes, our_watermark(nodes, our_frame(nodes, images)))


def core_save(images: Tensor) -> list[bytes]:
    """As core's SaveImage does it: truncated to 8 bit, Pillow's PNG at level 4, one after the other."""
    files = []
    for image in images:
        pixels = Image.fromarray(numpy.clip(255.0 * image.numpy(), 0, 255).astype(numpy.uint8))
        file = io.BytesIO()
        pixels.save(file, "PNG", compress_level=4)
        files.append(file.getvalue())
    return files


def our_save(images: Tensor) -> list[bytes]:
    return [png(image) for image in images]


def measure(steps: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Milliseconds of every step in alternating rounds, after one that is not counted."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(ROUNDS + 1):
        for name, step in steps.items():
            began = time.perf_counter()
            step()
            if number:
                times[name].append((time.perf_counter() - began) * 1000)
    return times


def quality() -> float:
    """Our float Lanczos against Pillow's, dB."""
    frame = pictures()[0, 224:800]
    planes = [Image.fromarray(plane) for plane in frame.permute(2, 0, 1).contiguous().numpy()]
    scaled = [torch.from_numpy(numpy.array(plane.resize(SLIDE, Image.Resampling.LANCZOS))) for plane in planes]
    reference = torch.stack(scaled, dim=2).clamp(0, 1).double()
    ours = resample(frame, SLIDE, Window(0, 0, 1024, 576), "lanczos").double()
    return float(-10 * torch.log10((ours - reference).square().mean()))


def peaks() -> dict[str, float]:
    """Peak memory of 64 slides of 4K, as a multiple of input and output, measured in a process of its own."""
    done = subprocess.run([sys.executable, "-m", "benchmarks._peak"], cwd=CHECKOUT, capture_output=True, text=True)
    done.check_returncode()
    return json.loads(done.stdout.splitlines()[-1])


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        nodes = load_nodes(Path(folder))
        return run(nodes, pictures())


def run(nodes: dict[str, Any], images: Tensor) -> int:
    look = Look("top right", 2.8, 4.0, WHITE, opacity=0.3)
    number = look._replace(anchor="bottom right", opacity=1.0)
    font = Font(FontBook(), "", bold=False)
    drawings = [(f"{index + 1}/{PICTURES}", number) for index in range(PICTURES)] + [("© Lectern", look)]
    stamps = [render(lay_out(text, SLIDE, its, font), SLIDE, its).stamp for text, its in drawings]
    framed, done = our_frame(nodes, images), our_chain(nodes, images)
    whole = measure(
        {
            BOUND: lambda: lower_bound(images, stamps, look),
            OURS: lambda: our_chain(nodes, images),
            CORE: lambda: core_chain(nodes, images),
        }
    )
    print("Eight pictures, tensor to tensor")
    table(list(whole.items()), "ms", baseline=CORE)
    stages = measure(
        {
            "frame: core": lambda: core_frame(nodes, images),
            "frame: Lectern": lambda: our_frame(nodes, images),
            "watermark: core": lambda: core_text(nodes, framed, "© Lectern", "#ffffff4d", "top"),
            "watermark: Lectern": lambda: our_watermark(nodes, framed),
            "numbers: Lectern": lambda: our_numbers(nodes, framed),
            "copy of the batch": lambda: framed.clone(),
            "save: core": lambda: core_save(done),
            "save: Lectern": lambda: our_save(done),
        }
    )
    print("\nWhere the time goes")
    table(list(stages.items()), "ms", baseline="frame: core")
    ours, core, bound = (statistics.median(whole[name]) for name in (OURS, CORE, BOUND))
    saves = {name: statistics.median(stages[f"save: {name}"]) for name in ("core", "Lectern")}
    saved = (ours + saves["Lectern"]) / (core + saves["core"])
    sizes = [sum(map(len, save(done))) for save in (our_save, core_save)]
    print()
    return conclude(
        [
            Target("tensor to tensor against the lower bound", ours / bound, 1.5, "x"),
            Target("tensor to tensor, share of core's time", ours / core, 1 / 5, "x"),
            Target("with saving, share of core's time", saved, 1 / 4.5, "x"),
            Target("PNG size against core's", sizes[0] / sizes[1], 1.25, "x"),
            Target("error of float Lanczos against Pillow's", -quality(), -100, "dB"),
            *(Target(f"peak memory of {step}, 64 slides of 4K", peak, 1.1, "x") for step, peak in peaks().items()),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
