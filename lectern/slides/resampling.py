"""Pictures brought to another size at float precision, never outside 0 to 1, with alpha that does not bleed."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from .geometry import Size
from .light import to_linear, to_srgb
from .separable import KERNELS, Window, resample

NEAREST = "nearest"
FILTERS = (*KERNELS, NEAREST)


class Resampling(NamedTuple):
    filter: str = FILTERS[0]
    linear_light: bool = False  # mix light instead of sRGB values


def resized(
    frame: Tensor, target: Size, resampling: Resampling, window: Window | None = None, out: Tensor | None = None
) -> Tensor:
    """(H, W, C) -> (target.height, target.width, C), values 0 to 1; a view of the frame when no size changes.

    Colours are weighted by alpha, or the hidden colours of transparent pixels would bleed into the edges.

    Args:
        window: the part of the frame that is scaled, the whole by default.
        out: contiguous memory to write into where that saves a copy; the result says whether it was used.
    """
    window = window or Window(0, 0, frame.shape[1], frame.shape[0])
    same_size = abs(window.width - target.width) < 1e-6 and abs(window.height - target.height) < 1e-6
    if same_size:
        return _pixels(frame, window)
    if resampling.filter == NEAREST:
        planes = _pixels(frame, window).cpu().permute(2, 0, 1)[None].contiguous()  # slow on a view
        return interpolate(planes, (target.height, target.width), mode="nearest-exact")[0].permute(1, 2, 0)
    frame = frame.cpu()
    if frame.shape[2] == 3 and not resampling.linear_light:
        return resample(frame, target, window, resampling.filter, out)
    return _weighted(frame, target, resampling, window)


def _weighted(frame: Tensor, target: Size, resampling: Resampling, window: Window) -> Tensor:
    colors, alpha = frame[..., :3], frame[..., 3:]
    colors = to_linear(colors) if resampling.linear_light else colors
    if frame.shape[2] == 4:
        colors = torch.cat((colors * alpha, alpha), dim=2)
    result = resample(colors, target, window, resampling.filter)
    if frame.shape[2] == 4:
        result[..., :3].div_(result[..., 3:].clamp(min=1e-6)).clamp_(0, 1)
    if resampling.linear_light:
        result[..., :3] = to_srgb(result[..., :3])
    return result.clamp_(0, 1)


def _pixels(frame: Tensor, window: Window) -> Tensor:
    """The window rounded to whole pixels, at least one each way; a whole length stays so, wherever it begins."""
    rows = _whole(window.top, window.height, frame.shape[0])
    return frame[rows, _whole(window.left, window.width, frame.shape[1])]


def _whole(start: float, length: float, limit: int) -> slice:
    first = min(round(start), limit - 1)
    whole = abs(length - round(length)) < 1e-6
    last = first + round(length) if whole else round(start + length)
    return slice(first, min(limit, max(last, first + 1)))
