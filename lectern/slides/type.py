"""Setting text: breaking it into lines and shrinking it, parts of different sizes together, until it fits."""

import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..errors import TextError
from .breaking import break_pieces
from .fonts import FontBook
from .runs import Run, is_rtl, run_width, split_runs, visual_runs

LINE_HEIGHT = 1.16  # baseline to baseline, in text sizes
CAP_HEIGHT = 0.727  # of Inter, in text sizes: where the top line visually begins
_DESCENT = 0.24  # room below the last baseline for g, y and commas
_BULLET, _INDENT, _ITEM_GAP = "•", 0.95, 0.34  # in text sizes
_LEAST_AREA = 0.15  # square text sizes a letter takes on average, at the very least: more letters need no trying
_LONGEST_PIECE = 5000  # characters; an unbroken one this long fits no slide and is not worth shaping


class Font(NamedTuple):
    """Which font a text is set in."""

    book: FontBook
    name: str  # family or file name, "" for the bundled family
    bold: bool


class Part(NamedTuple):
    """A text of one size and weight within a block."""

    text: str
    scale: float = 1.0  # of the block's text size
    bold: bool | None = None  # None: as the font says
    gap: float = 0.0  # free space above, in the block's text sizes
    bullets: bool = False  # every line of the text is a point


class SetLine(NamedTuple):
    """One line, or the bullet before one; lengths in pixels."""

    runs: tuple[Run, ...]  # in the order they are seen
    pixels: int  # text size
    baseline: float  # below the block's top
    width: float
    room: float  # what is aligned in the block: the line itself, or the whole list that it is part of
    left: float = 0.0  # in that room


class Setting(NamedTuple):
    """Text broken into lines at a size; lengths in pixels."""

    lines: tuple[SetLine, ...]
    pixels: int  # text size of a part with scale 1
    width: float
    height: float


def block_height(lines: int, pixels: int) -> float:
    return pixels * (CAP_HEIGHT + LINE_HEIGHT * (lines - 1) + _DESCENT)


def clean(text: str) -> str:
    """Line ends unified, tabs as spaces, control characters and lone surrogates gone, characters composed (NFC)."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))
    return "".join(c for c in text if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs"))


def set_text(text: str, font: Font, largest: int, smallest: int, width: float, height: float) -> Setting:
    """The largest size from `largest` down to `smallest` pixels at which the text fits the box.

    Raises:
        TextError: it does not fit even at the smallest size.
        FontError: a character that no font has.
    """
    return set_parts((Part(text),), font, largest, smallest, width, height)


def set_parts(parts: Sequence[Part], font: Font, largest: int, smallest: int, width: float, height: float) -> Setting:
    """As `set_text` for a block of parts under each other, which shrink together."""
    area = sum(len(part.text) * (part.scale * smallest) ** 2 for part in parts) * _LEAST_AREA
    texts = [_PartText(part, font) for part in parts] if area <= width * height else None
    best = _largest(texts, largest, smallest, width, height) if texts else None
    if best is None:
        raise TextError(
            f"The text {parts[0].text[:40]!r} ({sum(len(part.text) for part in parts)} characters) does not fit its"
            f" place on the slide even at {smallest} pixels. Shorten it or give it more room."
        )
    return best


def _largest(texts: Sequence["_PartText"], largest: int, smallest: int, width: float, height: float) -> Setting | None:
    best = _fits(texts, largest, width, height)
    low, high = smallest, largest - 1
    if best:
        return best
    while low <= high:  # a smaller size never needs more room: halving finds the largest that fits
        middle = (low + high) // 2
        setting = _fits(texts, middle, width, height)
        if setting:
            best, low = setting, middle + 1
        else:
            high = middle - 1
    return best


def _fits(texts: Sequence["_PartText"], pixels: int, width: float, height: float) -> Setting | None:
    lines: list[SetLine] = []
    bottom = used = 0.0
    for number, text in enumerate(texts):
        top = lines[-1].baseline + text.part.gap * pixels if number else 0.0
        size = max(1, round(pixels * text.part.scale))
        placed = text.placed(size, top, width, height)
        if placed is None:
            return None
        lines += placed
        bottom = lines[-1].baseline + _DESCENT * size
        used = max(used, *(line.room for line in placed))
    return Setting(tuple(lines), pixels, used, bottom)


class _PartText:
    """A part's lines, ready to be measured at any size."""

    def __init__(self, part: Part, font: Font) -> None:
        self.part = part
        font = font if part.bold is None else font._replace(bold=part.bold)
        texts = clean(part.text).split("\n")
        if part.bullets:
            texts = [text.strip().lstrip("-*•").strip() for text in texts if text.strip()]
        self._lines = [_Line(text, font) for text in texts]
        self._bullet = _Line(_BULLET, font) if part.bullets else None

    def placed(self, pixels: int, top: float, width: float, height: float) -> list[SetLine] | None:
        """The lines below `top`; None when they need more than the width or the height."""
        indent = _INDENT * pixels if self._bullet else 0.0
        baseline = top + CAP_HEIGHT * pixels
        found: list[tuple[_Line, SetLine, bool]] = []  # the original line, a line of it, whether it is the first
        for original in self._lines:
            for number, (runs, line_width) in enumerate(original.wrapped(pixels, width - indent)):
                if line_width > width - indent or baseline + _DESCENT * pixels > height:
                    return None
                found.append((original, SetLine(runs, pixels, baseline, line_width, line_width), not number))
                baseline += LINE_HEIGHT * pixels
            baseline += _ITEM_GAP * pixels if self._bullet else 0.0
        return self._listed(found, indent) if self._bullet else [line for _, line, _ in found]

    def _listed(self, found: Sequence[tuple["_Line", SetLine, bool]], indent: float) -> list[SetLine]:
        """The lines as points: hanging behind their bullets, from the side where their writing begins."""
        assert self._bullet
        room = indent + max(line.width for _, line, _ in found)
        listed: list[SetLine] = []
        for original, line, first in found:
            if first:
                ((runs, width),) = self._bullet.wrapped(line.pixels, room)
                left = room - width if original.rtl else 0.0
                listed.append(SetLine(runs, line.pixels, line.baseline, width, room, left))
            left = room - indent - line.width if original.rtl else indent
            listed.append(line._replace(room=room, left=left))
        return listed


class _Line:
    """One line of the original text: its pieces, measured once for each size."""

    def __init__(self, text: str, font: Font) -> None:
        self.rtl = is_rtl(text)
        self._pieces = break_pieces(text)
        self._faces = font.book.faces(text, font.name, font.bold)
        self._split = {piece: split_runs(piece, self._faces) for piece in dict.fromkeys(self._pieces)}

    def wrapped(self, pixels: int, width: float) -> Iterator[tuple[tuple[Run, ...], float]]:
        """Lines no wider than `width`, filled greedily, with their widths; a single piece may still be wider."""
        measured: dict[str, tuple[float, float]] = {}
        current, reach = "", 0.0
        for piece in self._pieces:
            if piece not in measured:
                measured[piece] = self._measure(piece, pixels)
            full, inked = measured[piece]
            if current and reach + inked > width:
                yield self._line(current, pixels)
                current, reach = "", 0.0
            current += piece
            reach += full
        yield self._line(current, pixels)

    def _measure(self, piece: str, pixels: int) -> tuple[float, float]:
        """The widths of a piece with and without the spaces at its end."""
        if len(piece) > _LONGEST_PIECE:
            return float("inf"), float("inf")
        full = sum(run_width(run, pixels) for run in self._split[piece])
        bare = piece.rstrip()
        return full, full if bare == piece else sum(run_width(run, pixels) for run in split_runs(bare, self._faces))

    def _line(self, text: str, pixels: int) -> tuple[tuple[Run, ...], float]:
        text = text.rstrip()
        if len(text) > _LONGEST_PIECE:
            return (), float("inf")
        runs = visual_runs(split_runs(text, self._faces), self.rtl)
        return runs, sum(run_width(run, pixels) for run in runs)
