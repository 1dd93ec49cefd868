"""Procedural slide backgrounds: no model, no network, the same seed gives the same pixels.

Parameters are drawn from BLAKE2 of the seed, not from a library's random generator, so they never change with a
library's version; torch's seeded generator only adds the dither that keeps gradients free of bands.
"""

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from PIL import Image, ImageDraw
from torch import Tensor
from torch.nn.functional import interpolate

from ..images import from_pillow
from .colors import Rgb, contrast, luminance
from .geometry import Size

_GRID = 160  # longer side of the grid on which smooth fields are computed before they are enlarged
_DITHER = 1 / 255  # amplitude of the noise against banding, one step of 8 bit

# Linear sRGB -> cone response and back, Björn Ottosson, https://bottosson.github.io/posts/oklab/
_TO_LMS = ((0.4122214708, 0.5363325363, 0.0514459929), (0.2119034982, 0.6806995451, 0.1073969566),
           (0.0883024619, 0.2817188376, 0.6299787005))  # fmt: skip
_TO_LAB = ((0.2104542553, 0.7936177850, -0.0040720468), (1.9779984951, -2.4285922050, 0.4505937099),
           (0.0259040371, 0.7827717662, -0.8086757660))  # fmt: skip


class Recipe(NamedTuple):
    """What makes one background; equal recipes give equal pixels."""

    style: str
    colors: tuple[Rgb, ...]  # the ground first
    seed: int
    variant: str  # tells the pictures of one deck apart
    size: Size


class _Dice:
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


def background(recipe: Recipe) -> Tensor:
    """-> (H, W, 3) float32."""
    frame = _STYLES[recipe.style](recipe, _Dice(recipe.seed, recipe.style, recipe.variant))
    return _dither(frame, recipe)


def _dither(frame: Tensor, recipe: Recipe) -> Tensor:
    generator = torch.Generator().manual_seed(recipe.seed & 0x7FFF_FFFF_FFFF_FFFF)
    noise = torch.rand(frame.shape[:2], generator=generator).sub_(0.5).mul_(_DITHER)
    return frame.add_(noise[..., None]).clamp_(0, 1)


def _grid(size: Size) -> tuple[Tensor, Tensor]:
    """Coordinates of a small grid of the slide's shape: x and y, each (h, w), the shorter side running from 0 to 1."""
    scale = _GRID / max(size)
    width, height = max(2, round(size.width * scale)), max(2, round(size.height * scale))
    short = min(width, height)
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    return x / short, y / short


def _enlarged(grid: Tensor, size: Size) -> Tensor:
    """(h, w, 3) smooth field -> (H, W, 3)."""
    planes = grid.permute(2, 0, 1)[None]
    full = interpolate(planes, (size.height, size.width), mode="bicubic", align_corners=False)
    return full[0].permute(1, 2, 0).contiguous().clamp_(0, 1)


def _to_oklab(colors: Tensor) -> Tensor:
    linear = torch.where(colors <= 0.04045, colors / 12.92, ((colors.clamp(min=0) + 0.055) / 1.055) ** 2.4)
    return (linear @ torch.tensor(_TO_LMS).T).clamp(min=0).pow(1 / 3) @ torch.tensor(_TO_LAB).T


def _from_oklab(lab: Tensor) -> Tensor:
    lms = (lab @ torch.linalg.inv(torch.tensor(_TO_LAB)).T) ** 3
    linear = (lms @ torch.linalg.inv(torch.tensor(_TO_LMS)).T).clamp(0, 1)
    return torch.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear.clamp(min=1e-9) ** (1 / 2.4) - 0.055)


def _blend(weights: Tensor, colors: Sequence[Rgb]) -> Tensor:
    """(h, w, n) weights that sum to 1, n colours -> (h, w, 3) sRGB, mixed in OKLab so that no mix looks muddy."""
    return _from_oklab(weights @ _to_oklab(torch.tensor(colors)))


def _mesh_field(recipe: Recipe, dice: _Dice) -> Tensor:
    """Colour clouds: every palette colour pulls from its own places; the plane is bent a little first."""
    x, y = _grid(recipe.size)
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
    return _blend(weights / weights.sum(-1, keepdim=True), [recipe.colors[0], *owners])


def _mesh(recipe: Recipe, dice: _Dice) -> Tensor:
    return _enlarged(_mesh_field(recipe, dice), recipe.size)


def _slope(recipe: Recipe, dice: _Dice, colors: Sequence[Rgb]) -> Tensor:
    """A straight gradient of two colours in a drawn direction, (H, W, 3)."""
    x, y = _grid(recipe.size)
    angle = dice.between(0.15, 0.85) * math.pi
    along = math.cos(angle) * x + math.sin(angle) * y
    along = (along - along.min()) / (along.max() - along.min())
    return _enlarged(_blend(torch.stack([1 - along, along], dim=-1), colors), recipe.size)


def _waves(recipe: Recipe, dice: _Dice) -> Tensor:
    """Layers of long waves, each a little translucent, from the ground colour into the palette."""
    frame = _slope(recipe, dice, (recipe.colors[0], recipe.colors[1]))
    height, width = frame.shape[:2]
    x = torch.linspace(0, 1, width)
    rows = torch.arange(height, dtype=torch.float32)[:, None]
    layers = max(4, len(recipe.colors))
    for layer in range(layers):
        crest = 0.42 + 0.5 * (layer + dice.between(-0.3, 0.3)) / layers
        for wave in (1, 2):
            crest = crest + dice.between(0.02, 0.09) / wave * torch.sin(
                math.tau * (wave * dice.between(0.5, 1.1) * x + dice.between(0, 1))
            )
        inside = (rows - crest * height).div_(1.5).clamp_(0, 1)  # a crest 1.5 pixels soft
        depth = (rows / height - crest).mul_(1.6).clamp_(0, 1)  # fades downwards
        cover = inside * (0.55 - 0.35 * depth)
        color = torch.tensor(recipe.colors[1 + layer % (len(recipe.colors) - 1)])
        frame.lerp_(color.expand_as(frame), cover[..., None])
    return frame


def _geometric(recipe: Recipe, dice: _Dice) -> Tensor:
    """Triangles on a jittered grid, coloured by the mesh gradient under their middle."""
    field = _mesh_field(recipe, dice)
    size = Size(recipe.size.width * 2, recipe.size.height * 2)  # drawn at twice the size: smooth edges
    cell = min(size) / dice.between(4.5, 6.5)
    columns, rows = math.ceil(size.width / cell) + 1, math.ceil(size.height / cell) + 1

    def corner(column: int, row: int) -> tuple[float, float]:
        jitter = _Dice(recipe.seed, recipe.variant, column, row)
        return (column + jitter.between(-0.38, 0.38)) * cell, (row + jitter.between(-0.38, 0.38)) * cell

    corners = {(c, r): corner(c, r) for c in range(-1, columns + 1) for r in range(-1, rows + 1)}
    canvas = Image.new("RGB", size)
    draw = ImageDraw.Draw(canvas)
    for column in range(-1, columns):
        for row in range(-1, rows):
            a, b = corners[column, row], corners[column + 1, row]
            c, d = corners[column, row + 1], corners[column + 1, row + 1]
            for triangle in ((a, b, c), (b, d, c)) if (column + row) % 2 else ((a, b, d), (a, d, c)):
                draw.polygon(triangle, fill=_facet(field, triangle, size, dice))
    return from_pillow(canvas.resize(recipe.size, Image.Resampling.BOX))[0]


def _facet(field: Tensor, triangle: Sequence[tuple[float, float]], size: Size, dice: _Dice) -> tuple[int, int, int]:
    row = round(sum(y for _, y in triangle) / 3 / size.height * (field.shape[0] - 1))
    column = round(sum(x for x, _ in triangle) / 3 / size.width * (field.shape[1] - 1))
    color = field[min(max(row, 0), field.shape[0] - 1), min(max(column, 0), field.shape[1] - 1)]
    shade = dice.between(0.88, 1.12)
    red, green, blue = (min(255, round(255 * shade * float(channel))) for channel in color)
    return red, green, blue


def _dots(recipe: Recipe, dice: _Dice) -> Tensor:
    """A halftone: dots on a slanted grid, growing towards one corner, over a gentle gradient."""
    frame = _slope(recipe, dice, (recipe.colors[0], recipe.colors[1]))
    height, width = frame.shape[:2]
    short = min(height, width)
    pitch = short / dice.between(26, 40)
    angle = dice.between(0.1, 0.4) * math.pi
    x, y = torch.arange(width) + 0.5, (torch.arange(height) + 0.5)[:, None]
    along, across = math.cos(angle) * x + math.sin(angle) * y, math.cos(angle) * y - math.sin(angle) * x
    corner_x, corner_y = round(dice.between(0, 1)) * width, round(dice.between(0, 1)) * height
    far = math.hypot(width, height)
    near = 1 - torch.sqrt((x - corner_x) ** 2 + (y - corner_y) ** 2).div_(0.75 * far).clamp_(0, 1)
    radius = near.pow_(1.4).mul_(0.46 * pitch)
    from_middle = torch.sqrt(
        ((along / pitch).frac_().sub_(0.5)).remainder_(1).sub_(0.5).pow_(2)
        + ((across / pitch).frac_().sub_(0.5)).remainder_(1).sub_(0.5).pow_(2)
    ).mul_(pitch)
    cover = (radius - from_middle + 0.5).clamp_(0, 1).mul_((radius > 0.4).float()).mul_(0.85)
    ground = luminance(recipe.colors[0])
    color = max(recipe.colors[1:], key=lambda one: contrast(luminance(one), ground))
    return frame.lerp_(torch.tensor(color).expand_as(frame), cover[..., None])


_STYLES: dict[str, Callable[[Recipe, _Dice], Tensor]] = {
    "mesh gradient": _mesh,
    "soft waves": _waves,
    "geometric": _geometric,
    "dots": _dots,
}
STYLES = tuple(_STYLES)
