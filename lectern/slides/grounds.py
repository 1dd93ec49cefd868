"""What lies around a picture that leaves room on its slide: a colour, its own blurred copy, or its edges."""

import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, pad

from .colors import Rgb
from .geometry import Box, Size, fit

_SIDE = 96  # px, longest side of the copy that is blurred before it is enlarged to the slide
_SIGMA = 2.6  # px of that copy: about five percent of a 16:9 slide's height


def color_(frame: Tensor, color: Rgb | None) -> None:
    """Fills a frame (H, W, C) with a colour, or with nothing (transparent)."""
    channels = frame.shape[2]
    frame[:] = torch.tensor((0.0,) * channels if color is None else (*color, 1.0)[:channels])


def blurred_(frame: Tensor, picture: Tensor) -> None:
    """Fills a frame (H, W, C) with a blurred copy (h, w, C) that covers it."""
    slide, source = Size(frame.shape[1], frame.shape[0]), Size(picture.shape[1], picture.shape[0])
    left, top, width, height = fit(source, slide, "cover", "center").crop
    rows, columns = (
        slice(round(at), max(round(at + run), round(at) + 1)) for at, run in ((top, height), (left, width))
    )
    scale = min(1.0, _SIDE / max(slide))
    small = max(1, round(slide.height * scale)), max(1, round(slide.width * scale))
    seen = picture[rows, columns]
    # Four pixels a side for each of the small copy's are enough to average.
    skip = max(1, min(seen.shape[0] // (4 * small[0]), seen.shape[1] // (4 * small[1])))
    planes = interpolate(_weighted(seen[::skip, ::skip]).contiguous(), small, mode="area")
    full = interpolate(_gaussian(planes), tuple(frame.shape[:2]), mode="bicubic", align_corners=False)
    frame[:] = full[0].permute(1, 2, 0).clamp_(0, 1)
    if frame.shape[2] == 4:
        frame[..., :3].div_(frame[..., 3:].clamp(min=1e-6)).clamp_(0, 1)


def _weighted(picture: Tensor) -> Tensor:
    """(h, w, C) -> (1, C, h, w), colours weighted by alpha."""
    if picture.shape[2] == 4:
        picture = torch.cat((picture[..., :3] * picture[..., 3:], picture[..., 3:]), dim=2)
    return picture.permute(2, 0, 1)[None]


def _gaussian(planes: Tensor) -> Tensor:
    """(1, C, h, w) blurred; beyond the edges the edge goes on."""
    reach = round(3 * _SIGMA)
    kernel = torch.exp(-(torch.arange(-reach, reach + 1) ** 2) / (2 * _SIGMA**2))
    kernel = (kernel / kernel.sum())[None, None, None]
    channels = planes.transpose(0, 1)
    across = conv2d(pad(channels, (reach, reach, 0, 0), mode="replicate"), kernel)
    down = conv2d(pad(across, (0, 0, reach, reach), mode="replicate"), kernel.transpose(2, 3))
    return down.transpose(0, 1)


def extend_edges_(frame: Tensor, box: Box) -> None:
    """Continues the outermost pixels of what stands in the box to the edges of the frame (H, W, C)."""
    middle = frame[box.top : box.bottom]
    middle[:, : box.left] = middle[:, box.left : box.left + 1]
    middle[:, box.right :] = middle[:, box.right - 1 : box.right]
    frame[: box.top] = frame[box.top : box.top + 1]
    frame[box.bottom :] = frame[box.bottom - 1 : box.bottom]
