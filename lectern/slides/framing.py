"""Pictures brought to a slide's size, exactly, one at a time so that memory holds the result and little else."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from .colors import Rgb
from .focus import focus
from .geometry import ALWAYS, ANCHORS, Box, Fit, Size, arrange
from .grounds import blurred_, color_, extend_edges_
from .resampling import Resampling, resized

AUTO_FOCUS = "auto"  # an anchor: each picture keeps the part that stands out
_FILLED = ("blur-fill", "edge-extend")  # fits whose room the picture itself fills


class Finish(NamedTuple):
    """What a person rarely changes."""

    offset: tuple[float, float] = (0.0, 0.0)  # right and down, percent of the room that is cut or left free
    upscale: str = ALWAYS
    resampling: Resampling = Resampling()


PLAIN = Finish()


def frame_images(
    images: Tensor,
    slide: Size,
    mode: str,
    anchor: str,
    background: Rgb | None,
    finish: Finish = PLAIN,
    step: Callable[[], None] = lambda: None,
) -> Tensor:
    """(B, H, W, C) -> (B, slide.height, slide.width, C), exactly that size; pictures that have it pass unchanged.

    Args:
        mode: one of geometry.FITS.
        anchor: one of geometry.ANCHORS, or AUTO_FOCUS.
        background: colour of what the picture leaves free; None leaves it transparent, which makes C 4. The fits
            "blur-fill" and "edge-extend" fill it with the picture itself instead.
        step: called once per picture.
    """
    source = Size(images.shape[2], images.shape[1])
    if source == slide:
        return images
    target = arrange(source, slide, mode, ANCHORS["center"], finish.upscale).target
    room = (target.width, target.height) != slide
    clear = room and background is None and mode not in _FILLED
    result = torch.empty((len(images), slide.height, slide.width, 4 if clear else images.shape[3]))
    for frame, canvas in zip(images, result, strict=True):
        plan = arrange(source, slide, mode, _shares(frame, slide, mode, anchor, finish), finish.upscale)
        if room and mode == "blur-fill":
            blurred_(canvas, frame.cpu())
        elif room and mode not in _FILLED:
            color_(canvas, background)
        _put(canvas, _cut(frame, plan, finish.resampling), plan.target)
        if room and mode == "edge-extend":
            extend_edges_(canvas, plan.target)
        step()
    return result


def _shares(frame: Tensor, slide: Size, mode: str, anchor: str, finish: Finish) -> tuple[float, float]:
    """How much of the room lies left of and above the picture, or of what is cut from it; 0 to 1."""
    if anchor == AUTO_FOCUS:
        source = Size(frame.shape[1], frame.shape[0])
        _, _, width, height = arrange(source, slide, mode, ANCHORS["center"], finish.upscale).crop
        whole = width >= source.width and height >= source.height
        across, down = ANCHORS["center"] if whole else focus(frame, width, height)
    else:
        across, down = ANCHORS[anchor]
    right, below = finish.offset
    return min(1.0, max(0.0, across + right / 100)), min(1.0, max(0.0, down + below / 100))


def _cut(frame: Tensor, plan: Fit, resampling: Resampling) -> Tensor:
    """The plan's crop, rounded to whole pixels, at the size it has on the slide."""
    left, top, width, height = plan.crop
    rows, columns = _whole(top, height, frame.shape[0]), _whole(left, width, frame.shape[1])
    return resized(frame[rows, columns], Size(plan.target.width, plan.target.height), resampling)


def _whole(start: float, length: float, limit: int) -> slice:
    """A stretch of pixels rounded to whole ones, at least one of them.

    A length that is whole stays so, wherever it starts: a picture shown at its own size keeps its very pixels.
    """
    first = min(round(start), limit - 1)
    whole = abs(length - round(length)) < 1e-6
    last = first + round(length) if whole else round(start + length)
    return slice(first, min(limit, max(last, first + 1)))


def _put(canvas: Tensor, picture: Tensor, box: Box) -> None:
    channels = picture.shape[2]
    region = canvas[box.top : box.bottom, box.left : box.right]
    region[..., :channels] = picture
    region[..., channels:] = 1.0  # alpha, where the canvas has it and the picture has not
