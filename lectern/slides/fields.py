"""What backgrounds are made of: drawn numbers, smooth fields of colour on small grids, and their enlargement."""

import hashlib
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from .colors import Rgb
from .geometry import Size
from .light import from_oklab, to_oklab

_GRID = 160  # longer side of the grid on which smooth fields are computed before they are enlarged


class Recipe(NamedTuple):
    """What makes one background; equal recipes give equal pixels."""

    style: str
    colors: tuple[Rgb, ...]  # the ground first
    seed: int
    variant: str  # tells the pictures of one deck apart
    size: Size
    calm_zone: str = "none"  # or one of geometry.ANCHORS: where the pattern makes room for a title


class Dice:
    """An endless stream of numbers 0 to 1 drawn from a key."""

    def __init__(self, *key: object) -> None:
        self._numbers = self._stream("\x1f".join(map(str, key)).encode())

    @staticmethod
    def _stream(key: bytes) -> Iterator[float]:
        counter = 0
        while True:
            block = hashlib.blake2b(key + counter.to_bytes(8)).digest()
            yield from (int.from_bytes(block[i : i + 4]) / 2**32 for i in range(0, 64, 4))
            counter += 1

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * next(self._numbers)


def small_grid(size: Size) -> tuple[Tensor, Tensor]:
    """Coordinates of a small grid of the slide's shape: x and y, each (h, w), the shorter side running from 0 to 1."""
    scale = _GRID / max(size)
    width, height = max(2, round(size.width * scale)), max(2, round(size.height * scale))
    short = min(width, height)
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    return x / short, y / short


def enlarged(grid: Tensor, size: Size) -> Tensor:
    """(h, w, 3) smooth field -> (H, W, 3)."""
    planes = grid.permute(2, 0, 1)[None]
    full = interpolate(planes, (size.height, size.width), mode="bicubic", align_corners=False)
    return full[0].permute(1, 2, 0).contiguous().clamp_(0, 1)


def blended(weights: Tensor, colors: Sequence[Rgb]) -> Tensor:
    """(h, w, n) weights that sum to 1, n colours -> (h, w, 3) sRGB, mixed in OKLab so that no mix looks muddy."""
    return from_oklab(weights @ to_oklab(torch.tensor(colors)))


def mesh_field(recipe: Recipe, dice: Dice) -> Tensor:
    """Colour clouds: every palette colour pulls from its own places; the plane is bent a little first."""
    x, y = small_grid(recipe.size)
    right, bottom = float(x.max()), float(y.max())
    for wave in (1.3, 2.1):
        strength, phase = dice.between(0.03, 0.09), dice.between(0, math.tau)
        bend_x, bend_y = torch.sin(wave * math.pi * y + phase), torch.cos(wave * math.pi * x + phase)
        x, y = x + strength * bend_x, y + strength * bend_y
    pulls, owners = [], []
    for index in range(max(6, 2 * len(recipe.colors))):
        place_x, place_y = dice.between(-0.1, 1.1) * right, dice.between(-0.1, 1.1) * bottom
        reach = dice.between(0.35, 0.75) * (1.25 if index % len(recipe.colors) == 0 else 1.0)
        pulls.append(torch.exp(-((x - place_x) ** 2 + (y - place_y) ** 2) / (reach * reach)))
        owners.append(recipe.colors[index % len(recipe.colors)])
    ground = torch.full_like(x, 0.1)
    weights = torch.stack([ground, *pulls], dim=-1) ** 2.4
    return blended(weights / weights.sum(-1, keepdim=True), [recipe.colors[0], *owners])


def slope(recipe: Recipe, dice: Dice, colors: Sequence[Rgb]) -> Tensor:
    """A straight gradient of two colours in a drawn direction, (H, W, 3)."""
    x, y = small_grid(recipe.size)
    angle = dice.between(0.15, 0.85) * math.pi
    along = math.cos(angle) * x + math.sin(angle) * y
    along = (along - along.min()) / (along.max() - along.min())
    return enlarged(blended(torch.stack([1 - along, along], dim=-1), colors), recipe.size)
