"""Peak memory of framing 64 pictures to 4K and writing a watermark on them; run in a process of its own, prints JSON.

Figures are multiples of the batches that each step must hold: what goes in and what comes out.
"""

import gc
import json
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from lectern.slides.fonts import FontBook
from lectern.slides.framing import frame_images
from lectern.slides.geometry import Size
from lectern.slides.lettering import Look, Writer, owned
from lectern.slides.memory import batches
from lectern.slides.type import Font

PICTURES = 64
SLIDE = Size(3840, 2160)
GIGABYTE = 2**30


def status(key: str) -> float:
    """A memory figure of this process from Linux, GB."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(f"{key}:"))
    return int(line.split()[1]) * 1024 / GIGABYTE


def watched(step: Callable[[], Tensor], *batches_held: Tensor) -> tuple[float, Tensor]:
    """Runs a step; its peak as a multiple of the batches that go in and come out."""
    gc.collect()
    batches.clear()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = status("VmRSS")
    result = step()
    held = sum(batch.nbytes for batch in batches_held) / GIGABYTE
    return (status("VmHWM") - before + held) / (held + result.nbytes / GIGABYTE), result


def framed() -> tuple[float, Tensor]:
    images = torch.full((PICTURES, 1024, 1024, 3), 0.4)
    frame_images(images[:1], Size(640, 360), "cover", "center", None)  # loads what loads once
    return watched(lambda: frame_images(images, SLIDE, "cover", "center", None), images)


def main() -> None:
    framing, slides = framed()
    look = Look("top right", 2.8, 4.0, "#ffffff", opacity=0.3)

    def mark() -> Tensor:
        copies, frames = owned([slides])
        writer = Writer(look, Font(FontBook(), "", bold=False))
        for frame in frames:
            writer.write_(frame, "© Lectern")
        return copies[0]

    marking, _ = watched(mark, slides)
    print(json.dumps({"framing": framing, "watermark": marking}))


if __name__ == "__main__":
    main()
