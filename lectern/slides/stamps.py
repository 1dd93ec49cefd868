"""Ink on pictures: a mask rendered once, blended only inside its own box, in place on a picture we own."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from PIL import Image
from torch import Tensor

from ..images import mask_from_pillow
from .colors import DARK_TEXT, LIGHT_TEXT, Rgb, contrast, luminance
from .geometry import Box, Size

READABLE = 4.5  # WCAG 2.2 AA contrast ratio for text
_LUMINANCE = (0.2126, 0.7152, 0.0722)
_SAMPLES = 64  # pixels looked at per side of a text's box to judge what lies behind it


class Stamp(NamedTuple):
    """Coverage and where its top left corner goes."""

    mask: Tensor  # (h, w), uint8 0 to 255 or float32 0 to 1
    left: int  # pixels, may be negative
    top: int


def stamp_of(image: Image.Image, left: int, top: int) -> Stamp:
    """A mask image (mode L) trimmed to its ink."""
    box = image.getbbox() or (0, 0, 1, 1)
    return Stamp(mask_from_pillow(image.crop(box)), left + box[0], top + box[1])


def blend_(frame: Tensor, stamp: Stamp, color: Rgb, opacity: float) -> None:
    """Lays the colour on a frame (H, W, C) or a batch (B, H, W, C), in place; what is off the picture is cut."""
    height, width = frame.shape[-3:-1]
    box = Box(stamp.left, stamp.top, stamp.mask.shape[1], stamp.mask.shape[0])
    seen = box.clipped(Size(width, height))
    if not (seen.width and seen.height):
        return
    rows = slice(seen.top - box.top, seen.bottom - box.top)
    mask = stamp.mask[rows, seen.left - box.left : seen.right - box.left, None].to(frame.device)
    cover = mask * (opacity / 255 if mask.dtype == torch.uint8 else opacity)
    region = frame[..., seen.top : seen.bottom, seen.left : seen.right, :]
    ink = torch.tensor(color, dtype=frame.dtype, device=frame.device)
    if frame.shape[-1] == 3:
        region.lerp_(ink.expand_as(region), cover)
        return
    alpha = region[..., 3:]  # "over" with straight alpha, https://www.w3.org/TR/compositing-1/
    result = cover + alpha * (1 - cover)
    weight = cover / result.clamp(min=1e-6)
    region[..., :3].lerp_(ink.expand_as(region[..., :3]), weight)
    region[..., 3:] = result


def behind(frame: Tensor, box: Box) -> Tensor:
    """Relative luminances (WCAG 2.2) of pixels sampled behind a box of one frame (H, W, C); 1-dimensional."""
    seen = box.clipped(Size(frame.shape[1], frame.shape[0]))
    region = frame[seen.top : seen.bottom, seen.left : seen.right, :3]
    step_y, step_x = max(1, seen.height // _SAMPLES), max(1, seen.width // _SAMPLES)
    pixels = region[::step_y, ::step_x].reshape(-1, 3).float().cpu()
    if not len(pixels):
        return torch.zeros(1)
    linear = torch.where(pixels <= 0.04045, pixels / 12.92, ((pixels + 0.055) / 1.055) ** 2.4)
    return linear @ torch.tensor(_LUMINANCE)


def readable_color(luminances: Tensor) -> Rgb:
    """Light or dark text, whichever keeps the better contrast to the worst tenth of what is behind it."""
    return max((LIGHT_TEXT, DARK_TEXT), key=lambda color: worst_contrast(luminances, color))


def common_color(places: Sequence[Tensor]) -> Rgb | None:
    """Light or dark for all of these places together (luminances of each): least veil, then best contrast."""

    def cost(color: Rgb) -> tuple[float, float]:
        veils = sum(scrim_opacity(luminances, color) for luminances in places)
        return veils, -sum(worst_contrast(luminances, color) for luminances in places)

    return min((LIGHT_TEXT, DARK_TEXT), key=cost) if places else None


def worst_contrast(luminances: Tensor, color: Rgb) -> float:
    """The contrast ratio that nine tenths of the pixels behind reach."""
    text = luminance(color)
    share = 0.9 if text > 0.5 else 0.1
    return contrast(text, float(luminances.quantile(share)))


def scrim_opacity(luminances: Tensor, color: Rgb) -> float:
    """How much of a veil the text needs behind it to be readable, 0 when it already is.

    The veil is black behind light text and white behind dark text; mixing is done on sRGB values, so the luminance is
    taken as a grey of the same lightness.
    """
    if worst_contrast(luminances, color) >= READABLE:
        return 0.0
    veil = 0.0 if luminance(color) > 0.5 else 1.0
    grey = luminances.clamp(0, 1) ** (1 / 2.2)
    for step in range(1, 20):
        opacity = step / 20
        if worst_contrast((grey + (veil - grey) * opacity) ** 2.2, color) >= READABLE:
            return opacity
    return 0.95


def scrim(box: Box, reach: int) -> Stamp:
    """A soft veil over a box: full inside, fading to nothing within `reach` pixels around it."""
    x = torch.arange(-reach, box.width + reach) + 0.5
    y = torch.arange(-reach, box.height + reach) + 0.5
    outside_x = torch.maximum(-x, x - box.width).clamp(min=0)
    outside_y = torch.maximum(-y, y - box.height).clamp(min=0)
    fade = 1 - torch.sqrt(outside_x[None] ** 2 + outside_y[:, None] ** 2).div_(reach).clamp_(0, 1)
    return Stamp(fade * fade * (3 - 2 * fade), box.left - reach, box.top - reach)
