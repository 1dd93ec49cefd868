"""What a request comes to: sizes rounded, seeds fixed, names resolved. Every dialect reads its bodies into this."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from PIL import Image


class Item(NamedTuple):
    """One picture of the request."""

    prompt: str
    negative: str
    seed: int
    subseed: int
    steps: int
    cfg: float


class Hires(NamedTuple):
    width: int  # pixels
    height: int
    steps: int


class Repaint(NamedTuple):
    """One pass of a detailer: a window of the picture painted anew."""

    prompt: str
    strength: float


@dataclass(frozen=True)
class Plan:
    route: str  # txt2img or img2img
    items: tuple[Item, ...]
    batch_size: int
    width: int  # as asked
    height: int
    pixels: tuple[int, int]  # as made: width, height
    sampler: str
    scheduler: str | None  # None: this dialect does not speak of schedulers
    model: str
    steps: int
    seed: int
    subseed: int
    model_hash: str | None = None
    subseed_strength: float = 0
    denoising: float | None = None
    hires: Hires | None = None
    init: tuple[Image.Image, ...] = ()
    resize_mode: int = 0
    mask: Image.Image | None = None  # L: 255 is painted anew, 0 is kept
    composite: bool = True  # kept pixels are the source's own
    repaints: tuple[Repaint, ...] = ()
    maps: tuple[Image.Image, ...] = ()  # appended to the images
    params: Mapping[str, Any] = field(default_factory=dict)  # extra_generation_params
    clip_skip: int = 1
    styles: tuple[str, ...] = ()
    grid: bool = False  # one picture of all in front, announced by index_of_first_image
    only_grid: bool = False  # the pictures themselves stay at the server
    file_kind: str = "png"
    grain: float = 0.0  # noise over the picture, 0 to 1: files as large as real ones
    task_id: str | None = None

    @property
    def sampling_steps(self) -> int:
        """Steps of the first pass; img2img leaves out those before its strength."""
        if not self.init or self.denoising is None:
            return self.steps
        return int(min(self.denoising, 0.999) * self.steps) + 1

    @property
    def batches(self) -> list[tuple[Item, ...]]:
        size = self.batch_size
        return [self.items[start : start + size] for start in range(0, len(self.items), size)]


@dataclass(frozen=True)
class Made:
    """What the generation gave: pictures in the order of the items, fewer when it was interrupted."""

    images: tuple[Image.Image, ...]
    started: str  # the real servers' job_timestamp, YYYYmmddHHMMSS
