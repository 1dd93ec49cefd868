"""Background styles of soft colour: mesh gradient, soft waves, geometric, dots. Each makes (H, W, 3)."""

import math
from collections.abc import Sequence

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from ..images import from_pillow
from .colors import contrast, luminance
from .fields import Dice, Recipe, enlarged, mesh_field, slope
from .geometry import Size


def mesh(recipe: Recipe, dice: Dice) -> Tensor:
    return enlarged(mesh_field(recipe, dice), recipe.size)


def waves(recipe: Recipe, dice: Dice) -> Tensor:
    """Layers of long waves, each a little translucent, from the ground colour into the palette."""
    frame = slope(recipe, dice, (recipe.colors[0], recipe.colors[1]))
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


def geometric(recipe: Recipe, dice: Dice) -> Tensor:
    """Triangles on a jittered grid, coloured by the mesh gradient under their middle."""
    field = mesh_field(recipe, dice)
    size = Size(recipe.size.width * 2, recipe.size.height * 2)  # drawn at twice the size: smooth edges
    cell = min(size) / dice.between(4.5, 6.5)
    columns, rows = math.ceil(size.width / cell) + 1, math.ceil(size.height / cell) + 1

    def corner(column: int, row: int) -> tuple[float, float]:
        jitter = Dice(recipe.seed, recipe.variant, column, row)
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


def _facet(field: Tensor, triangle: Sequence[tuple[float, float]], size: Size, dice: Dice) -> tuple[int, int, int]:
    row = round(sum(y for _, y in triangle) / 3 / size.height * (field.shape[0] - 1))
    column = round(sum(x for x, _ in triangle) / 3 / size.width * (field.shape[1] - 1))
    color = field[min(max(row, 0), field.shape[0] - 1), min(max(column, 0), field.shape[1] - 1)]
    shade = dice.between(0.88, 1.12)
    red, green, blue = (min(255, round(255 * shade * float(channel))) for channel in color)
    return red, green, blue


def dots(recipe: Recipe, dice: Dice) -> Tensor:
    """A halftone: dots on a slanted grid, growing towards one corner, over a gentle gradient."""
    frame = slope(recipe, dice, (recipe.colors[0], recipe.colors[1]))
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
