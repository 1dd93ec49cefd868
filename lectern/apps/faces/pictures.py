"""Pictures in the format that a caller wants, and OpenAI's masks as ours.

Blocking, but for the bench; Pillow is imported when it is used.
"""

import asyncio
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, ParamSpec, TypeVar

from ...faults import told
from ..errors import RunFailed, UnusableFile
from ..files.keeper import DECODED_AT_ONCE
from ..files.pictures import BY_TYPE, PIXELS

if TYPE_CHECKING:
    from PIL.Image import Image

P = ParamSpec("P")
T = TypeVar("T")

FORMATS = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
QUALITY = 95  # of JPEG and WebP where nobody says one
WHITE = (255, 255, 255, 255)  # behind what is transparent, where a format has no alpha


class Bench:
    """Where pictures are worked on: few at once, because each may take some hundred megabytes. Of one event loop."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(DECODED_AT_ONCE)

    async def do(self, work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
        async with self._free:
            return await asyncio.to_thread(work, *given, **named)


class Encoded(NamedTuple):
    content: bytes
    format: str  # png, jpeg or webp
    width: int
    height: int


def encoded(content: bytes, content_type: str, wanted: str | None, quality: int | None = None) -> Encoded:
    """The picture as it is when that will do, else made anew.

    Args:
        wanted: one of FORMATS; None: its own where that is one of them, else PNG.
        quality: of JPEG and WebP, 0 to 100.

    Raises RunFailed for what is no picture.
    """
    own = next((name for name, kind in FORMATS.items() if kind == content_type), None)
    format_ = wanted or own or "png"
    with _opened(content, content_type) as image:
        if own == format_ and (quality is None or format_ == "png"):
            return Encoded(content, format_, *image.size)
        return Encoded(_saved(image, format_, quality), format_, *image.size)


def as_white_mask(content: bytes) -> bytes:
    """A PNG, white where the given picture is transparent: OpenAI's masks are transparent where they are edited.

    Raises UnusableFile for a picture without transparency.
    """
    from PIL import Image, ImageChops

    with (
        told(lambda reason: UnusableFile(f"The mask is damaged: {reason}.")),
        Image.open(io.BytesIO(content), formats=list(BY_TYPE.values())) as image,
    ):
        if image.width * image.height > PIXELS:
            raise UnusableFile(f"The mask has more than {PIXELS // 1_000_000} million pixels.")
        if not image.has_transparency_data:
            raise UnusableFile("The mask has no transparency; make transparent what is to be edited.")
        mask = ImageChops.invert(image.convert("RGBA").getchannel("A"))
    return _png(mask)


def _saved(image: "Image", format_: str, quality: int | None) -> bytes:
    from PIL import Image

    image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    if format_ == "png":
        return _png(image)
    if format_ == "jpeg" and image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, WHITE), image).convert("RGB")
    content = io.BytesIO()
    image.save(content, format_.upper(), quality=QUALITY if quality is None else quality)
    return content.getvalue()


def _png(image: "Image") -> bytes:
    content = io.BytesIO()
    image.save(content, "PNG", compress_level=1)
    return content.getvalue()


@contextmanager
def _opened(content: bytes, content_type: str) -> "Iterator[Image]":
    """Not decoded yet."""
    from PIL import Image

    name = BY_TYPE.get(content_type)
    formats = None if name is None else [name]
    with (
        told(lambda reason: RunFailed(f"The run's picture cannot be read: {reason}.", {"code": "no_picture"})),
        Image.open(io.BytesIO(content), formats=formats) as image,
    ):
        yield image
