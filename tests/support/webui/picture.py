"""What the double paints: a soft gradient of two colours with a few discs, decided by the request alone.

The same subject at another size is the same composition, so a hires pass looks like its first pass.
"""

import hashlib
import json
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.floating]  # float32, (height, width, 3), 0 to 1


class Subject(NamedTuple):
    """All that a picture depends on."""

    prompt: str
    negative: str
    seed: int
    steps: int
    cfg: float
    width: int  # pixels of the first pass
    height: int
    sampler: str
    subseed: int = 0
    subseed_strength: float = 0  # 0 is the seed's picture, 1 the subseed's


def draw(subject: Subject, width: int, height: int) -> Pixels:
    """The subject's picture at a size in pixels."""
    strength = min(max(subject.subseed_strength, 0), 1)
    first = _paint(subject._replace(subseed=0, subseed_strength=0), width, height)
    if strength == 0:
        return first
    other = _paint(subject._replace(seed=subject.subseed, subseed=0, subseed_strength=0), width, height)
    return first * np.float32(1 - strength) + other * np.float32(strength)


def _paint(subject: Subject, width: int, height: int) -> Pixels:
    random = np.random.default_rng(_key(subject))
    x, y = _centres(width)[None, :], _centres(height)[:, None]
    pixels = _gradient(random, x, y)
    aspect = width / height
    for _ in range(random.integers(3, 7)):
        _disc(random, pixels, x * np.float32(aspect), y, aspect, 1 / height)
    return pixels


def _centres(length: int) -> Pixels:
    """Where the pixels of a side are, 0 to 1."""
    return ((np.arange(length) + 0.5) / length).astype(np.float32)


def _key(subject: Subject) -> int:
    text = json.dumps([*subject[:4], float(subject.cfg), *subject[5:8]])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")


def _gradient(random: np.random.Generator, x: Pixels, y: Pixels) -> Pixels:
    angle = random.uniform(0, 2 * math.pi)
    start, end = random.uniform(0.05, 0.95, (2, 3)).astype(np.float32)
    ramp = (x - 0.5) * np.float32(math.cos(angle)) + (y - 0.5) * np.float32(math.sin(angle))
    ramp = np.clip(ramp / np.float32(math.sqrt(2)) + 0.5, 0, 1)[..., None]
    return start * (1 - ramp) + end * ramp


def _disc(random: np.random.Generator, pixels: Pixels, x: Pixels, y: Pixels, aspect: float, edge: float) -> None:
    """Paints one translucent disc in place; lengths are in picture heights, `edge` is one pixel."""
    middle_x, middle_y = random.uniform(0, aspect), random.uniform(0, 1)
    radius, opacity = random.uniform(0.06, 0.28), random.uniform(0.35, 0.85)
    colour = random.uniform(0, 1, 3).astype(np.float32)
    distance = np.sqrt((x - np.float32(middle_x)) ** 2 + (y - np.float32(middle_y)) ** 2)
    cover = np.clip((np.float32(radius) - distance) / np.float32(edge) + 0.5, 0, 1) * np.float32(opacity)
    rows = np.flatnonzero(cover.any(axis=1))
    if rows.size:
        part = slice(rows[0], rows[-1] + 1)
        pixels[part] += cover[part, :, None] * (colour - pixels[part])


def noise(subject: Subject, width: int, height: int) -> Pixels:
    """The subject's own grain, -0.5 to 0.5."""
    random = np.random.default_rng(_key(subject) ^ 1)
    return random.random((height, width, 3), np.float32) - np.float32(0.5)


def to_image(pixels: Pixels) -> Image.Image:
    return Image.fromarray(np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8))


def to_pixels(image: Image.Image) -> Pixels:
    return np.asarray(image.convert("RGB"), np.float32) / np.float32(255)
