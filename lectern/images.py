"""IMAGE tensors <-> Pillow images; png encodes one.

IMAGE is float32 (B, H, W, C), C 3 or 4, values 0 to 1, sRGB; a frame is one (H, W, C) of it.
"""

import logging

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .errors import ImageError
from .pixels import uint8_bands
from .png import png as png  # of use wherever pictures are

log = logging.getLogger(__name__)


def checked(images: Tensor, side_limit: int) -> Tensor:
    """The batch with values in 0 to 1: the same tensor when they are, else a clamped copy.

    Raises:
        ImageError: not (B, H, W, 3 or 4), no pixel, or a side over `side_limit` pixels.
    """
    if images.ndim != 4 or images.shape[3] not in (3, 4) or 0 in images.shape:
        raise ImageError(
            f"A picture must have the shape (batch, height, width, 3 or 4) and at least one pixel, got"
            f" {tuple(images.shape)}. Link an IMAGE output."
        )
    if max(images.shape[1:3]) > side_limit:
        raise ImageError(
            f"The picture is {images.shape[2]}x{images.shape[1]} pixels; the longest side allowed is {side_limit}"
            " (limits.side in lectern.toml). Make it smaller or raise the limit."
        )
    low, high = torch.aminmax(images)
    if low >= 0 and high <= 1:
        return images
    log.warning("Pixel values outside 0 to 1 (or not numbers) were clamped.")
    return images.nan_to_num(nan=0.0, posinf=1.0, neginf=0.0).clamp_(0, 1)


def to_uint8(frame: Tensor) -> Tensor:
    """(H, W, C) float 0 to 1 -> (H, W, C) uint8, rounded to nearest."""
    result = np.empty((frame.shape[0], frame.shape[1] * frame.shape[2]), np.uint8)
    top = 0
    for band in uint8_bands(frame):
        result[top : top + len(band)] = band
        top += len(band)
    return torch.from_numpy(result).view(frame.shape)


def to_pillow(frame: Tensor) -> Image.Image:
    return Image.fromarray(to_uint8(frame).numpy())


def from_pillow(image: Image.Image) -> Tensor:
    """-> (1, H, W, C) float32; RGBA keeps its alpha, every other mode becomes RGB."""
    image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    pixels = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
    return pixels.view(1, image.height, image.width, -1).float().div_(255)


def mask_from_pillow(image: Image.Image) -> Tensor:
    """Mode L -> (H, W) uint8 coverage."""
    return torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8).view(image.height, image.width)


def pixels_from_pillow(image: Image.Image) -> Tensor:
    """Mode RGBA -> (H, W, 4) uint8, straight alpha."""
    return torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8).view(image.height, image.width, 4)
