"""Small files of every kind that inputs take."""

import io
import struct
import wave
import zlib
from collections.abc import AsyncIterator
from typing import Any

from PIL import Image


def picture(
    form: str = "PNG", size: tuple[int, int] = (8, 6), color: Any = "red", mode: str = "RGB", **how: Any
) -> bytes:
    content = io.BytesIO()
    Image.new(mode, size, color).save(content, form, **how)
    return content.getvalue()


def turned(form: str = "JPEG") -> bytes:
    """8 wide and 6 high as stored, with an EXIF entry that says: turn me by a quarter."""
    image = Image.new("RGB", (8, 6), "red")
    exif = image.getexif()
    exif[0x0112] = 6
    content = io.BytesIO()
    image.save(content, form, exif=exif)
    return content.getvalue()


def noise(form: str) -> bytes:
    """A picture whose file is long enough to break off in the middle of its pixels."""
    content = io.BytesIO()
    Image.effect_noise((64, 64), 90).save(content, form)
    return content.getvalue()


def animation(*colors: str) -> bytes:
    """A GIF, 8 by 6, of one frame in each colour."""
    frames = [Image.new("RGB", (8, 6), color) for color in colors]
    content = io.BytesIO()
    frames[0].save(content, "GIF", save_all=True, append_images=frames[1:])
    return content.getvalue()


def sound() -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as target:
        target.setparams((1, 2, 8000, 0, "NONE", ""))
        target.writeframes(b"\0\0" * 800)
    return content.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is that large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


async def pieces(content: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]
