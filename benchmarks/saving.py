"""Saving: pictures against ComfyUI's own way, a deck against encoding alone, and the server's answers meanwhile.

Rounds are interleaved, so that a busy moment of the machine meets every row. The pictures are of three kinds: drawn
backgrounds, soft noise with the statistics of a photograph, and one flat slide of text.
"""

import io
import json
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from benchmarks._report import Target, conclude, table
from lectern.parallel import in_order
from lectern.png import png
from lectern.slides.backgrounds import Recipe, background
from lectern.slides.colors import palette_colors
from lectern.slides.decks import DeckSlide, DeckStyle, save_deck
from lectern.slides.encoders import Encoder, Encoding
from lectern.slides.fonts import FontBook
from lectern.slides.geometry import Size
from lectern.slides.lettering import Look, Writer
from lectern.slides.saving import save_pictures
from lectern.slides.type import Font
from tools.server import ComfyServer, direct

SLIDE = Size(1920, 1080)
ROUNDS = 5
DECK_ROUNDS = 3
DECK = 100  # slides
SERVED = 60  # slides that a real ComfyUI saves while it is asked
ASKED = "/system_stats", "/lectern/v1/apps"
CORE = "core: Pillow level 4, one by one"


def pictures() -> list[Tensor]:
    """Eight 1080p frames."""
    drawn = [
        background(Recipe(style, tuple(palette_colors("aurora")), index, "0 ", SLIDE))
        for index, style in enumerate(("mesh gradient", "soft waves", "dots"))
    ]
    return [*drawn, *(photograph(seed, grain=seed * 0.003) for seed in range(4)), text_slide()]


def photograph(seed: int, grain: float) -> Tensor:
    """Noise in octaves, each half as strong as the next larger one, and the grain of a sensor."""
    generator = torch.Generator().manual_seed(seed)
    frame = torch.zeros(1, 3, SLIDE.height, SLIDE.width)
    for octave in range(1, 9):
        size = (3, SLIDE.height >> (9 - octave) or 2, SLIDE.width >> (9 - octave))
        noise = torch.randn((1, *size), generator=generator)
        frame += functional.interpolate(noise, (SLIDE.height, SLIDE.width), mode="bicubic") / 2**octave
    frame = (frame - frame.min()) / (frame.max() - frame.min())
    frame = frame[0].permute(1, 2, 0)
    return (frame + torch.randn(frame.shape, generator=generator) * grain).clamp_(0, 1).contiguous()


def text_slide() -> Tensor:
    frame = torch.ones(SLIDE.height, SLIDE.width, 3)
    look = Look("center", 6, 6, "#111827", width=90)
    Writer(look, Font(FontBook(), "", True)).write_(frame, "What we found in a year of looking. " * 5)
    return frame


def save_as_core(folder: Path, frames: list[Tensor]) -> None:
    """ComfyUI's SaveImage, line by line without its metadata."""
    for index, frame in enumerate(frames):
        pixels = np.clip(255.0 * frame.cpu().numpy(), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{index}.png", compress_level=4)


def ours(encoding: Encoding) -> Callable[[Path, list[Tensor]], None]:
    def save(folder: Path, frames: list[Tensor]) -> None:
        save_pictures(folder, frames, [str(index) for index in range(len(frames))], Encoder(encoding))

    return save


def measure_formats(frames: list[Tensor]) -> list[Target]:
    ways = {
        CORE: save_as_core,
        "PNG": ours(Encoding("PNG")),
        "JPEG 90": ours(Encoding("JPEG")),
        "JPEG, at most 200 KB": ours(Encoding("JPEG", 95, 200_000)),
        "WebP 90": ours(Encoding("WebP")),
        "AVIF 90": ours(Encoding("AVIF")),
    }
    spent: dict[str, list[float]] = {name: [] for name in ways}
    sizes: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name, save in ways.items():
            with tempfile.TemporaryDirectory() as folder:
                spent[name].append(1000 * seconds(lambda save=save, folder=folder: save(Path(folder), frames)))
                sizes[name] = sum(file.stat().st_size for file in Path(folder).iterdir()) / 1000
    table(list(spent.items()), f"ms to save {len(frames)} 1080p pictures", baseline=CORE)
    table([(name, [size]) for name, size in sizes.items()], "KB of all files", baseline=CORE)
    middle = {name: statistics.median(values) for name, values in spent.items()}
    return [
        Target("PNG time against core", middle["PNG"] / middle[CORE], 1 / 4.5, "x"),
        Target("PNG size against core", sizes["PNG"] / sizes[CORE], 1.25, "x"),
    ]


def measure_deck(frames: list[Tensor]) -> list[Target]:
    """100 slides into a PPTX, against encoding the same pictures the same way and throwing them away."""
    slides = [DeckSlide(frames[index % len(frames)], f"Slide {index}") for index in range(DECK)]
    rows: dict[str, list[float]] = {"encoding alone": [], "whole PPTX": []}
    for _ in range(DECK_ROUNDS):
        rows["encoding alone"].append(seconds(lambda: encode_all([slide.picture for slide in slides])))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "deck.pptx"
            rows["whole PPTX"].append(seconds(lambda path=path: save_deck(path, slides, DeckStyle(), lambda: None)))
    table(list(rows.items()), f"s for {DECK} slides", baseline="encoding alone")
    encoding, whole = (statistics.median(values) for values in rows.values())
    return [Target("PPTX against encoding alone", whole / encoding, 1.3, "x")]


def encode_all(frames: list[Tensor]) -> None:
    with in_order(png, frames) as results:
        for _ in results:
            pass


def measure_server() -> list[Target]:
    """How long a real ComfyUI takes to answer while it saves slides."""
    graph = {
        "1": {"class_type": "LecternSlideBackground", "inputs": {"style": "dots", "palette": "aurora"}},
        "2": {"class_type": "LecternSaveSlides", "inputs": {"images": ["1", 0], "format": "PNG", "quality": 90}},
    }
    graph["1"]["inputs"] |= {"colors": "", "words": "", "seed": 1, "width": 1920, "height": 1080, "batch_size": SERVED}
    graph["2"]["inputs"] |= {"target_kb": 0, "titles": "", "filename": "{prefix}_{counter}_", "workflow": True}
    graph["2"]["inputs"] |= {"filename_prefix": "bench/s", "dpi": 0}
    rows = []
    with ComfyServer() as server:
        idle = {path: [1000 * seconds(lambda path=path: get(server, path)) for _ in range(40)] for path in ASKED}
        rows += [(f"idle, {path}", values) for path, values in idle.items()]
        busy, files, spent = ask_while_saving(server, graph)
        rows += [(f"saving, {path}", values) for path, values in busy.items()]
    table(rows, "ms to answer", baseline=f"idle, {ASKED[0]}")
    for path, values in busy.items():
        late = sorted(values)[int(0.95 * len(values))]
        print(f"{path}: {len(values)} answers while {files} slides were saved in {spent:.1f} s, p95 {late:.1f} ms")
    return [Target(f"{path} while saving", statistics.median(values), 20, "ms") for path, values in busy.items()]


def ask_while_saving(server: ComfyServer, graph: dict) -> tuple[dict[str, list[float]], int, float]:
    """Answer times from the first saved file to the last one, the number of files and the seconds between."""
    folder = server.base / "output" / "bench"
    post = threading.Thread(target=lambda: get(server, "/prompt", json.dumps({"prompt": graph}).encode()))
    post.start()
    wait_for(lambda: saved(folder) > 0)
    begun, times = time.perf_counter(), {path: [] for path in ASKED}
    while saved(folder) < SERVED:
        for path, values in times.items():
            values.append(1000 * seconds(lambda path=path: get(server, path)))
        time.sleep(0.005)
        if time.perf_counter() - begun > 120:
            raise TimeoutError(f"only {saved(folder)} of {SERVED} slides were saved: see {server.log}")
    post.join()
    return times, saved(folder), time.perf_counter() - begun


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError("ComfyUI did not begin to save within two minutes")
        time.sleep(0.01)


def saved(folder: Path) -> int:
    return sum(1 for _ in folder.glob("*.png")) if folder.is_dir() else 0


def get(server: ComfyServer, path: str, body: bytes | None = None) -> bytes:
    request = urllib.request.Request(server.url + path, body, {"Content-Type": "application/json"})
    with direct.open(request, timeout=60) as answer:
        return answer.read()


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main() -> int:
    frames = pictures()
    for frame in frames:  # what is measured is right
        decoded = np.asarray(Image.open(io.BytesIO(png(frame))))
        assert np.abs(decoded - frame.numpy() * 255).max() <= 0.501
    return conclude([*measure_formats(frames), *measure_deck(frames), *measure_server()])


if __name__ == "__main__":
    sys.exit(main())
