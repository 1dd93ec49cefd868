"""Colour as light: the sRGB transfer curve and OKLab, on tensors whose last dimension is the channel."""

import torch
from torch import Tensor

# Linear sRGB -> cone response and back, Björn Ottosson, https://bottosson.github.io/posts/oklab/
_TO_LMS = ((0.4122214708, 0.5363325363, 0.0514459929), (0.2119034982, 0.6806995451, 0.1073969566),
           (0.0883024619, 0.2817188376, 0.6299787005))  # fmt: skip
_TO_LAB = ((0.2104542553, 0.7936177850, -0.0040720468), (1.9779984951, -2.4285922050, 0.4505937099),
           (0.0259040371, 0.7827717662, -0.8086757660))  # fmt: skip


def to_linear(colors: Tensor) -> Tensor:
    """sRGB 0 to 1 -> linear light 0 to 1, IEC 61966-2-1, exactly: not the usual power of 2.2."""
    return torch.where(colors <= 0.04045, colors / 12.92, ((colors.clamp(min=0) + 0.055) / 1.055) ** 2.4)


def to_srgb(linear: Tensor) -> Tensor:
    """Linear light 0 to 1 -> sRGB 0 to 1."""
    return torch.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear.clamp(min=1e-9) ** (1 / 2.4) - 0.055)


def to_oklab(colors: Tensor) -> Tensor:
    """(..., 3) sRGB 0 to 1 -> lightness 0 to 1, green-red and blue-yellow about -0.4 to 0.4."""
    return (to_linear(colors) @ torch.tensor(_TO_LMS).T).clamp(min=0).pow(1 / 3) @ torch.tensor(_TO_LAB).T


def from_oklab(lab: Tensor) -> Tensor:
    """The inverse; what no screen can show is clipped to 0 to 1."""
    lms = (lab @ torch.linalg.inv(torch.tensor(_TO_LAB)).T) ** 3
    return to_srgb((lms @ torch.linalg.inv(torch.tensor(_TO_LMS)).T).clamp(0, 1))
