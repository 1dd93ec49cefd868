"""Setting text: breaking it into lines, shrinking it to fit, drawing it as a coverage mask."""

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw

from ..errors import TextError
from .fonts import FontBook, Run, load, split_runs

LINE_HEIGHT = 1.16  # baseline to baseline, in text sizes
_CAP_HEIGHT = 0.727  # of Inter, in text sizes: where the top line visually begins
_DESCENT = 0.24  # room below the last baseline for g, y and commas

# Characters that may not begin or end a line; Unicode line breaking classes CL, NS, EX and OP for CJK (UAX 14).
_NO_START = set("、。，．：；？！）］｝〉》」』】〕〗〙〛”’…‥ー々ゝゞヽヾ・゛゜%％,.!?;:)]}»›")
_NO_START |= set("ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ")
_NO_END = set("（［｛〈《「『【〔〖〘〚“‘([{«‹$￥¥£€#")


class Font(NamedTuple):
    """Which font a text is set in."""

    book: FontBook
    name: str  # family or file name, "" for the bundled family
    bold: bool


class Setting(NamedTuple):
    """A text broken into lines at a size."""

    lines: tuple[tuple[Run, ...], ...]
    pixels: int  # text size
    widths: tuple[float, ...]  # of the lines, pixels

    @property
    def width(self) -> float:
        return max(self.widths, default=0.0)

    @property
    def height(self) -> float:
        return block_height(len(self.lines), self.pixels)


def block_height(lines: int, pixels: int) -> float:
    return pixels * (_CAP_HEIGHT + LINE_HEIGHT * (lines - 1) + _DESCENT)


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
    lines = [_Line(line, font) for line in clean(text).split("\n")]
    best = _fits(lines, largest, width, height)
    low, high = smallest, largest - 1
    if best:
        return best
    while low <= high:  # a smaller size never needs more room: halving finds the largest that fits
        middle = (low + high) // 2
        setting = _fits(lines, middle, width, height)
        if setting:
            best, low = setting, middle + 1
        else:
            high = middle - 1
    if best is None:
        raise TextError(
            f"The text {text[:40]!r} ({len(text)} characters) does not fit its place on the slide even at {smallest}"
            " pixels. Shorten it or give it more room."
        )
    return best


class _Line:
    """One line of the original text: its runs by piece, measured at any size."""

    def __init__(self, text: str, font: Font) -> None:
        self.pieces = break_pieces(text)
        self._faces = font.book.faces(text, font.name, font.bold)

    def runs(self, text: str) -> tuple[Run, ...]:
        return split_runs(text, self._faces)

    def wrapped(self, pixels: int, width: float) -> list[str] | None:
        """Greedy lines no wider than `width`; None when a single piece is wider."""
        lines, current = [], ""
        for piece in self.pieces:
            if not current or self.measure(current + piece, pixels) <= width:
                current += piece
            else:
                lines.append(current.rstrip())
                current = piece
            if self.measure(piece, pixels) > width:
                return None
        return [*lines, current.rstrip()]

    def measure(self, text: str, pixels: int) -> float:
        return line_width(self.runs(text.rstrip()), pixels)


def _fits(text: Sequence[_Line], pixels: int, width: float, height: float) -> Setting | None:
    lines: list[tuple[Run, ...]] = []
    for original in text:
        wrapped = original.wrapped(pixels, width)
        if wrapped is None:
            return None
        lines.extend(original.runs(line) for line in wrapped)
        if block_height(len(lines), pixels) > height:
            return None
    return Setting(tuple(lines), pixels, tuple(line_width(line, pixels) for line in lines))


def break_pieces(text: str) -> list[str]:
    """Splits at every place where a line may end: after spaces, and between CJK characters by kinsoku rules."""
    pieces: list[str] = []
    for word in re.findall(r"\S+\s*|\s+", text):
        start = 0
        for at in range(1, len(word)):
            if _may_break(word[at - 1], word[at]):
                pieces.append(word[start:at])
                start = at
        pieces.append(word[start:])
    return pieces


def _may_break(before: str, after: str) -> bool:
    if after in _NO_START or before in _NO_END or after.isspace():
        return False
    return _ideographic(before) or _ideographic(after)


def _ideographic(character: str) -> bool:
    """East Asian wide letters may be parted anywhere; Korean breaks at its spaces."""
    if unicodedata.east_asian_width(character) not in ("W", "F"):
        return False
    return "HANGUL" not in unicodedata.name(character, "")


def line_width(runs: Sequence[Run], pixels: int) -> float:
    return sum(load(run.face, pixels).getlength(run.text) for run in runs)


def draw(setting: Setting, align: float) -> Image.Image:
    """The text as a mask (mode L, 255 where ink is), trimmed to nothing; lines aligned 0 left, 0.5 middle, 1 right."""
    bleed = round(setting.pixels * 0.25)  # ink that leaves its advance box: italics, accents, swashes
    width, height = round(setting.width) + 2 * bleed, round(setting.height) + 2 * bleed
    canvas = Image.new("L", (max(1, width), max(1, height)))
    pen = ImageDraw.Draw(canvas)
    for number, (runs, line) in enumerate(zip(setting.lines, setting.widths, strict=True)):
        x = bleed + (setting.width - line) * align
        baseline = bleed + setting.pixels * (_CAP_HEIGHT + LINE_HEIGHT * number)
        for run in _visual_order(runs):
            pen.text((x, baseline), run.text, fill=255, font=load(run.face, setting.pixels), anchor="ls")
            x += load(run.face, setting.pixels).getlength(run.text)
    return canvas


def bleed(setting: Setting) -> int:
    """How far the mask reaches beyond the text block on every side, pixels."""
    return round(setting.pixels * 0.25)


def _visual_order(runs: Sequence[Run]) -> Sequence[Run]:
    """Raqm orders letters inside a run; runs of a right-to-left line follow each other from the right."""
    first = next((unicodedata.bidirectional(c) for run in runs for c in run.text if _strong(c)), "L")
    return runs if first == "L" else tuple(reversed(runs))


def _strong(character: str) -> bool:
    return unicodedata.bidirectional(character) in ("L", "R", "AL")
