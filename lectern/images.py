"""IMAGE tensors <-> Pillow images and encoded bytes.

IMAGE is float32 (B, H, W, C), C 3 or 4, values 0 to 1, sRGB; a frame is one (H, W, C) of it.
"""

import logging
import struct
import zlib

import torch
from PIL import Image
from torch import Tensor

from .errors import ImageError

log = logging.getLogger(__name__)

_SRGB_CHUNK = b"\x00"  # rendering intent: perceptual
_BAND_ROWS = 90  # rows converted at once: a band of a 1080p frame stays in the processor's cache


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
    """(H, W, C) float 0 to 1 -> (H, W, C) uint8, rounded to nearest, in bands that fit the cache."""
    frame = frame.detach().cpu()
    result = torch.empty(frame.shape, dtype=torch.uint8)
    for top in range(0, frame.shape[0], _BAND_ROWS):
        band = frame[top : top + _BAND_ROWS].mul(255).add_(0.5).clamp_(0, 255.0)
        result[top : top + _BAND_ROWS] = band
    return result


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


def png(frame: Tensor) -> bytes:
    """Encodes one frame, losslessly and fast: every row is stored as its difference to the row above.

    That one filter with zlib level 1 takes about a quarter of Pillow's time at ComfyUI's level 4 for files about a
    fifth larger (facts/slides.md, C6). Format: PNG third edition, https://www.w3.org/TR/png-3/.
    """
    pixels = to_uint8(frame)
    height, width, channels = pixels.shape
    rows = torch.empty((height, 1 + width * channels), dtype=torch.uint8)
    rows[:, 0] = 2  # filter type Up
    flat = pixels.view(height, -1)
    rows[0, 1:] = flat[0]
    torch.sub(flat[1:], flat[:-1], out=rows[1:, 1:])
    header = struct.pack(">IIBBBBB", width, height, 8, {3: 2, 4: 6}[channels], 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _chunk(b"sRGB", _SRGB_CHUNK),
            _chunk(b"IDAT", zlib.compress(rows.numpy().data, 1)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))
