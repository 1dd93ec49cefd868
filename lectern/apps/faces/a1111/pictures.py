"""The pictures of an img2img request, made into what an app takes: data URLs, a mask white where it repaints, and the
wanted size where the app itself has none. Blocking; Pillow is imported when it is used."""

import base64
import binascii
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from ....faults import told
from ...files.pictures import PIXELS, has_too_much
from .errors import Unprocessable

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
WEB = ("http://", "https://")
LEVEL = 1  # zlib's, for files that are read once, on this machine
OPAQUE = 128  # alpha from which A1111 repaints

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
)


class Fit(NamedTuple):
    """How a picture comes to the wanted size."""

    width: int
    height: int
    mode: int  # A1111's resize_mode: 0 stretch, 1 crop, 2 fill


def decoded(text: str, what: str) -> bytes:
    """The bytes of a picture in base64, perhaps as a data URL. Raises Unprocessable."""
    try:
        data = base64.b64decode(text.partition(",")[2] if text[:5].lower() == "data:" else text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data:
        raise Unprocessable(f"Invalid encoded image: {what} is not base64.")
    return data


def for_app(text: str, side: int, fit: Fit | None) -> str:
    """An init image as a data URL; an http(s) address as it stands, for the app to fetch where it may.

    Args:
        side: pixels that a side may have.
    """
    if text[:8].lower().startswith(WEB):
        return text
    if fit is not None and (max(fit.width, fit.height) > side or fit.width * fit.height > PIXELS):
        raise Unprocessable(f"A picture of {fit.width}x{fit.height} pixels is too large; a side may have {side}.")
    data = decoded(text, "init_images[0]")
    kind = next((kind for magic, kind in _MAGIC if data.startswith(magic)), _riff(data))
    if fit is None and kind:
        return _data_url(data, kind)
    with _opened(data, "init_images[0]", side) as image:
        return _png(image if fit is None else fitted(image, fit))


def mask_for_app(text: str, side: int, invert: bool, fit: Fit | None) -> str:
    """As A1111 reads a mask: where a file has transparency its alpha says what is repainted, else its brightness."""
    from PIL import ImageChops

    with _opened(decoded(text, "mask"), "mask", side) as image:
        coverage = _coverage(image)
    if fit is not None:
        coverage = fitted(coverage, fit)
    return _png(ImageChops.invert(coverage) if invert else coverage)


def fitted(image: "Image", fit: Fit) -> "Image":
    from PIL import Image, ImageOps

    size, method = (fit.width, fit.height), Image.Resampling.LANCZOS
    if image.mode not in ("L", "RGB", "RGBA"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    if fit.mode == 1:
        return ImageOps.fit(image, size, method)
    if fit.mode == 2:
        return ImageOps.pad(image, size, method)
    return image.resize(size, method)


def _coverage(image: "Image") -> "Image":
    if image.has_transparency_data:
        alpha = image.convert("RGBA").getchannel("A")
        if alpha.getextrema() != (255, 255):
            return alpha.point([255 if value > OPAQUE else 0 for value in range(256)])
    return image.convert("L")


def _riff(data: bytes) -> str:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return "image/avif" if data[4:12] in (b"ftypavif", b"ftypavis") else ""


def _data_url(data: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def _png(image: "Image") -> str:
    content = io.BytesIO()
    image.save(content, "PNG", compress_level=LEVEL)
    return _data_url(content.getvalue(), "image/png")


@contextmanager
def _opened(data: bytes, what: str, side: int) -> "Iterator[Image]":
    """Any fault of the picture becomes Unprocessable."""
    from PIL import Image

    Image.init()
    formats = [name for name in FORMATS if name in Image.OPEN]
    with (
        told(lambda reason: Unprocessable(f"Invalid encoded image: {what}: {reason}.")),
        Image.open(io.BytesIO(data), formats=formats) as image,
    ):
        if max(image.size) > side or has_too_much(image):
            raise Unprocessable(f"{what} has {image.width}x{image.height} pixels; a side may have {side}.")
        image.load()
        yield image
