"""A calm part of a background: the pattern fades towards one colour on which a title can be read."""

import torch
from torch import Tensor

from .colors import DARK, DARK_TEXT, LIGHT, LIGHT_TEXT, Rgb, contrast, luminance
from .geometry import ANCHORS, Box, Size, percent
from .light import from_oklab, to_oklab
from .stamps import READABLE, behind, readable_color, worst_contrast

NONE = "none"
ZONES = (NONE, *ANCHORS)

_WIDE, _HIGH = 0.5, 0.36  # of the slide, where the zone does not reach from edge to edge
_REACH = 62  # percent of the shorter side, over which the pattern comes back
_LEAST = 0.8  # how far the pattern fades at least
_MARGIN = 1.15  # the plain colour is this much more readable than it must be: grain and dither come on top
_BAND = 128  # rows blended at once, so that no second picture is held


def calm_(frame: Tensor, ground: Rgb, anchor: str) -> None:
    """Fades a background (H, W, 3) in place until light or dark text has its contrast of 4.5 in the zone.

    The contrast holds for nine tenths of the zone's pixels, whatever the ground: a middle grey moves a little.
    """
    size = Size(frame.shape[1], frame.shape[0])
    zone, color = calm_box(size, anchor), torch.tensor(calm_color(ground))
    opacity = _opacity(frame, zone, color)
    reach = max(1, percent(_REACH, size))
    away_x, away_y = _away(zone.left, zone.width, size.width), _away(zone.top, zone.height, size.height)
    for top in range(0, size.height, _BAND):
        band = frame[top : top + _BAND]
        distance = torch.sqrt(away_x**2 + away_y[top : top + _BAND, None] ** 2).div_(reach).clamp_(max=1)
        cover = (1 - distance**3 * (distance * (6 * distance - 15) + 10)).mul_(opacity)  # no edge to see
        band.lerp_(color.expand_as(band), cover[..., None])


def calm_box(size: Size, anchor: str) -> Box:
    """The zone itself, where the pattern has faded all the way: a corner, a side, or the middle of the slide."""
    across, down = ANCHORS[anchor]
    middle = anchor == "center"
    wide = 1.0 if across == 0.5 and not middle else _WIDE
    high = 1.0 if down == 0.5 and not middle else _HIGH
    width, height = max(1, round(size.width * wide)), max(1, round(size.height * high))
    return Box(round((size.width - width) * across), round((size.height - height) * down), width, height)


def calm_color(ground: Rgb) -> Rgb:
    """The ground; a middle one moved towards black or white until text is readable on it."""
    start = to_oklab(torch.tensor(ground))
    ends = [to_oklab(torch.tensor(end)) for end in (DARK, LIGHT)]
    for step in range(21):
        for end in ends:
            red, green, blue = from_oklab(torch.lerp(start, end, step / 20)).tolist()
            color = Rgb(red, green, blue)
            if _best_contrast(color) >= READABLE * _MARGIN:
                return color
    return LIGHT


def _best_contrast(color: Rgb) -> float:
    return max(contrast(luminance(text), luminance(color)) for text in (LIGHT_TEXT, DARK_TEXT))


def _opacity(frame: Tensor, zone: Box, color: Tensor) -> float:
    """The least that makes text readable on what is left of the pattern."""
    inside = frame[zone.top : zone.bottom, zone.left : zone.right]
    step_y, step_x = max(1, zone.height // 64), max(1, zone.width // 64)
    sample = inside[::step_y, ::step_x]
    whole = Box(0, 0, sample.shape[1], sample.shape[0])
    for percent_faded in range(round(_LEAST * 100), 100, 4):
        mixed = behind(torch.lerp(sample, color.expand_as(sample), percent_faded / 100), whole)
        if worst_contrast(mixed, readable_color(mixed)) >= READABLE * (1 + (_MARGIN - 1) / 2):
            return percent_faded / 100
    return 1.0


def _away(start: int, length: int, side: int) -> Tensor:
    """Distance of every pixel of a side from a stretch of it, in pixels."""
    at = torch.arange(side) + 0.5
    return torch.maximum(start - at, at - (start + length)).clamp_(min=0)
