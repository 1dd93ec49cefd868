"""Shapes behind a number."""

from typing import NamedTuple

from PIL import Image, ImageDraw

from .geometry import Box, Size
from .inking import Ink
from .stamps import Stamp, stamp_of

BADGES = ("none", "circle", "pill", "square")
_PADDING = 0.62  # text sizes, left and right of the text
_SHORTEST = 1.9  # text sizes: height of every badge, and width at least
_CORNER = 0.16  # of a square's side
_FINE = 4  # drawn so many times larger, for smooth edges


class Badge(NamedTuple):
    shape: str  # one of BADGES
    color: str  # "auto", #RRGGBB or a name


def badge_size(shape: str, text: Size, pixels: int) -> Size:
    """How large a badge is around a text block of `pixels` text size."""
    height = max(round(_SHORTEST * pixels), text.height + round(0.9 * pixels))
    width = max(height, text.width + round(2 * _PADDING * pixels))
    return Size(width, height) if shape == "pill" else Size(width, width)


def badge_stamp(shape: str, box: Box) -> Stamp:
    width, height = box.width * _FINE, box.height * _FINE
    large = Image.new("L", (width, height))
    radius = {"square": round(_CORNER * height)}.get(shape, height // 2)
    ImageDraw.Draw(large).rounded_rectangle((0, 0, width - 1, height - 1), radius, fill=255)
    return stamp_of(Ink(large.resize((box.width, box.height), Image.Resampling.BOX), None), box.left, box.top)
