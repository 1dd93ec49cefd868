"""Reading font files that anybody may have put there: faces, character maps, and Pillow's view of a face at a size.

Nothing in a font file is trusted: size and kind are checked before it is parsed, and whatever fontTools raises on a
broken table makes the file one without faces or characters, never a crash.
"""

import bisect
import logging
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from PIL import ImageFont
from PIL.Image import DecompressionBombError

from ..errors import FontError

log = logging.getLogger(__name__)

_SUFFIXES = {".ttf", ".otf", ".ttc", ".otc"}
_MAGICS = (b"\0\1\0\0", b"OTTO", b"true", b"ttcf")  # no WOFF: what is compressed has no size one could check
_LARGEST_FILE = 100 * 2**20  # bytes; the largest CJK collections have about 20 MB
_MOST_FILES = 20_000  # looked at below one folder
_MOST_FACES = 64  # in one collection
_REGULAR, _BOLD = 400, 700


class Face(NamedTuple):
    """One face of a font file; a variable file has one for regular and one for bold."""

    path: Path
    number: int  # in a collection, else 0
    family: str
    weight: int  # 400 regular, 700 bold
    italic: bool
    variation: tuple[float, ...] = ()  # the file's axes for this weight
    color: bool = False  # draws in colours of its own
    strike: int = 0  # pixels; the one size a bitmap font has, 0 for outlines


class Coverage:
    """The code points of one face, kept as ranges: a CJK font has 40,000 of them in a few hundred ranges."""

    def __init__(self, points: Iterable[int]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for point in sorted(points):
            if self._ends and self._ends[-1] == point - 1:
                self._ends[-1] = point
            else:
                self._starts.append(point)
                self._ends.append(point)

    def __contains__(self, character: str) -> bool:
        at = bisect.bisect_right(self._starts, ord(character)) - 1
        return at >= 0 and ord(character) <= self._ends[at]


def coverage(face: Face) -> Coverage:
    return _coverage(face.path, face.number)


@lru_cache(maxsize=1024)
def _coverage(path: Path, number: int) -> Coverage:
    from fontTools.ttLib import TTFont

    try:
        with TTFont(path, fontNumber=number, lazy=True) as font:
            drawn = any(table in font for table in ("glyf", "CFF ", "CFF2", "CBDT", "sbix"))
            return Coverage(font.getBestCmap() or () if drawn else ())
    except _broken() as error:
        log.debug("The character map of %s cannot be read: %s", path, error)
        return Coverage(())


def _broken() -> tuple[type[Exception], ...]:
    """What fontTools raises on broken tables: its own error and whatever its parsing of wrong bytes runs into."""
    from fontTools.ttLib import TTLibError

    parsing = (struct.error, LookupError, ValueError, AssertionError, TypeError, AttributeError, ArithmeticError)
    return (TTLibError, OSError, EOFError, RecursionError, MemoryError, *parsing)


def font_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(file for file in islice(folder.rglob("*"), _MOST_FILES) if _is_font(file))


def _is_font(file: Path) -> bool:
    try:
        if file.suffix.lower() not in _SUFFIXES or not file.is_file() or file.stat().st_size > _LARGEST_FILE:
            return False
        with file.open("rb") as data:
            return data.read(4) in _MAGICS
    except OSError:
        return False


@lru_cache(maxsize=4096)
def faces_in(file: Path) -> tuple[Face, ...]:
    """The faces of a font file; a broken file has none."""
    from fontTools.ttLib import TTCollection, TTFont

    try:
        with file.open("rb") as data:  # fontTools does not close a file that it fails to read
            if file.suffix.lower() in (".ttc", ".otc"):
                fonts = TTCollection(data, lazy=True).fonts[:_MOST_FACES]
            else:
                fonts = [TTFont(data, lazy=True)]
            return tuple(face for index, font in enumerate(fonts) for face in _faces(file, index, font))
    except _broken() as error:
        log.debug("The font file %s cannot be read: %s", file, error)
        return ()


def _faces(file: Path, index: int, font: Any) -> list[Face]:
    table = font["name"]
    style = font.get("OS/2")
    family = table.getDebugName(16) or table.getDebugName(1) or file.stem
    face = Face(file, index, family, style.usWeightClass if style else _REGULAR, bool(style and style.fsSelection & 1))
    face = face._replace(strike=_strike(font), color="COLR" in font or "CBDT" in font or "sbix" in font)
    if "COLR" in font and font["COLR"].version:
        return []  # FreeType draws gradients (COLR version 1) only for those who paint them, which Pillow does not
    return _weights(face, font["fvar"].axes) if "fvar" in font else [face]


def _strike(font: Any) -> int:
    """The largest size that a bitmap font holds, pixels per em; 0 for a font of outlines."""
    if "CBLC" in font:
        return max(strike.bitmapSizeTable.ppemY for strike in font["CBLC"].strikes)
    return max(font["sbix"].strikes) if "sbix" in font else 0


def _weights(face: Face, axes: Iterable[Any]) -> list[Face]:
    """Regular and bold of a variable font with a weight axis, as far as the axis goes; its other axes stay as made."""
    axes = list(axes)
    weight = next((axis for axis in axes if axis.axisTag == "wght"), None)
    if weight is None:
        return [face]

    def at(wanted: float) -> Face:
        value = min(max(wanted, weight.minValue), weight.maxValue)
        values = tuple(value if axis is weight else axis.defaultValue for axis in axes)
        return face._replace(weight=round(value), variation=values)

    return list(dict.fromkeys((at(_REGULAR), at(_BOLD))))


@lru_cache(maxsize=256)
def load(face: Face, pixels: int) -> ImageFont.FreeTypeFont:
    """The face at a size in pixels; a bitmap font at the only size it has.

    Raises:
        FontError: Pillow cannot read the file.
    """
    with reading(face):
        font = ImageFont.truetype(str(face.path), face.strike or pixels, index=face.number)
        if face.variation:
            font.set_variation_by_axes(list(face.variation))
        return font


@contextmanager
def reading(face: Face) -> Iterator[None]:
    """Turns what Pillow and FreeType raise on a broken font, also as late as at its letters, into a FontError."""
    try:
        yield
    except (OSError, NotImplementedError, ValueError, OverflowError, MemoryError, DecompressionBombError) as error:
        raise unreadable(face, error) from error


def unreadable(face: Face, why: object) -> FontError:
    return FontError(f"The font file {face.path.name} cannot be read: {why}. Replace it or remove it.")
