"""A line of text as pieces that one font draws in one direction, in the order they are seen.

Raqm orders and joins the letters inside a piece; no text is ever reversed here. What Raqm cannot see is the line when
fonts change within it, so pieces are ordered by the Unicode bidirectional algorithm (UAX 9) without its explicit
embeddings, which people do not type on slides.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from PIL import features

from .fontfiles import Face, coverage, load, reading
from .scripts import clusters, invisible, is_emoji

_NUMBERS = ("EN", "AN")
_STRONG = {"L": "L", "R": "R", "AL": "R"}


class Run(NamedTuple):
    """A piece of text that one face writes in one direction."""

    text: str
    face: Face
    rtl: bool = False


def split_runs(text: str, faces: Sequence[Face]) -> tuple[Run, ...]:
    """Gives every sign to the first face that has it (emoji to a colour face), in the order of the text.

    Spaces stay with the face before them, but for colour faces, whose spaces are as wide as their emoji.
    """
    found: list[tuple[list[str], Face]] = []
    for sign in clusters(text):
        face = _face_for(sign, faces)
        last = found[-1][1] if found else None
        if last and (last == face or (sign.isspace() and not last.color and _covers(last, sign))):
            found[-1][0].append(sign)
        else:
            found.append(([sign], face))
    return tuple(Run("".join(signs), face) for signs, face in found)


def _face_for(sign: str, faces: Sequence[Face]) -> Face:
    if is_emoji(sign):
        colored = next((face for face in faces if face.color and _covers(face, sign)), None)
        if colored and not _covers_by_name(faces, sign):
            return colored
    plain = (face for face in faces if not face.color and _covers(face, sign))
    return next(plain, None) or next((face for face in faces if _covers(face, sign)), faces[0])


def _covers_by_name(faces: Sequence[Face], sign: str) -> bool:
    """The bundled family leaves emoji to colour fonts; a font that somebody chose keeps those it has."""
    return faces[0].family != "Inter" and _covers(faces[0], sign)


def _covers(face: Face, sign: str) -> bool:
    known = coverage(face)
    return all(invisible(character) or character in known for character in sign)


def run_width(run: Run, pixels: int) -> float:
    """Advance of a run, pixels.

    Raises:
        FontError: the font cannot be measured.
    """
    with reading(run.face):
        width = load(run.face, pixels).getlength(run.text, direction=direction(run))
    return width * pixels / run.face.strike if run.face.strike else width


def direction(run: Run) -> str | None:
    """What Raqm is told; without Raqm there is no text from right to left (see fonts.py)."""
    return ("rtl" if run.rtl else "ltr") if features.check("raqm") else None


def is_rtl(text: str) -> bool:
    """Whether a text runs from right to left: its first strong character decides (UAX 9, P2 and P3)."""
    return next((_STRONG[kind] for kind in map(unicodedata.bidirectional, text) if kind in _STRONG), "L") == "R"


def visual_runs(runs: Sequence[Run], rtl: bool) -> tuple[Run, ...]:
    """The runs of a line in the order they are seen from the left, split where the direction changes."""
    text = "".join(run.text for run in runs)
    levels = bidi_levels(text, rtl)
    pieces: list[tuple[Run, int]] = []
    start = 0
    for run in runs:
        for part, level in _by_level(run.text, levels[start : start + len(run.text)]):
            pieces.append((Run(part, run.face, bool(level % 2)), level))
        start += len(run.text)
    return tuple(run for run, _ in _reordered(pieces))


def _by_level(text: str, levels: Sequence[int]) -> Iterable[tuple[str, int]]:
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or levels[at] != levels[start]:
            yield text[start:at], levels[start]
            start = at


def _reordered(pieces: list[tuple[Run, int]]) -> list[tuple[Run, int]]:
    """UAX 9, L2, on whole pieces: from the highest level down to 1, stretches at that level or above turn around."""
    for level in range(max((level for _, level in pieces), default=0), 0, -1):
        turned: list[tuple[Run, int]] = []
        stretch: list[tuple[Run, int]] = []
        for piece in pieces:
            if piece[1] >= level:
                stretch.insert(0, piece)
            else:
                turned += [*stretch, piece]
                stretch = []
        pieces = turned + stretch
    return pieces


def bidi_levels(text: str, rtl: bool) -> list[int]:
    """The embedding level of every character: even from the left, odd from the right."""
    kinds = [unicodedata.bidirectional(character) or "L" for character in text]
    if not rtl and not any(kind in ("R", "AL", "AN") for kind in kinds):
        return [0] * len(kinds)
    base = "R" if rtl else "L"
    resolved = _neutrals(_weak(kinds, base), base)
    ltr = {"L": 0, "R": 1, "EN": 2, "AN": 2}
    return [{"L": 2, "R": 1, "EN": 2, "AN": 2}[kind] if rtl else ltr[kind] for kind in resolved]


def _weak(kinds: list[str], base: str) -> list[str]:
    """UAX 9, W1 to W7: every kind becomes L, R, EN, AN or N (neutral)."""
    kinds = list(kinds)
    before, strong = base, base
    for at, kind in enumerate(kinds):
        if kind in ("NSM", "BN"):
            kind = before
        if kind in ("L", "R", "AL"):
            strong = kind
        elif kind == "EN" and strong == "AL":
            kind = "AN"
        kinds[at] = before = kind
    for at in range(1, len(kinds) - 1):
        same = kinds[at - 1] == kinds[at + 1]
        if same and (kinds[at], kinds[at - 1]) in (("CS", "EN"), ("CS", "AN"), ("ES", "EN")):
            kinds[at] = kinds[at - 1]
    _terminators(kinds, range(1, len(kinds)), -1)
    _terminators(kinds, range(len(kinds) - 2, -1, -1), 1)
    strong = base
    for at, kind in enumerate(kinds):
        strong = _STRONG.get(kind, strong)
        if kind == "EN" and strong == "L":
            kinds[at] = "L"
        elif kind not in _NUMBERS:
            kinds[at] = _STRONG.get(kind, "N")
    return kinds


def _terminators(kinds: list[str], order: range, side: int) -> None:
    """UAX 9, W5: signs such as % and $ beside a number belong to it."""
    for at in order:
        if kinds[at] == "ET" and kinds[at + side] == "EN":
            kinds[at] = "EN"


def _neutrals(kinds: list[str], base: str) -> list[str]:
    """UAX 9, N1 and N2: neutrals take the direction of both sides when they agree, else the line's."""
    kinds = list(kinds)
    at = 0
    while at < len(kinds):
        end = at
        while end < len(kinds) and kinds[end] == "N":
            end += 1
        if end > at:
            sides = [kinds[at - 1] if at else base, kinds[end] if end < len(kinds) else base]
            left, right = ("R" if side in _NUMBERS else side for side in sides)
            kinds[at:end] = [left if left == right else base] * (end - at)
        at = max(end, at + 1)
    return kinds
