"""Pictures brought to another size at float precision, never outside 0 to 1, with alpha that does not bleed."""

from typing import NamedTuple

import numpy
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from .geometry import Size
from .light import to_linear, to_srgb

FILTERS = ("lanczos", "bicubic", "area", "nearest")


class Resampling(NamedTuple):
    filter: str = FILTERS[0]
    linear_light: bool = False  # mix light instead of sRGB values


def resized(frame: Tensor, target: Size, resampling: Resampling) -> Tensor:
    """(H, W, C) -> (target.height, target.width, C), values 0 to 1; the frame itself when it has that size.

    Colours are weighted by alpha, or the hidden colours of transparent pixels would bleed into the edges.
    """
    if (frame.shape[1], frame.shape[0]) == target:
        return frame
    if resampling.filter == "nearest":
        return scaled(frame, target, "nearest")  # mixes nothing, so neither alpha nor light matters
    colors, alpha = frame[..., :3], frame[..., 3:]
    colors = to_linear(colors) if resampling.linear_light else colors
    if frame.shape[2] == 4:
        colors = torch.cat((colors * alpha, alpha), dim=2)
    result = scaled(colors, target, resampling.filter).clamp_(0, 1)
    if frame.shape[2] == 4:
        result[..., :3].div_(result[..., 3:].clamp(min=1e-6)).clamp_(0, 1)
    if resampling.linear_light:
        result[..., :3] = to_srgb(result[..., :3])
    return result.clamp_(0, 1)


def scaled(frame: Tensor, target: Size, kind: str) -> Tensor:
    """(H, W, C) -> (target.height, target.width, C) by one filter; lanczos and bicubic may overshoot 0 to 1."""
    if kind == "lanczos":
        return lanczos(frame, target)
    planes, size = frame.cpu().permute(2, 0, 1)[None], (target.height, target.width)
    if kind == "bicubic":
        result = interpolate(planes, size, mode="bicubic", antialias=True)
    else:
        planes = planes.contiguous()  # these two are several times slower on a view
        result = interpolate(planes, size, mode={"area": "area", "nearest": "nearest-exact"}[kind])
    return result[0].permute(1, 2, 0)


def lanczos(frame: Tensor, target: Size) -> Tensor:
    """(H, W, C) -> (target.height, target.width, C), antialiased Lanczos-3 in float; may overshoot 0 to 1.

    Torch has had it since 2.13; older ones go through Pillow's float mode, which gives the same to 100 dB.
    """
    if frame.shape[0] == target.height and frame.shape[1] == target.width:
        return frame.clone()
    planes = frame.cpu().permute(2, 0, 1)[None]
    try:
        result = interpolate(planes, (target.height, target.width), mode="lanczos", antialias=True)
    except (NotImplementedError, ValueError):
        return _pillow_lanczos(frame, target)
    return result[0].permute(1, 2, 0)


def _pillow_lanczos(frame: Tensor, target: Size) -> Tensor:
    planes = []
    for plane in frame.permute(2, 0, 1).contiguous().cpu().numpy():
        image = Image.fromarray(plane).resize(target, Image.Resampling.LANCZOS)
        planes.append(torch.from_numpy(numpy.array(image)))
    return torch.stack(planes, dim=2)
