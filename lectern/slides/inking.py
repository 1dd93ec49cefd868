"""Drawing set text: letters as a mask that takes any colour, colour emoji as pixels of their own."""

from typing import NamedTuple

from PIL import Image, ImageChops, ImageDraw

from .fontfiles import load, reading, unreadable
from .runs import Run, direction, run_width
from .type import Setting

_TALLEST = 6  # text sizes; a letter larger than this is a broken font's


class Ink(NamedTuple):
    """A drawing with `bleed` pixels around the text block."""

    mask: Image.Image  # mode L, 255 where there is ink in the text's colour
    paint: Image.Image | None  # mode RGBA, what has colours of its own; as large as the mask


def bleed(setting: Setting) -> int:
    """How far a drawing reaches beyond the text block on every side, pixels: italics, accents, swashes."""
    return round(setting.pixels * 0.25)


def draw(setting: Setting, align: float) -> Ink:
    """The text drawn; lines aligned 0 left, 0.5 middle, 1 right.

    Raises:
        FontError: a font whose letters cannot be drawn.
    """
    edge = bleed(setting)
    size = max(1, round(setting.width) + 2 * edge), max(1, round(setting.height) + 2 * edge)
    mask = Image.new("L", size)
    colored = any(run.face.color for line in setting.lines for run in line.runs)
    paint = Image.new("RGBA", size) if colored else None
    for line in setting.lines:
        x = edge + (setting.width - line.room) * align + line.left
        for run in line.runs:
            with reading(run.face):
                _check(run, line.pixels)
                if paint and run.face.color:
                    _draw_colored(paint, run, line.pixels, x, edge + line.baseline)
                else:
                    font = load(run.face, line.pixels)
                    spot = x, edge + line.baseline
                    ImageDraw.Draw(mask).text(spot, run.text, 255, font, anchor="ls", direction=direction(run))
            x += run_width(run, line.pixels)
    return Ink(mask, paint)


def _check(run: Run, pixels: int) -> None:
    """Pillow makes room for whatever size a font says its letters have; a hostile one says gigabytes."""
    size = run.face.strike or pixels
    box = load(run.face, pixels).getbbox(run.text, anchor="ls", direction=direction(run))
    if box[3] - box[1] > _TALLEST * size or box[2] - box[0] > _TALLEST * size * (len(run.text) + 1):
        raise unreadable(run.face, f"letters of {box[2] - box[0]:.0f}x{box[3] - box[1]:.0f} pixels at size {size}")


def _draw_colored(paint: Image.Image, run: Run, pixels: int, x: float, baseline: float) -> None:
    """Bitmap fonts have one size: drawn at that and scaled (Pillow weights RGBA by alpha when it resamples)."""
    font = load(run.face, pixels)
    size = run.face.strike or pixels
    left, top, right, bottom = font.getbbox(run.text, anchor="ls", direction=direction(run))
    drawn = Image.new("RGBA", (max(1, round(right - left)), max(1, round(bottom - top))))
    pen = ImageDraw.Draw(drawn)
    pen.text((-left, -top), run.text, "white", font, anchor="ls", direction=direction(run), embedded_color=True)
    scale = pixels / size
    if scale != 1:
        wide, high = max(1, round(drawn.width * scale)), max(1, round(drawn.height * scale))
        drawn = drawn.resize((wide, high), Image.Resampling.LANCZOS)
    spot = round(x + left * scale), round(baseline + top * scale)
    there = paint.crop((*spot, spot[0] + drawn.width, spot[1] + drawn.height))
    paint.paste(Image.alpha_composite(there, drawn), spot)


def trimmed(ink: Ink) -> tuple[Ink, int, int]:
    """The drawing cut to its ink, and how far from the left and top that begins."""
    seen = ImageChops.lighter(ink.mask, ink.paint.getchannel("A")) if ink.paint else ink.mask
    box = seen.getbbox() or (0, 0, 1, 1)
    return Ink(ink.mask.crop(box), ink.paint.crop(box) if ink.paint else None), box[0], box[1]


def turned(ink: Ink, degrees: float) -> Ink:
    """The drawing rotated counterclockwise, on a canvas that holds all of it."""
    mask, paint = (
        one.rotate(degrees, Image.Resampling.BICUBIC, expand=True) if one else None for one in (ink.mask, ink.paint)
    )
    assert mask
    return Ink(mask, paint)
