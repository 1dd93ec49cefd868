"""Background styles of a drawn sheet: paper with fibres and grain, blueprint with its grid. Each makes (H, W, 3)."""

import math
from collections.abc import Sequence

import torch
from PIL import Image, ImageDraw
from torch import Tensor
from torch.nn.functional import interpolate

from ..images import mask_from_pillow
from .colors import DARK, LIGHT, Rgb, contrast, luminance
from .fields import Dice, Recipe, slope
from .geometry import Size
from .light import from_oklab, to_oklab

_MASK = 4096  # px, longest side of the canvas of a drawn mask, which is then brought to the slide's size
_FIBRES = 420  # on a sheet of 16:9


def paper(recipe: Recipe, dice: Dice) -> Tensor:
    """A sheet of the ground colour: uneven tone, fine grain, and short fibres, light and dark."""
    ground = recipe.colors[0]
    frame = slope(recipe, dice, (ground, _mixed(ground, recipe.colors[1], 0.35)))
    seed = int(dice.between(0, 1) * 2**31)
    short = min(recipe.size)
    for share, strength in ((0.25, 0.018), (0.012, 0.014), (0.0022, 0.03)):
        _add_noise_(frame, seed := seed + 1, share * short, strength)
    for color, opacity in ((DARK, 0.13), (LIGHT, 0.2)):
        _ink_(frame, _fibres(recipe.size, dice), color, opacity)
    return frame.clamp_(0, 1)


def _add_noise_(frame: Tensor, seed: int, grain: float, strength: float) -> None:
    """Adds smooth noise in place: spots `grain` pixels wide, `strength` of the range deep."""
    height, width = frame.shape[:2]
    grain = max(1.0, grain)
    rows, columns = max(1, round(height / grain)), max(1, round(width / grain))
    noise = torch.rand((1, 1, rows, columns), generator=torch.Generator().manual_seed(seed)).sub_(0.5)
    if (rows, columns) != (height, width):
        noise = interpolate(noise, (height, width), mode="bicubic", align_corners=False)
    frame.add_(noise[0, 0, ..., None], alpha=2 * strength)


def _fibres(size: Size, dice: Dice) -> Tensor:
    """Short bent strokes all over the sheet, as coverage (H, W) of 0 to 255."""
    canvas = _mask_size(size)
    short = min(canvas)
    picture = Image.new("L", canvas)
    pen = ImageDraw.Draw(picture)
    for _ in range(round(_FIBRES * canvas.width * canvas.height / short**2 * 9 / 16)):
        x, y = dice.between(-0.02, 1.02) * canvas.width, dice.between(-0.02, 1.02) * canvas.height
        length, angle = dice.between(0.006, 0.028) * short, dice.between(0, math.tau)
        bend = dice.between(-0.5, 0.5)
        points = [(x, y)]
        for _ in range(5):
            x, y = x + math.cos(angle) * length / 5, y + math.sin(angle) * length / 5
            angle += bend
            points.append((x, y))
        pen.line(points, fill=round(dice.between(70, 255)), width=max(1, round(short / 1100)))
    return _fitted(picture, size)


def blueprint(recipe: Recipe, dice: Dice) -> Tensor:
    """A technical sheet: a fine grid, a thicker line every fifth, and construction circles in a corner."""
    ground = recipe.colors[0]
    frame = slope(recipe, dice, (ground, _mixed(ground, recipe.colors[1], 0.55)))
    strong, end = (_farthest(ground, colors) for colors in (recipe.colors[1:], (LIGHT, DARK)))
    color = _mixed(strong, end, 0.45)
    short = min(recipe.size)
    pitch = max(4, round(short / dice.between(34, 46)))  # whole pixels: every line equally sharp
    start_x, start_y = (int(dice.between(0, 5)) * pitch + pitch // 2 for _ in range(2))
    thin, thick = max(1, round(short / 1080)), max(1, round(short / 480))
    _lines_(frame, pitch, (start_x, start_y), thin, color, 0.13)
    _lines_(frame, 5 * pitch, (start_x, start_y), thick, color, 0.2)
    _ink_(frame, _construction(recipe.size, dice, 5 * pitch, (start_x, start_y)), color, 0.42)
    return frame.clamp_(0, 1)


def _lines_(frame: Tensor, pitch: int, start: tuple[int, int], width: int, color: Rgb, opacity: float) -> None:
    """Vertical and horizontal lines, in place."""
    ink = torch.tensor(color)
    columns = (torch.arange(frame.shape[1]) - start[0] + width // 2) % pitch < width
    rows = (torch.arange(frame.shape[0]) - start[1] + width // 2) % pitch < width
    frame[:, columns] = torch.lerp(frame[:, columns], ink, opacity)
    frame[rows] = torch.lerp(frame[rows], ink, opacity)


def _construction(size: Size, dice: Dice, module: int, start: tuple[int, int]) -> Tensor:
    """Circles about a crossing of thick lines, with axes that reach over them; coverage (H, W) of 0 to 255."""
    canvas = _mask_size(size)
    scale = canvas.width / size.width
    columns, rows = max(1, size.width // module), max(1, size.height // module)
    at_x = (start[0] + round(dice.between(0.62, 0.88) * columns) * module) * scale
    at_y = (start[1] + round(dice.between(0.3, 0.75) * rows) * module) * scale
    picture = Image.new("L", canvas)
    pen = ImageDraw.Draw(picture)
    line = max(1, round(min(canvas) / 900))
    radii = [module * scale * factor for factor in (0.5, 1.0, dice.between(1.4, 1.8), dice.between(2.1, 2.6))]
    for radius, strength in zip(radii, (255, 200, 130, 200), strict=True):
        pen.ellipse((at_x - radius, at_y - radius, at_x + radius, at_y + radius), outline=strength, width=line)
    far = radii[-1] * 1.15
    turn = dice.between(0.1, 0.4) * math.pi
    for angle in (0.0, math.pi / 2, turn, turn + math.pi / 2):
        x, y = math.cos(angle) * far, math.sin(angle) * far
        pen.line((at_x - x, at_y - y, at_x + x, at_y + y), fill=150, width=line)
    return _fitted(picture, size)


def _mask_size(size: Size) -> Size:
    """The canvas a mask is drawn on: twice the slide for smooth edges, but bounded."""
    scale = min(2.0, _MASK / max(size))
    return Size(max(1, round(size.width * scale)), max(1, round(size.height * scale)))


def _fitted(picture: Image.Image, size: Size) -> Tensor:
    return mask_from_pillow(picture.resize(size, Image.Resampling.BILINEAR))


def _ink_(frame: Tensor, mask: Tensor, color: Rgb, opacity: float) -> None:
    frame.lerp_(torch.tensor(color).expand_as(frame), mask[..., None] * (opacity / 255))


def _farthest(ground: Rgb, colors: Sequence[Rgb]) -> Rgb:
    return max(colors, key=lambda one: contrast(luminance(one), luminance(ground)))


def _mixed(first: Rgb, second: Rgb, share: float) -> Rgb:
    start, end = to_oklab(torch.tensor((first, second)))
    red, green, blue = from_oklab(torch.lerp(start, end, share)).tolist()
    return Rgb(red, green, blue)
