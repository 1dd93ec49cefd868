"""Pictures brought to a slide's size, exactly, one at a time so that memory holds the result and little else."""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from .colors import Rgb
from .focus import focus
from .geometry import ALWAYS, ANCHORS, Fit, Size, arrange
from .grounds import blurred_, color_, extend_edges_
from .memory import batches
from .resampling import Resampling, resized
from .separable import Window

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
    result = batches.empty((len(images), slide.height, slide.width, 4 if clear else images.shape[3]))
    for frame, canvas in zip(images, result, strict=True):
        plan = arrange(source, slide, mode, _shares(frame, slide, mode, anchor, finish), finish.upscale)
        if room and mode == "blur-fill":
            blurred_(canvas, frame.cpu())
        elif room and mode not in _FILLED:
            color_(canvas, background)
        _put(canvas, frame, plan, finish.resampling)
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


def _put(canvas: Tensor, frame: Tensor, plan: Fit, resampling: Resampling) -> None:
    """Scales the plan's crop onto its place; straight into the canvas where it covers all of it."""
    box, channels = plan.target, frame.shape[2]
    region = canvas[box.top : box.bottom, box.left : box.right]
    own = canvas if region.shape == canvas.shape == (*canvas.shape[:2], channels) else None
    picture = resized(frame, Size(box.width, box.height), resampling, Window(*plan.crop), own)
    if picture is not own:
        region[..., :channels] = picture
        region[..., channels:] = 1.0  # alpha, where the canvas has it and the picture has not
