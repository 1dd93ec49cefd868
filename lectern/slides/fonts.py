"""Finding fonts, and choosing those that together write a text.

The bundled family is Inter (SIL Open Font License, `fonts/OFL.txt`). What it lacks is looked for in the folders of
`lectern.toml`, then ComfyUI's `models/fonts`, then the system's fonts, for each script in the font that suits it best;
a character nobody has is an error naming it. Emoji come from a colour font where there is one.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

from PIL import features

from ..errors import FontError
from .fontfiles import Coverage, Face, coverage, faces_in, font_files
from .scripts import (
    clusters,
    han_region,
    invisible,
    is_emoji,
    is_placeholder,
    needs_shaping,
    script_groups,
    unlikeliness,
)

BUNDLED = Path(__file__).parent / "fonts"
_BOLD = 700


def _system_folders() -> list[Path]:
    home = Path.home()
    if sys.platform == "win32":
        local = Path(os.environ.get("LOCALAPPDATA", home / "AppData/Local"))
        return [Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts", local / "Microsoft/Windows/Fonts"]
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"]
    return [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), home / ".fonts", home / ".local/share/fonts"]


def _faces_below(folders: Iterable[Path]) -> list[Face]:
    return [face for folder in folders for file in font_files(folder) for face in faces_in(file)]


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
        for faces in self._tiers():
            matching = [face for face in faces if wanted in _names(face)]
            if matching:
                return min(matching, key=lambda face: _distance(face, bold))
        raise FontError(
            f"There is no font {name.strip()[:60]!r} on this machine. Put its .ttf or .otf file in models/fonts, or"
            " leave the font empty for the built-in one."
        )

    @cached_property
    def _own(self) -> list[list[Face]]:
        return [_faces_below([folder]) for folder in self._folders]

    @cached_property
    def _system(self) -> list[Face]:
        return _faces_below(_system_folders())

    def _tiers(self) -> Iterator[list[Face]]:
        """The faces of each place, the nearest place first; the system is only looked at when it is needed."""
        yield from self._own
        yield self._system

    def faces(self, text: str, name: str, bold: bool) -> tuple[Face, ...]:
        """The named face, then those needed for the characters it lacks; together they write the whole text.

        Raises:
            FontError: no such font, characters that no font here has, or a script that needs Raqm where it is missing.
        """
        _require_shaping(text)
        chosen = [self.find(name, bold)]
        plain, emoji = _parted(text, coverage(chosen[0]) if name.strip() else Coverage(()))
        for signs, in_color in ((emoji, True), (plain, False)):
            chosen.extend(self._covering(_missing(signs, chosen, in_color), text, bold, in_color))
        missing = _missing(plain + emoji, chosen, False)
        if missing:
            chosen.extend(self._covering(missing, text, bold, False))
            missing = _missing(missing, chosen, False)
        if missing:
            raise FontError(_missing_message(missing))
        return tuple(dict.fromkeys(chosen))

    def _covering(self, characters: Sequence[str], text: str, bold: bool, in_color: bool) -> list[Face]:
        """Faces for as many of these characters as possible, for every script the likeliest first."""
        chosen: list[Face] = []
        for script, group in script_groups(characters).items():
            for face in self._candidates(script, han_region(text), bold, in_color):
                found = [character for character in group if character in coverage(face)]
                if found:
                    chosen.append(face)
                    group = [character for character in group if character not in found]
                if not group:
                    break
        return chosen

    def _candidates(self, script: str, region: str, bold: bool, in_color: bool) -> Iterator[Face]:
        for tier in self._tiers():
            fitting = [face for face in tier if not is_placeholder(face) and face.color >= in_color]
            yield from sorted(fitting, key=lambda face: (unlikeliness(face, script, region), _distance(face, bold)))


def _parted(text: str, named: Coverage) -> tuple[list[str], list[str]]:
    """The visible characters of plain signs and of emoji; those that a font chosen by name has count as plain."""
    plain: dict[str, None] = {}
    emoji: dict[str, None] = {}
    for sign in dict.fromkeys(clusters(text)):
        seen = dict.fromkeys(character for character in sign if not invisible(character))
        (emoji if is_emoji(sign) and not all(one in named for one in seen) else plain).update(seen)
    return list(plain), list(emoji)


def _names(face: Face) -> tuple[str, ...]:
    return face.family.casefold(), face.path.name.casefold(), face.path.stem.casefold()


def _distance(face: Face, bold: bool) -> int:
    return abs(face.weight - (_BOLD if bold else 400)) + (1000 if face.italic else 0)


def _missing(characters: Iterable[str], faces: Sequence[Face], in_color: bool) -> list[str]:
    known = [coverage(face) for face in faces if face.color >= in_color]
    return [character for character in characters if not any(character in one for one in known)]


def _missing_message(missing: Sequence[str]) -> str:
    shown = ", ".join(f"{character} (U+{ord(character):04X})" for character in missing[:8])
    more = f" and {len(missing) - 8} more" if len(missing) > 8 else ""
    return (
        f"No font on this machine has the character{'s' if len(missing) > 1 else ''} {shown}{more}. Put a font that has"
        " (for example a Noto font) in ComfyUI's models/fonts folder, or name its folder under [fonts] in lectern.toml."
    )


def _require_shaping(text: str) -> None:
    if not features.check("raqm") and needs_shaping(text):
        raise FontError(
            "This text needs letter shaping (Arabic, Hebrew, Indic, Thai and the like), which Pillow does through the"
            " library FriBiDi. Install it (Debian: libfribidi0) and restart ComfyUI."
        )
