"""Ink on pictures: a mask rendered once, blended only inside its own box, in place on a picture we own."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ..images import mask_from_pillow, pixels_from_pillow
from .colors import DARK_TEXT, LIGHT_TEXT, Rgb, contrast, luminance
from .geometry import Box, Size
from .inking import Ink, trimmed

BLENDS = ("normal", "multiply", "screen", "overlay")
READABLE = 4.5  # WCAG 2.2 AA contrast ratio for text
_LUMINANCE = (0.2126, 0.7152, 0.0722)
_BAND_ROWS = 256
_SAMPLES = 64  # pixels looked at per side of a text's box to judge what lies behind it


class Stamp(NamedTuple):
    """Coverage, what has colours of its own, and where the top left corner goes."""

    mask: Tensor  # (h, w), uint8 0 to 255 or float32 0 to 1: where the stamp's one colour goes
    left: int  # pixels, may be negative
    top: int
    paint: Tensor | None = None  # (h, w, 4) of the same kind, straight alpha: what keeps its own colours
    inked: bool = True  # whether the mask holds anything


def stamp_of(ink: Ink, left: int, top: int) -> Stamp:
    """A drawing trimmed to its ink."""
    ink, x, y = trimmed(ink)
    paint = pixels_from_pillow(ink.paint) if ink.paint else None
    return Stamp(mask_from_pillow(ink.mask), left + x, top + y, paint)


def blend_(frame: Tensor, stamp: Stamp, color: Rgb, opacity: float, mode: str = "normal") -> None:
    """Lays the stamp on a frame (H, W, C) or a batch (B, H, W, C), in place; what is off the picture is cut.

    Args:
        mode: one of BLENDS.
    """
    height, width = frame.shape[-3:-1]
    box = Box(stamp.left, stamp.top, stamp.mask.shape[1], stamp.mask.shape[0])
    seen = box.clipped(Size(width, height))
    if not (seen.width and seen.height):
        return
    ink = torch.tensor(color, dtype=frame.dtype, device=frame.device)
    columns = slice(seen.left - box.left, seen.right - box.left)
    for top in range(seen.top, seen.bottom, _BAND_ROWS):  # so that what is in between stays small on any picture
        bottom = min(top + _BAND_ROWS, seen.bottom)
        region = frame[..., top:bottom, seen.left : seen.right, :]
        rows = slice(top - box.top, bottom - box.top)
        if stamp.inked:
            _lay_(region, ink, _share(stamp.mask[rows, columns, None].to(frame.device), opacity), mode)
        if stamp.paint is not None:
            paint = stamp.paint[rows, columns].to(frame.device)
            colors = paint[..., :3] / 255 if paint.dtype == torch.uint8 else paint[..., :3]
            _lay_(region, colors, _share(paint[..., 3:], opacity), mode)


def _share(mask: Tensor, opacity: float) -> Tensor:
    return mask * (opacity / 255 if mask.dtype == torch.uint8 else opacity)


def _lay_(region: Tensor, ink: Tensor, cover: Tensor, mode: str) -> None:
    """Source over (..., h, w, C) with straight alpha; blending first: https://www.w3.org/TR/compositing-1/#blending."""
    colors = region[..., :3]
    alpha = region[..., 3:] if region.shape[-1] == 4 else None
    ink = ink.expand_as(colors)
    if mode != "normal":
        mixed = _BLENDED[mode](colors, ink)
        ink = mixed if alpha is None else torch.lerp(ink, mixed, alpha)
    if alpha is None:
        colors.lerp_(ink, cover)
        return
    result = cover + alpha * (1 - cover)
    colors.lerp_(ink, cover / result.clamp(min=1e-6))
    region[..., 3:] = result


def _overlay(below: Tensor, above: Tensor) -> Tensor:
    return torch.where(below <= 0.5, 2 * below * above, 1 - 2 * (1 - below) * (1 - above))


_BLENDED: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "multiply": lambda below, above: below * above,
    "screen": lambda below, above: below + above - below * above,
    "overlay": _overlay,
}


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
    return contrast(luminance(color), _worst(luminances, color))


def _worst(luminances: Tensor, color: Rgb) -> float:
    """The luminance that is hardest to read on, but for the tenth of the pixels that are harder still."""
    return float(luminances.quantile(0.9 if luminance(color) > 0.5 else 0.1))


def scrim_opacity(luminances: Tensor, color: Rgb) -> float:
    """How much of a veil the text needs behind it to be readable, 0 when it already is.

    The veil is black behind light text and white behind dark text; mixing is done on sRGB values, so the luminance is
    taken as a grey of the same lightness. A veil keeps the order of the pixels, so the hardest of them decides.
    """
    text, worst = luminance(color), _worst(luminances, color)
    if contrast(text, worst) >= READABLE:
        return 0.0
    veil = 0.0 if text > 0.5 else 1.0
    grey = min(max(worst, 0.0), 1.0) ** (1 / 2.2)
    for step in range(1, 20):
        opacity = step / 20
        if contrast(text, (grey + (veil - grey) * opacity) ** 2.2) >= READABLE:
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
