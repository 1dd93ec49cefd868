"""One picture as a file's bytes: PNG of our own; JPEG, WebP and AVIF through Pillow."""

import io
import logging
import math
import struct
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from PIL import Image
from torch import Tensor

from ..errors import SaveError
from ..images import to_pillow
from ..infotext import EXIF_IFD, PARAMETERS, USER_COMMENT, user_comment
from ..png import png
from .geometry import EMU_PER_INCH, Size, slide_emu

log = logging.getLogger(__name__)


class Format(NamedTuple):
    suffix: str
    pillow: str  # Pillow's name, also of its feature in lower case; "" for our own PNG
    side: int  # longest side that the format can say, pixels
    alpha: bool


FORMATS = {
    "PNG": Format(".png", "", 2**31 - 1, True),
    "JPEG": Format(".jpg", "JPEG", 65_500, False),
    "WebP": Format(".webp", "WEBP", 16_383, True),
    "AVIF": Format(".avif", "AVIF", 65_535, True),
}

_FEATURES = {"JPEG": "jpg", "WEBP": "webp", "AVIF": "avif"}
_SHARP = 80  # JPEG quality from which colour keeps its full resolution: coloured text stays crisp
_OPTIONS: dict[str, dict[str, Any]] = {  # measured: slower settings save under 2 %
    "WEBP": {"method": 2},
    "AVIF": {"speed": 9, "max_threads": 1},  # the pool already gives each core a picture
}
_NEAR = 0.95  # share of the target size at which the search for a better quality stops
_EXIF_LIMIT = 65_533  # bytes of one JPEG segment
_EXIF_MODEL, _EXIF_MAKE = 0x0110, 0x010F  # where ComfyUI puts the prompt, and downwards from which the rest
_BYTE, _UNDEFINED = 1, 7  # EXIF's types of the same size
_PROFILE_DATE = slice(24, 36)  # of an ICC header: when it was made


class Encoding(NamedTuple):
    """How pictures become files."""

    format: str  # a key of FORMATS
    quality: int = 90  # 1 to 100; PNG is always lossless
    target: int = 0  # largest file in bytes, 0 for any; then `quality` is the best one tried
    dots_per_inch: float = 0  # 0: the slide's own, so that 1920x1080 fills a PowerPoint slide
    texts: Mapping[str, str] = {}  # workflow metadata, key to JSON


class Encoder:
    """Calls are independent: any number of threads may encode at once."""

    def __init__(self, encoding: Encoding) -> None:
        """Raises SaveError: this Pillow cannot write the format."""
        self._encoding = encoding
        self._format = FORMATS[encoding.format]
        if self._format.pillow:
            _require(encoding.format, self._format.pillow)
            self._exif = exif(encoding.texts, encoding.format)

    @property
    def suffix(self) -> str:
        return self._format.suffix

    def __call__(self, frame: Tensor, infotext: str = "") -> bytes:
        """The whole file of one (H, W, C) frame with values in 0 to 1; `infotext` for A1111's "PNG Info".

        Raises:
            SaveError: a side is longer than the format can say, or the target size cannot be reached.
        """
        name, quality, target, *_ = self._encoding
        if max(frame.shape[:2]) > self._format.side:
            raise SaveError(
                f"{name} holds pictures of up to {self._format.side} pixels a side, and this one is"
                f" {frame.shape[1]}x{frame.shape[0]}. Choose PNG or a smaller slide."
            )
        resolution = self._encoding.dots_per_inch or slide_resolution(Size(frame.shape[1], frame.shape[0]))
        if not self._format.pillow:
            infotexts = {PARAMETERS: infotext} if infotext else {}
            return _within(png(frame, resolution, {**self._encoding.texts, **infotexts}), target)
        image = to_pillow(frame)
        if image.mode == "RGBA" and not self._format.alpha:
            image = over_white(image)
        noted = exif(self._encoding.texts if self._exif else {}, name, infotext) if infotext else self._exif
        encode = self._encode_with(image, resolution, noted)
        return best_under(target, encode, quality) if target else encode(quality)

    def _encode_with(self, image: Image.Image, resolution: float, noted: bytes) -> Callable[[int], bytes]:
        options: dict[str, Any] = {"icc_profile": srgb_profile(), "exif": noted}
        options |= _OPTIONS.get(self._format.pillow, {})
        if self._format.pillow == "JPEG":
            options["dpi"] = (round(resolution), round(resolution))

        def encode(quality: int) -> bytes:
            if self._format.pillow == "JPEG":
                options["subsampling"] = 0 if quality >= _SHARP else 2
            # Into a real file: Pillow lets go of Python's lock while JPEG is written to one, and only then.
            with tempfile.TemporaryFile() if self._format.pillow == "JPEG" else io.BytesIO() as file:
                image.save(file, self._format.pillow, quality=quality, **options)
                file.seek(0)
                return file.read()

        return encode


def slide_resolution(size: Size) -> float:
    """Pixels per inch of a picture that fills its PowerPoint slide: 144 for 1920x1080."""
    return size.width * EMU_PER_INCH / slide_emu(size)[0]


class Try(NamedTuple):
    quality: int
    size: int  # bytes


def best_under(target: int, encode: Callable[[int], bytes], highest: int) -> bytes:
    """The file of the best quality up to `highest` that is no larger than `target` bytes.

    Sizes grow with quality about exponentially, so each try aims at the target on that curve, and halves what is left
    when the one before did not: usually four to six encodings.

    Raises:
        SaveError: even quality 1 is larger.
    """
    best = encode(highest)
    if len(best) <= target:
        return best
    low, high = Try(0, 1), Try(highest, len(best))  # `high` is too large, `low` is not; quality 0 is not tried
    smallest, best, aims = high.size, b"", False
    while high.quality - low.quality > 1 and len(best) < _NEAR * target:
        before = high.quality - low.quality
        quality = _aimed(low, high, target) if aims else (low.quality + high.quality) // 2
        data = encode(quality)
        smallest = min(smallest, len(data))
        if len(data) <= target:
            low, best = Try(quality, len(data)), data
        else:
            high = Try(quality, len(data))
        aims = low.quality > 0 and (not aims or high.quality - low.quality <= before / 2)
    return best or _within(b"\0" * smallest, target)


def _aimed(low: Try, high: Try, target: int) -> int:
    """A quality strictly between, where a size that grows exponentially from one to the other meets the target."""
    growth = math.log(high.size / low.size)
    share = math.log(target / low.size) / growth if growth > 0 else 0.5
    return min(high.quality - 1, max(low.quality + 1, low.quality + math.floor((high.quality - low.quality) * share)))


def _within(data: bytes, target: int) -> bytes:
    if target and len(data) > target:
        raise SaveError(
            f"A picture of {-(-len(data) // 1000)} KB is the smallest that this format gives, and target_kb asks for"
            f" {target // 1000}. Raise target_kb, make the slide smaller, or choose JPEG, WebP or AVIF."
        )
    return data


def over_white(image: Image.Image) -> Image.Image:
    """RGBA -> RGB as it looks on white paper."""
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image.getchannel("A"))
    return paper


def exif(texts: Mapping[str, str], format: str, infotext: str = "") -> bytes:
    """The texts as EXIF, for formats without text chunks; empty without any.

    ComfyUI's way for a workflow: `key:JSON` in tags made for other things. A1111's for the infotext: the UserComment.
    """
    made = _exif(texts, infotext)
    if format == "JPEG" and len(made) > _EXIF_LIMIT:
        return _exif_for_jpeg(texts, infotext)
    return made


def _exif_for_jpeg(texts: Mapping[str, str], infotext: str) -> bytes:
    """What finds room of texts that are too much together; the infotext goes before the workflow."""
    alone = _exif({}, infotext)
    if infotext and len(alone) > _EXIF_LIMIT:
        log.warning("The infotext is too large for a JPEG file and was left out of it; PNG, WebP and AVIF hold it.")
        return exif(texts, "JPEG")
    log.warning("The workflow is too large for a JPEG file and was left out of it; PNG, WebP and AVIF hold it.")
    return alone


def _exif(texts: Mapping[str, str], infotext: str) -> bytes:
    if not texts and not infotext:
        return b""
    data = Image.Exif()
    tag = _EXIF_MAKE
    for key, text in texts.items():
        data[_EXIF_MODEL if key == "prompt" else tag] = f"{key}:{text}"
        tag -= key != "prompt"
    if not infotext:
        return data.tobytes()
    comment = user_comment(infotext)
    data[EXIF_IFD] = {USER_COMMENT: comment}
    # Pillow notes it as BYTE, which piexif, A1111's reader, takes for a list of numbers.
    byte, undefined = (struct.pack(">HHI", USER_COMMENT, kind, len(comment)) for kind in (_BYTE, _UNDEFINED))
    return data.tobytes().replace(byte, undefined, 1)


@cache
def srgb_profile() -> bytes | None:
    """An sRGB ICC profile, always the same bytes; None where Pillow was built without Little CMS."""
    from PIL import ImageCms, features

    if not features.check("littlecms2"):
        return None
    made = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    made[_PROFILE_DATE] = bytes((7, 0xE8, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0))  # 2024-01-01
    return bytes(made)


def _require(name: str, pillow: str) -> None:
    import PIL
    from PIL import features

    if not features.check(_FEATURES[pillow]):
        raise SaveError(
            f"Pillow {PIL.__version__} in this ComfyUI was built without {name}. Choose another format, or update"
            " Pillow and restart ComfyUI."
        )
