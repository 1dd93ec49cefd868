"""The main colours of a picture, as a palette for backgrounds: k-means in OKLab, the same every time."""

import math

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from .colors import Rgb
from .light import from_oklab, to_oklab

_COLORS = 5  # of a palette, the ground among them
_ROUNDS = 16  # of k-means; it has settled long before
_PIXELS = 4096  # looked at, over all pictures of a batch
_APART = 0.045  # distance in OKLab below which two colours count as one
_DARK, _LIGHT = 0.36, 0.82  # lightness up to which, and from which on, a colour can be a ground
_STEP = 0.14  # lightness between colours that are made up when a picture has too few


def palette_from_image(images: Tensor) -> list[Rgb]:
    """(B, H, W, C) -> 2 to 5 colours, the ground first: the commonest dark or light one.

    Transparent pixels do not count. A picture with neither a dark nor a light colour lends its commonest one, made
    darker; a picture of one colour is given neighbours.
    """
    centres, shares = _clusters(_pixels(images))
    usable = (centres[:, 0] <= _DARK) | (centres[:, 0] >= _LIGHT)
    place = int((shares * usable).argmax() if usable.any() else shares.argmax())
    ground = centres[place].clone()
    if not usable.any():
        ground[0] = _DARK * 0.8
    others = [centre for index, centre in enumerate(centres) if index != place or not usable.any()]
    weight = [float(share) for index, share in enumerate(shares) if index != place or not usable.any()]
    order = sorted(range(len(others)), key=lambda index: (-_appeal(others[index], weight[index]), index))
    lab = torch.stack([ground, *(others[index] for index in order[: _COLORS - 1])])
    return [Rgb(*color) for color in from_oklab(lab if len(lab) > 2 else _completed(lab)).tolist()]


def _pixels(images: Tensor) -> Tensor:
    """(n, 3) OKLab of small copies; all pixels when none is opaque enough to be seen."""
    batch, height, width, _ = images.shape
    scale = min(1.0, math.sqrt(_PIXELS / (batch * height * width)))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    copies = [interpolate(frame.cpu().permute(2, 0, 1)[None].contiguous(), size, mode="area")[0] for frame in images]
    pixels = torch.cat([copy.flatten(1).T for copy in copies])
    seen = pixels[:, 3] >= 0.5 if pixels.shape[1] == 4 else torch.ones(len(pixels), dtype=torch.bool)
    return to_oklab((pixels[seen] if seen.any() else pixels)[:, :3])


def _clusters(pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Centres (k, 3) that are well apart, and the share of the pixels around each (k,)."""
    centres = _seeds(pixels)
    for _ in range(_ROUNDS):
        members = _members(pixels, centres)
        counts = members.sum(1, keepdim=True)
        centres = torch.where(counts > 0, (members @ pixels) / counts.clamp(min=1), centres)
    return _merged(centres, _members(pixels, centres).mean(1))


def _members(pixels: Tensor, centres: Tensor) -> Tensor:
    """(k, n), 1 where a pixel is nearest to a centre."""
    nearest = torch.cdist(pixels, centres).argmin(1)
    return (nearest == torch.arange(len(centres))[:, None]).float()


def _seeds(pixels: Tensor) -> Tensor:
    """The average, then again and again the pixel farthest from all before it: no chance involved."""
    chosen = [pixels.mean(0)]
    for _ in range(_COLORS + 1):
        distance = torch.cdist(pixels, torch.stack(chosen)).amin(1)
        chosen.append(pixels[int(distance.argmax())])
    return torch.stack(chosen)


def _merged(centres: Tensor, shares: Tensor) -> tuple[Tensor, Tensor]:
    """Commonest first; a colour that is too like a commoner one gives its share to that."""
    kept: list[int] = []
    sums = shares.clone()
    for index in shares.argsort(descending=True, stable=True).tolist():
        like = [other for other in kept if float((centres[other] - centres[index]).norm()) < _APART]
        if like:
            sums[like[0]] += shares[index]
        elif shares[index] > 0.002:
            kept.append(index)
    return centres[kept], sums[kept]


def _appeal(lab: Tensor, share: float) -> float:
    """Common colours first, and vivid ones before dull ones of the same share."""
    return math.sqrt(share) * (0.06 + float(lab[1:].norm()))


def _completed(lab: Tensor) -> Tensor:
    """Lighter steps of a dark last colour, darker ones of a light one, until there are three."""
    colors = list(lab)
    while len(colors) < 3:
        step = colors[-1].clone()
        step[0] += _STEP if colors[0][0] < 0.6 else -_STEP
        colors.append(step)
    return torch.stack(colors)
