"""Base64 pictures of an answer -> IMAGE, decoded once and written where they belong."""

import binascii
import threading
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from .errors import AnswerError

_FORMATS = ("PNG", "JPEG", "WEBP")  # what the servers' samples_format offers


class Bounds(NamedTuple):
    side: int  # pixels, longest side of one picture
    total: int  # pixels of all pictures of one node


class Room:
    """Pixels that are left for pictures beside a gallery's; taken from several threads."""

    def __init__(self, bounds: Bounds) -> None:
        self._lock = threading.Lock()
        self._left = bounds.total

    def take(self, width: int, height: int) -> None:
        """Raises AnswerError when there are not so many left."""
        with self._lock:
            self._left -= width * height
            if self._left < 0:
                raise AnswerError(
                    "The pictures that came are more than one node may hold. Ask for fewer or smaller ones, or raise"
                    " limits.side in lectern.toml."
                )


class Decoded(NamedTuple):
    pixels: np.ndarray  # (H, W, 3 or 4) uint8
    infotext: str  # of PNG's "parameters", or nothing


def decode(server: str, text: memoryview | bytes, bounds: Bounds, room: Room | None = None) -> Decoded:
    """
    Args:
        room: where it is to stay, when that is not a gallery.

    Raises:
        AnswerError: no picture, a damaged one, or one of more than `bounds.side` pixels a side or than there is room
            for, which is not unpacked.
    """
    if bytes(text[:5]) == b"data:":
        text = bytes(text).partition(b",")[2]
    try:
        with Image.open(BytesIO(binascii.a2b_base64(text)), formats=_FORMATS) as image:
            if max(image.size) > bounds.side:
                raise AnswerError(
                    f"{server} sent a picture of {image.width}x{image.height} pixels; the longest side allowed is"
                    f" {bounds.side} (limits.side in lectern.toml)."
                )
            if room is not None:
                room.take(*image.size)
            infotext = image.info.get("parameters", "")
            image = image if image.mode in ("RGB", "RGBA") else image.convert("RGB")
            return Decoded(np.asarray(image), infotext if isinstance(infotext, str) else "")
    except (binascii.Error, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise AnswerError(f"{server} sent a picture that cannot be read ({_kind(error)}). Try again.") from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:  # what Pillow raises for damaged files
        raise AnswerError(f"{server} sent a damaged or incomplete picture. Try again.") from error


def _kind(error: Exception) -> str:
    names = {"Error": "no base64", "DecompressionBombError": "absurdly large"}
    return names.get(type(error).__name__, "not PNG, JPEG or WebP")


def to_image(pixels: np.ndarray) -> Tensor:
    """(H, W, C) uint8 -> (1, H, W, C) float32."""
    result = np.empty((1, *pixels.shape), np.float32)
    np.multiply(pixels, np.float32(1 / 255), out=result[0], dtype=np.float32)
    return torch.from_numpy(result)


class Gallery:
    """Takes pictures in any order, from several threads, and has them as one IMAGE in the end.

    The batch is made once, when the first picture tells its size, and every picture is written to its place, so no
    second copy of the pictures ever exists.
    """

    def __init__(self, places: int, bounds: Bounds) -> None:
        self._places = places
        self._bounds = bounds
        self._lock = threading.Lock()
        self._batch: np.ndarray | None = None  # (places, H, W, C) float32
        self._filled: set[int] = set()
        self._odd: dict[int, Tensor] = {}  # of another size than the first
        self._room = Room(bounds)  # for those

    def put(self, place: int, pixels: np.ndarray, finish: Callable[[Tensor], Tensor] | None = None) -> None:
        """
        Args:
            pixels: (H, W, C) uint8.
            finish: makes the final picture of an (H, W, C) float one of the same size.

        Raises:
            AnswerError: the whole would be larger than allowed.
        """
        target = self._target(pixels)
        if pixels.shape != target.shape[1:]:
            self._room.take(pixels.shape[1], pixels.shape[0])
            self._odd[place] = to_image(pixels)
            return
        np.multiply(pixels, np.float32(1 / 255), out=target[place], dtype=np.float32)
        if finish is not None:
            picture = torch.from_numpy(target[place])
            picture.copy_(finish(picture))
        with self._lock:
            self._filled.add(place)

    def _target(self, pixels: np.ndarray) -> np.ndarray:
        with self._lock:
            if self._batch is None:
                height, width, channels = pixels.shape
                if self._places * height * width > self._bounds.total:
                    raise AnswerError(
                        f"{self._places} pictures of {width}x{height} pixels are more than one node may hold. Ask for"
                        " fewer, or raise limits.side in lectern.toml."
                    )
                self._batch = np.empty((self._places, height, width, channels), np.float32)
            return self._batch

    def images(self) -> Tensor | None:
        """(B, H, W, C): the pictures that came and have the first one's size."""
        if self._batch is None or not self._filled:
            return None
        whole = torch.from_numpy(self._batch)
        return whole if len(self._filled) == self._places else whole[sorted(self._filled)]

    @property
    def places(self) -> Sequence[int]:
        """Of the pictures in `images`, in order."""
        return sorted(self._filled)

    def odd(self) -> dict[int, Tensor]:
        """Pictures of another size by their places, each (1, H, W, C)."""
        return dict(sorted(self._odd.items()))
