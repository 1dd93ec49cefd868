"""A picture with alpha on slides: scaled once for each slide size, turned, placed or repeated, blended in its box."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

import numpy
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from ..errors import ImageError, LengthError
from .colors import LIGHT_TEXT
from .geometry import Box, Size, percent, place, shifted
from .separable import Window, resample
from .stamps import Stamp, behind, blend_, readable_color
from .tiling import Tiling, spots

RECOLORS = ("none", "automatic light/dark")
_KEPT = 8  # scaled logos kept for the slides to come


class LogoLook(NamedTuple):
    """How a logo is put on a slide; percentages are of the slide's shorter side unless said otherwise."""

    anchor: str
    size: float  # of the logo's longer side, percent
    margin: float  # free space to the edges, percent
    opacity: float  # 0 to 1
    rotation: float  # degrees, counterclockwise
    offset: tuple[float, float]  # to the right, down; percent of the slide's width and height
    blend: str  # one of stamps.BLENDS
    recolor: bool  # draw it plain, light or dark by what lies behind
    tiling: Tiling | None = None


class Placed(NamedTuple):
    stamp: Stamp
    box: Box  # what is looked at to choose light or dark
    spots: Sequence[tuple[int, int]]  # top left corners, pixels


class LogoPress:
    """Puts logos on slides; slides of one size share one scaling."""

    def __init__(self, logos: Sequence[Tensor], look: LogoLook) -> None:
        self._logos = logos
        self._look = look
        self._placed: OrderedDict[tuple[int, Size], Placed] = OrderedDict()

    def press_(self, frame: Tensor, number: int) -> None:
        """Blends the logo of slide `number` (or the only one) into a frame (H, W, C), in place."""
        look = self._look
        placed = self._prepared(number % len(self._logos), Size(frame.shape[1], frame.shape[0]))
        color = readable_color(behind(frame, placed.box)) if look.recolor else LIGHT_TEXT
        for left, top in placed.spots:
            blend_(frame, placed.stamp._replace(left=left, top=top), color, look.opacity, look.blend)

    def _prepared(self, index: int, slide: Size) -> Placed:
        key = index, slide
        if key not in self._placed:
            self._placed[key] = prepare(self._logos[index], slide, self._look)
            if len(self._placed) > _KEPT:
                self._placed.popitem(last=False)
        self._placed.move_to_end(key)
        return self._placed[key]


def logos_with_alpha(logos: Sequence[Tensor], masks: Sequence[Tensor], slides: int) -> list[Tensor]:
    """Single logos (H, W, 4), their alpha lessened by the masks as ComfyUI means them: 1 is transparent.

    Args:
        logos: batches (B, H, W, C).
        masks: batches (B, H, W), or none; a mask of another size is stretched to its logo.

    Raises:
        LengthError: neither one logo nor one for each slide; neither one mask nor one for each logo.
        ImageError: a mask of another shape.
    """
    singles = [logo for batch in logos for logo in batch]
    if len(singles) not in (1, slides):
        raise LengthError(
            f"There are {len(singles)} logos for {slides} picture{'s' if slides != 1 else ''}. Give one logo for all,"
            " or one for each picture."
        )
    covers = [mask for batch in masks for mask in (batch[None] if batch.ndim == 2 else batch)]
    if covers and len(covers) not in (1, len(singles)):
        raise LengthError(
            f"There are {len(covers)} masks for {len(singles)} logo{'s' if len(singles) != 1 else ''}. Give one mask"
            " for all, or one for each logo."
        )
    if any(mask.ndim != 2 or 0 in mask.shape for mask in covers):
        shapes = [tuple(mask.shape) for mask in covers]
        raise ImageError(f"A mask must have the shape (batch, height, width), got {shapes[0]}. Link a MASK output.")
    return [_with_alpha(logo, covers[index % len(covers)] if covers else None) for index, logo in enumerate(singles)]


def _with_alpha(logo: Tensor, mask: Tensor | None) -> Tensor:
    logo = logo.float().cpu()
    alpha = logo[..., 3:] if logo.shape[2] == 4 else torch.ones_like(logo[..., :1])
    if mask is not None:
        size = int(logo.shape[0]), int(logo.shape[1])
        clear = mask.float().cpu().nan_to_num(0.0).clamp(0, 1)[None, None]
        if clear.shape[2:] != size:
            clear = interpolate(clear, size, mode="bilinear", antialias=True)
        alpha = alpha * (1 - clear[0, 0, ..., None])
    return torch.cat((logo[..., :3], alpha), dim=2)


def prepare(logo: Tensor, slide: Size, look: LogoLook) -> Placed:
    """A logo (H, W, 4) as a stamp for slides of one size, and where it goes."""
    longest = max(1, percent(look.size, slide))
    scale = longest / max(logo.shape[:2])
    size = Size(max(1, round(logo.shape[1] * scale)), max(1, round(logo.shape[0] * scale)))
    scaled = _straight(_turned(_weighted(logo, size), look.rotation))
    turned = Size(scaled.shape[1], scaled.shape[0])
    box = shifted(place(turned, slide, look.anchor, percent(look.margin, slide)), slide, *look.offset)
    if look.recolor:
        stamp = Stamp(scaled[..., 3], box.left, box.top)
    else:
        stamp = Stamp(torch.zeros(scaled.shape[:2], dtype=torch.uint8), box.left, box.top, scaled, inked=False)
    if look.tiling is None:
        return Placed(stamp, box, [(box.left, box.top)])
    tiling = look.tiling._replace(rotation=look.rotation)
    return Placed(stamp, Box(0, 0, *slide), spots(size, turned, box, slide, tiling))


def _weighted(logo: Tensor, size: Size) -> Tensor:
    """Scaled with colours weighted by alpha, or hidden ones would bleed into the edges; stays weighted."""
    alpha = logo[..., 3:]
    weighted = torch.cat((logo[..., :3] * alpha, alpha), dim=2)
    return resample(weighted, size, Window(0, 0, logo.shape[1], logo.shape[0]), "lanczos")


def _turned(weighted: Tensor, degrees: float) -> Tensor:
    if not degrees % 360:
        return weighted
    planes = (
        Image.fromarray(numpy.ascontiguousarray(weighted[..., channel].numpy())).rotate(
            degrees, Image.Resampling.BICUBIC, expand=True
        )
        for channel in range(4)
    )
    return torch.stack([torch.from_numpy(numpy.array(plane)) for plane in planes], dim=2).clamp_(0, 1)


def _straight(weighted: Tensor) -> Tensor:
    weighted[..., :3] /= weighted[..., 3:].clamp(min=1e-6)
    return weighted.clamp_(0, 1)
