"""Finding fonts, knowing which characters they have, and choosing one for every piece of a text.

The bundled family is Inter (SIL Open Font License, `fonts/OFL.txt`). What it lacks is looked for in the folders of
`lectern.toml`, then ComfyUI's `models/fonts`, then the system's fonts; a character nobody has is an error naming it.
"""

import bisect
import logging
import os
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from PIL import ImageFont, features

from ..errors import FontError

log = logging.getLogger(__name__)

BUNDLED = Path(__file__).parent / "fonts"
_SUFFIXES = {".ttf", ".otf", ".ttc", ".otc"}
_LARGEST_FILE = 100 * 2**20  # bytes; the largest CJK collections have about 20 MB
_BOLD = 700

# Scripts whose letters change with their neighbours: without Raqm they would come out wrong, not just plain.
_SHAPED_SCRIPTS = ((0x0590, 0x08FF), (0x0900, 0x0DFF), (0x0E00, 0x0EFF), (0x0F00, 0x0FFF), (0x1000, 0x109F),
                   (0x1780, 0x17FF), (0xFB1D, 0xFDFF), (0xFE70, 0xFEFF))  # fmt: skip


class Face(NamedTuple):
    """One face of a font file."""

    path: Path
    number: int  # in a collection, else 0
    family: str
    weight: int  # 400 regular, 700 bold
    italic: bool


class Run(NamedTuple):
    """A piece of text that one face can write."""

    text: str
    face: Face


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

    def covers(self, text: str) -> bool:
        return all(_invisible(character) or character in self for character in text)


def _invisible(character: str) -> bool:
    """Joiners, variation selectors and other format characters need no glyph of their own."""
    return unicodedata.category(character) in ("Cf", "Zs") or 0xFE00 <= ord(character) <= 0xFE0F


@lru_cache(maxsize=1024)
def coverage(face: Face) -> Coverage:
    from fontTools.ttLib import TTFont

    with TTFont(face.path, fontNumber=face.number, lazy=True) as font:
        outlines = any(table in font for table in ("glyf", "CFF ", "CFF2"))
        return Coverage(font.getBestCmap() or () if outlines else ())


def _system_folders() -> list[Path]:
    home = Path.home()
    if sys.platform == "win32":
        local = Path(os.environ.get("LOCALAPPDATA", home / "AppData/Local"))
        return [Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts", local / "Microsoft/Windows/Fonts"]
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"]
    return [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), home / ".fonts", home / ".local/share/fonts"]


def _font_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in _SUFFIXES and file.is_file() and file.stat().st_size <= _LARGEST_FILE
    )


@lru_cache(maxsize=4096)
def _faces_in(file: Path) -> tuple[Face, ...]:
    """The faces of a font file; a broken file has none."""
    from fontTools.ttLib import TTCollection, TTFont, TTLibError

    try:
        with file.open("rb") as data:  # fontTools does not close a file that it fails to read
            if file.suffix.lower() in (".ttc", ".otc"):
                fonts = TTCollection(data, lazy=True).fonts
                return tuple(_face(file, index, font) for index, font in enumerate(fonts))
            return (_face(file, 0, TTFont(data, lazy=True)),)
    except (TTLibError, OSError, KeyError, ValueError, AssertionError, EOFError) as error:
        log.debug("The font file %s cannot be read: %s", file, error)
        return ()


def _face(file: Path, index: int, font: Any) -> Face:
    table = font["name"]
    style = font.get("OS/2")
    family = table.getDebugName(16) or table.getDebugName(1) or file.stem
    weight = style.usWeightClass if style else 400
    return Face(file, index, family, weight, bool(style and style.fsSelection & 1))


def _faces_below(folders: Iterable[Path]) -> list[Face]:
    return [face for folder in folders for file in _font_files(folder) for face in _faces_in(file)]


class FontBook:
    """The fonts of this machine, searched in the order they were given; made anew for each use, so new files count."""

    def __init__(self, folders: Iterable[Path] = ()) -> None:
        self._folders = [BUNDLED, *folders]

    def find(self, name: str, bold: bool) -> Face:
        """The face of a family or file name; empty is the bundled family.

        Raises:
            FontError: no such font; says where fonts go.
        """
        wanted = name.strip().casefold() or "inter"
        for faces in (self._own, self._system):
            matching = [face for face in faces if wanted in _names(face)]
            if matching:
                return min(matching, key=lambda face: _distance(face, bold))
        raise FontError(
            f"There is no font {name.strip()[:60]!r} on this machine. Put its .ttf or .otf file in models/fonts, or"
            " leave the font empty for the built-in one."
        )

    @cached_property
    def _own(self) -> list[Face]:
        return _faces_below(self._folders)

    @cached_property
    def _system(self) -> list[Face]:
        return _faces_below(_system_folders())

    def _fallbacks(self, text: str, bold: bool) -> Iterator[Face]:
        """Faces to try for characters that the chosen one lacks, the likeliest first."""
        yield from sorted(self._own, key=lambda face: _distance(face, bold))
        region = _han_region(text)
        yield from sorted(self._system, key=lambda face: (_unlikeliness(face, region), _distance(face, bold)))

    def faces(self, text: str, name: str, bold: bool) -> tuple[Face, ...]:
        """The named face, then those needed for the characters it lacks; together they write the whole text.

        Raises:
            FontError: no such font, characters that no font here has, or a script that needs Raqm where it is missing.
        """
        _require_shaping(text)
        chosen = [self.find(name, bold)]
        missing = _missing(text, chosen)
        for face in self._fallbacks(text, bold) if missing else ():
            if any(character in coverage(face) for character in missing):
                chosen.append(face)
                missing = _missing(text, chosen)
                if not missing:
                    break
        if missing:
            raise FontError(_missing_message(missing))
        return tuple(chosen)


def _names(face: Face) -> tuple[str, ...]:
    return face.family.casefold(), face.path.name.casefold(), face.path.stem.casefold()


def _distance(face: Face, bold: bool) -> int:
    return abs(face.weight - (_BOLD if bold else 400)) + (1000 if face.italic else 0)


def _han_region(text: str) -> str:
    """Han characters look different in Japan, Korea and China; kana and hangul tell which is meant."""
    names = " ".join(unicodedata.name(character, "") for character in text)
    if "HIRAGANA" in names or "KATAKANA" in names:
        return "JP"
    return "KR" if "HANGUL" in names else "SC"


def _unlikeliness(face: Face, region: str) -> int:
    if face.family == f"Noto Sans CJK {region}":
        return 0
    if face.family.startswith("Noto Sans"):
        return 1
    mono = "Mono" in face.family or "Condensed" in face.path.stem
    return 4 if mono else 3 if "Serif" in face.family else 2


def _missing(text: str, faces: Sequence[Face]) -> list[str]:
    known = [coverage(face) for face in faces]
    unknown = (c for c in dict.fromkeys(text) if not _invisible(c) and not any(c in one for one in known))
    return list(unknown)


def _missing_message(missing: Sequence[str]) -> str:
    shown = ", ".join(f"{character} (U+{ord(character):04X})" for character in missing[:8])
    more = f" and {len(missing) - 8} more" if len(missing) > 8 else ""
    return (
        f"No font on this machine has the character{'s' if len(missing) > 1 else ''} {shown}{more}. Put a font that has"
        " (for example a Noto font) in ComfyUI's models/fonts folder, or name its folder under [fonts] in lectern.toml."
    )


def _require_shaping(text: str) -> None:
    if features.check("raqm"):
        return
    if any(first <= ord(character) <= last for character in text for first, last in _SHAPED_SCRIPTS):
        raise FontError(
            "This text needs letter shaping (Arabic, Hebrew, Indic, Thai and the like), which Pillow does through the"
            " library FriBiDi. Install it (Debian: libfribidi0) and restart ComfyUI."
        )


def split_runs(text: str, faces: Sequence[Face]) -> tuple[Run, ...]:
    """Gives every character, with its marks, to the first face that has it. Spaces stay with the face before them."""
    runs: list[Run] = []
    for cluster in _clusters(text):
        face = next((one for one in faces if coverage(one).covers(cluster)), faces[0])
        if runs and (runs[-1].face == face or (cluster.isspace() and coverage(runs[-1].face).covers(cluster))):
            face = runs[-1].face
            runs[-1] = Run(runs[-1].text + cluster, face)
        else:
            runs.append(Run(cluster, face))
    return tuple(runs)


def _clusters(text: str) -> list[str]:
    """Characters with the marks, joiners and selectors that follow them: never split between two fonts."""
    clusters: list[str] = []
    for character in text:
        joined = clusters and (
            unicodedata.category(character) in ("Mn", "Mc", "Me")
            or character == "\u200d"
            or 0xFE00 <= ord(character) <= 0xFE0F
            or clusters[-1].endswith("\u200d")
        )
        if joined:
            clusters[-1] += character
        else:
            clusters.append(character)
    return clusters


@lru_cache(maxsize=256)
def load(face: Face, pixels: int) -> ImageFont.FreeTypeFont:
    """The face at a size in pixels.

    Raises:
        FontError: Pillow cannot read the file.
    """
    try:
        return ImageFont.truetype(str(face.path), pixels, index=face.number)
    except OSError as error:
        raise FontError(f"The font file {face.path.name} cannot be read: {error}. Replace it or remove it.") from error
