"""Pictures that callers give: checked before they are kept, and masks put where ComfyUI's loaders look for them.

Blocking; Pillow is imported when it is used.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ...faults import told
from ..errors import UnusableFile
from .types import AVIF, BMP, GIF, JPEG, PNG, TIFF, WEBP

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = {PNG: "PNG", JPEG: "JPEG", GIF: "GIF", WEBP: "WEBP", AVIF: "AVIF", BMP: "BMP", TIFF: "TIFF"}
BY_TYPE = {kind.content_type: name for kind, name in FORMATS.items()}
PIXELS = 89_000_000  # of one picture; the number above which Pillow itself warns
ALL_PIXELS = 500_000_000  # of all frames of an animation together
FRAMES = 2000  # of an animation, pages of a document
COUNTED = ("GIF", "TIFF")  # whose frames have to be counted
FULLY_DECODED = 40_000_000  # pixels up to which a picture is decoded to see whether it is whole
LEVEL = 1  # zlib's, for files that are read once, on this machine


def check_picture(file: Path, content_type: str, side: int) -> None:
    """Raises UnusableFile: damaged, not of that type, or larger than `side` pixels in a direction."""
    with _opened(file, content_type, side) as image:
        if content_type == JPEG.content_type:
            image.draft("L", (1, 1))  # an eighth of the size: every byte is read, little is computed
            image.load()
        elif image.width * image.height <= FULLY_DECODED:
            image.load()
        else:
            image.verify()


def with_mask(picture: Path, content_type: str, mask: Path, mask_type: str, side: int) -> bytes:
    """One PNG of both, upright, transparent where the mask is white: what LoadImage reads as image and mask."""
    with _opened(picture, content_type, side) as image:
        upright = _eight_bit(_upright(image)).convert("RGB")
    upright.putalpha(_inverted(_coverage(mask, mask_type, side, upright.size)))
    return _png(upright)


def as_channel(mask: Path, mask_type: str, channel: str, side: int) -> bytes:
    """A PNG in whose channel (alpha, red, green or blue) LoadImageMask finds the mask."""
    from PIL import Image

    coverage = _coverage(mask, mask_type, side, None)
    if channel != "alpha":
        return _png(Image.merge("RGB", (coverage, coverage, coverage)))
    picture = Image.new("RGB", coverage.size)
    picture.putalpha(_inverted(coverage))  # LoadImageMask turns alpha round, but no other channel
    return _png(picture)


def _coverage(mask: Path, mask_type: str, side: int, size: tuple[int, int] | None) -> "Image":
    """Mode L, white where masked; what is transparent in a painted mask is not masked."""
    from PIL import Image

    with _opened(mask, mask_type, side) as image:
        image = _eight_bit(_upright(image))
        if image.has_transparency_data:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, (0, 0, 0, 255)), image)
        coverage = image.convert("L")
    if size is not None and coverage.size != size:
        coverage = coverage.resize(size, Image.Resampling.BILINEAR)
    return coverage


def _upright(image: "Image") -> "Image":
    """As the camera was held: ComfyUI turns pictures by their EXIF entry, so a mask painted over one is upright."""
    from PIL import ImageOps

    return ImageOps.exif_transpose(image)


def _eight_bit(image: "Image") -> "Image":
    """Pillow clips what has more than 8 bits instead of scaling it."""
    if not image.mode.startswith("I"):
        return image
    return image.convert("I").point(lambda value: value / 257).convert("L")


def _inverted(coverage: "Image") -> "Image":
    from PIL import ImageChops

    return ImageChops.invert(coverage)


def _png(image: "Image") -> bytes:
    content = io.BytesIO()
    image.save(content, "PNG", compress_level=LEVEL)
    return content.getvalue()


@contextmanager
def _opened(file: Path, content_type: str, side: int) -> "Iterator[Image]":
    """The picture, not decoded yet, of no other format than its type's. Any fault of it becomes UnusableFile."""
    from PIL import Image

    name = BY_TYPE.get(content_type)
    if name is None:
        raise UnusableFile(f"{content_type} is not a picture that can be used here; give PNG, JPEG or WebP.")
    with (
        told(lambda reason: UnusableFile(f"The picture is damaged: {reason}.")),
        Image.open(file, formats=[name]) as image,
    ):
        _check_size(image, side)
        yield image


def _check_size(image: "Image", side: int) -> None:
    if max(image.size) > side:
        raise UnusableFile(
            f"The picture has {image.width}x{image.height} pixels; a side may have {side} (side of [limits])."
        )
    if has_too_much(image):
        raise UnusableFile(
            f"The picture has too many pixels: {PIXELS // 1_000_000} million are allowed, and"
            f" {ALL_PIXELS // 1_000_000} million in all frames of an animation, of which there may be {FRAMES}."
        )


def has_too_much(image: "Image") -> bool:
    """Pixels or frames. Leaves the picture at its first frame."""
    pixels = image.width * image.height
    return pixels > PIXELS or _has_more_frames(image, min(FRAMES, ALL_PIXELS // max(1, pixels)))


def _has_more_frames(image: "Image", most: int) -> bool:
    """Of files that do not say how many there are Pillow goes through all: minutes for millions of empty ones."""
    if image.format not in COUNTED:
        return getattr(image, "n_frames", 1) > most
    with suppress(EOFError):
        for number in range(1, most + 1):
            image.seek(number)
        return True
    image.seek(0)
    return False
