"""A picture brought to a slide's size, at full float precision."""

import numpy
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from .colors import Rgb
from .geometry import Fit, Size, fit


def frame_images(images: Tensor, slide: Size, mode: str, anchor: str, background: Rgb | None) -> Tensor:
    """(B, H, W, C) -> (B, slide.height, slide.width, C), exactly that size.

    Args:
        mode: "cover", "contain" or "stretch".
        background: colour of what the picture leaves free (contain); None leaves it transparent, which makes C 4.
    """
    source = Size(images.shape[2], images.shape[1])
    plan = fit(source, slide, mode, anchor)
    if source == slide:
        return images
    picture = _scaled(images, plan)
    if plan.target.width == slide.width and plan.target.height == slide.height:
        return picture
    return _on_ground(picture, plan, slide, background)


def _on_ground(picture: Tensor, plan: Fit, slide: Size, background: Rgb | None) -> Tensor:
    if background is None and picture.shape[3] == 3:
        picture = torch.cat((picture, torch.ones_like(picture[..., :1])), dim=3)
    channels = picture.shape[3]
    fill = (0.0,) * channels if background is None else (*background, 1.0)[:channels]
    ground = torch.tensor(fill).expand(picture.shape[0], slide.height, slide.width, channels).clone()
    ground[:, plan.target.top : plan.target.bottom, plan.target.left : plan.target.right] = picture
    return ground


def _scaled(images: Tensor, plan: Fit) -> Tensor:
    """Cuts the plan's crop to whole pixels around it, scales, and gives (B, target height, target width, C)."""
    left, top, width, height = plan.crop
    first_row, last_row = _whole(top, height, images.shape[1])
    first_column, last_column = _whole(left, width, images.shape[2])
    crop = images[:, first_row:last_row, first_column:last_column]
    target = Size(plan.target.width, plan.target.height)
    frames = [_resized(frame, target) for frame in crop]  # one at a time: no second batch in memory
    return torch.stack(frames)


def _whole(start: float, length: float, limit: int) -> tuple[int, int]:
    """A stretch of pixels rounded to whole ones, at least one of them."""
    first = min(round(start), limit - 1)
    return first, max(round(start + length), first + 1)


def _resized(frame: Tensor, target: Size) -> Tensor:
    if frame.shape[2] == 3:
        return lanczos(frame, target).clamp_(0, 1)
    alpha = frame[..., 3:]  # weighted by alpha, or hidden colours would bleed into the edges
    scaled = lanczos(torch.cat((frame[..., :3] * alpha, alpha), dim=2), target).clamp_(0, 1)
    scaled[..., :3] /= scaled[..., 3:].clamp(min=1e-6)
    return scaled.clamp_(0, 1)


def lanczos(frame: Tensor, target: Size) -> Tensor:
    """(H, W, C) -> (target.height, target.width, C), antialiased Lanczos-3 in float; may overshoot 0 to 1.

    Torch has had it since 2.13; older ones go through Pillow's float mode, which gives the same to 100 dB.
    """
    if frame.shape[0] == target.height and frame.shape[1] == target.width:
        return frame.clone()
    planes = frame.cpu().permute(2, 0, 1)[None]
    try:
        scaled = interpolate(planes, (target.height, target.width), mode="lanczos", antialias=True)
    except (NotImplementedError, ValueError):
        return _pillow_lanczos(frame, target)
    return scaled[0].permute(1, 2, 0).contiguous()


def _pillow_lanczos(frame: Tensor, target: Size) -> Tensor:
    planes = []
    for plane in frame.permute(2, 0, 1).contiguous().cpu().numpy():
        image = Image.fromarray(plane).resize(target, Image.Resampling.LANCZOS)
        planes.append(torch.from_numpy(numpy.array(image)))
    return torch.stack(planes, dim=2)
