"""A small thing repeated over a whole slide."""

import math
from typing import NamedTuple

from .geometry import Box, Size, percent

_CLOSEST = 8  # pixels between neighbours at least: bounds how many there can be


class Tiling(NamedTuple):
    spacing: float  # free space between neighbours, percent of the slide's shorter side
    stagger: bool  # every second row is shifted by half a step
    rotation: float = 0.0  # degrees counterclockwise, of the rows as well as of what stands in them


def spots(thing: Size, turned: Size, first: Box, slide: Size, tiling: Tiling) -> list[tuple[int, int]]:
    """Top left corners, so that rows through `first` cover the slide; those wholly off the slide are left out.

    Args:
        thing: size before it is rotated: what rows and columns are spaced by.
        turned: size of its box afterwards.
    """
    gap = percent(tiling.spacing, slide)
    across, down = max(_CLOSEST, thing.width + gap), max(_CLOSEST, thing.height + gap)
    angle = math.radians(tiling.rotation)
    cos, sin = math.cos(angle), -math.sin(angle)  # pixels count downwards
    x0, y0 = first.left + first.width / 2, first.top + first.height / 2
    reach = math.hypot(max(x0, slide.width - x0), max(y0, slide.height - y0)) + math.hypot(*turned)
    found: list[tuple[int, int]] = []
    for row in range(-math.ceil(reach / down), math.ceil(reach / down) + 1):
        shift = 0.5 if tiling.stagger and row % 2 else 0.0
        for column in range(-math.ceil(reach / across) - 1, math.ceil(reach / across) + 1):
            u, v = (column + shift) * across, row * down
            left = round(x0 + u * cos - v * sin - turned.width / 2)
            top = round(y0 + u * sin + v * cos - turned.height / 2)
            if -turned.width < left < slide.width and -turned.height < top < slide.height:
                found.append((left, top))
    return found
