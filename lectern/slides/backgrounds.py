"""Procedural slide backgrounds: no model, no network, the same seed gives the same pixels.

Parameters are drawn from BLAKE2 of the seed, not from a library's random generator, so they never change with a
library's version; torch's seeded generator only adds grain, and the dither that keeps gradients free of bands.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from .calm import NONE, calm_
from .fields import Dice, Recipe
from .patterns import dots, geometric, mesh, waves
from .sheets import blueprint, paper

_DITHER = 1 / 255  # amplitude of the noise against banding, one step of 8 bit


def background(recipe: Recipe) -> Tensor:
    """-> (H, W, 3) float32."""
    frame = _STYLES[recipe.style](recipe, Dice(recipe.seed, recipe.style, recipe.variant))
    if recipe.calm_zone != NONE:
        calm_(frame, recipe.colors[0], recipe.calm_zone)
    return _dither(frame, recipe)


def _dither(frame: Tensor, recipe: Recipe) -> Tensor:
    generator = torch.Generator().manual_seed(recipe.seed & 0x7FFF_FFFF_FFFF_FFFF)
    noise = torch.rand(frame.shape[:2], generator=generator).sub_(0.5).mul_(_DITHER)
    return frame.add_(noise[..., None]).clamp_(0, 1)


_STYLES: dict[str, Callable[[Recipe, Dice], Tensor]] = {
    "mesh gradient": mesh,
    "soft waves": waves,
    "geometric": geometric,
    "dots": dots,
    "paper": paper,
    "blueprint": blueprint,
}
STYLES = tuple(_STYLES)
