"""Documents as people paste them, in parts: Markdown, plain text whose short lines are headings, e-mails."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from . import mails
from .ranking import is_courtesy
from .sentences import clean, is_east_asian, one_line, sentences, width

_LONGEST_LINE = 4000  # characters of one sentence that are looked at
_HEADING_WIDTH, _HEADING_WORDS = 64, 10
_TOP = 10  # rows in which the first line is looked for

_FRONT_MATTER = re.compile(r"\A---\n.{0,5000}?\n---\n", re.DOTALL)
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_HASHES = re.compile(r"^(#{1,6})\s+(.*?)\s*#*$")
_UNDERLINE = re.compile(r"^(=+|-{3,})\s*$")
_CHINESE_HEADINGS = (
    (1, re.compile(r"^第[一二三四五六七八九十百\d]+[章部篇]\s*[：:、]?\s*(.*)$")),
    (2, re.compile(r"^(?:第[一二三四五六七八九十百\d]+[节条]|[一二三四五六七八九十]+\s*、)\s*(.*)$")),
    (3, re.compile(r"^[（(][一二三四五六七八九十]+[)）]\s*(.*)$")),
)
_NUMBERED = re.compile(r"^(\d+(?:\.\d+)*)[.)]?\s+(\S.*)$")
_ITEM = re.compile(r"^\s*(?:[-*+•·◦▪–]|\d{1,3}[.)、]|[a-z][.)])\s+(?:\[[ xX]\]\s+)?(\S.*)$")
_RULE = re.compile(r"^[\s:|=*_-]+$")  # a line across the page, below a heading or in a table
_INLINE = (  # Markdown within a line -> what it says
    (re.compile(r"!\[[^\]\n]{0,300}\]\([^)\n]{0,500}\)"), ""),
    (re.compile(r"\[([^\]\n]{1,300})\]\([^)\n]{0,500}\)"), r"\1"),
    (re.compile(r"</?[a-zA-Z][^<>\n]{0,300}>"), ""),
    (re.compile(r"(\*\*|__|`)(?=\S)(.{1,300}?)(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<![\w*])\*(?=\S)([^*\n]{1,300}?)(?<=\S)\*(?![\w*])"), r"\1"),
)


class Line(NamedTuple):
    level: int  # 1 to 6: a heading; 0: text; 7: an item of a list
    text: str


_ITEM_LEVEL, _TEXT_LEVEL = 7, 0


@dataclass(frozen=True)
class Leaf:
    """A part with no parts in it."""

    chapter: str  # empty: before the first heading, or there is none
    heading: str
    lines: tuple[str, ...]  # sentences and items, in order
    starts: frozenset[int] = frozenset()  # places of lines that begin a paragraph


@dataclass(frozen=True)
class Document:
    title: str  # empty where nothing says it
    leaves: tuple[Leaf, ...]


def read_document(text: str) -> Document:
    """The parts of a text, in linear time whatever it holds."""
    text = _FRONT_MATTER.sub("", clean(text), count=1)
    subject = mails.subject(text)
    lines = list(_lines(mails.without_envelopes(text) if mails.is_mail(text) else text))
    levels = sorted({line.level for line in lines if 0 < line.level < _ITEM_LEVEL})
    title = subject
    if levels and not subject and sum(line.level == levels[0] for line in lines) == 1 and _opens(lines, levels[0]):
        title = next(line.text for line in lines if line.level == levels[0])
        lines = [line for line in lines if line.level != levels[0]]
        levels = levels[1:]
    return Document(title, tuple(_leaves(lines, levels[0] if levels else 1)))


def _opens(lines: list[Line], level: int) -> bool:
    """Whether the first heading comes before all text but a line or two."""
    return any(line.level == level for line in lines[:3])


def _leaves(lines: list[Line], top: int) -> Iterator[Leaf]:
    chapter, heading, paragraph, said, starts = "", "", list[str](), list[str](), set[int]()
    for line in [*lines, Line(top, "")]:
        if line.level == _TEXT_LEVEL and line.text:
            paragraph.append(line.text)
            continue
        if paragraph:
            starts.add(len(said))
            said += _sentences(paragraph)
            paragraph = []
        if line.level == _ITEM_LEVEL:
            said += _sentences([line.text])
        elif line.level:
            if said or (heading and not (line.level > top and heading == chapter)):
                yield Leaf(chapter, heading, tuple(said), frozenset(starts))
            said, starts = [], set()
            chapter, heading = (line.text if line.level <= top else chapter), line.text


def _sentences(paragraph: list[str]) -> list[str]:
    joined = ("" if paragraph and is_east_asian(paragraph[0][-1:]) else " ").join(paragraph)
    return [sentence[:_LONGEST_LINE] for sentence in sentences(joined) if not is_courtesy(sentence)]


def _lines(text: str) -> Iterator[Line]:
    """Each line with what it is; empty text lines part paragraphs."""
    rows = text.split("\n")
    fenced = False
    for at, row in enumerate(rows):
        if _FENCE.match(row):
            fenced = not fenced
        elif not fenced and not (row.strip() and _RULE.match(row)):
            yield _line(rows, at)


def _line(rows: list[str], at: int) -> Line:
    row = rows[at].strip()[: _LONGEST_LINE * 60]
    marked = _marked_heading(row, rows[at + 1] if at + 1 < len(rows) else "")
    if marked:
        return Line(marked.level, _inline(marked.text))
    if row.startswith("|") and row.count("|") > 1:
        return Line(_ITEM_LEVEL, _inline(_table_row(row)))
    above = rows[at - 1].strip() if at else ""
    below = next((one.strip() for one in rows[at + 1 : at + 3] if one.strip()), "")
    if not above and _is_title(rows, at):
        return Line(1, _inline(row))
    if not above and row and _looks_like_heading(row, below):
        return Line(_depth(row), _inline(_unnumbered(row).rstrip(" :：")))
    item = _ITEM.match(row)
    if item:
        return Line(_ITEM_LEVEL, _inline(item[1]))
    return Line(_TEXT_LEVEL, _inline(row))


def _marked_heading(row: str, below: str) -> Line | None:
    hashes = _HASHES.match(row)
    if hashes and hashes[2]:
        return Line(len(hashes[1]), hashes[2])
    for level, pattern in _CHINESE_HEADINGS:
        found = pattern.match(row)
        if found and width(row) <= _HEADING_WIDTH and not row.endswith(("。", "；", "，")):
            return Line(level, found[1].strip() or row)
    under = _UNDERLINE.match(below.strip())
    if under and row and width(row) <= 2 * _HEADING_WIDTH and not row.startswith("|"):
        return Line(1 if under[1][0] == "=" else 2, row)
    return None


def _is_title(rows: list[str], at: int) -> bool:
    """A short first line with an empty one below."""
    row = rows[at].strip()
    alone = at + 1 < len(rows) and not rows[at + 1].strip()
    return alone and not _NUMBERED.match(row) and at < _TOP and not any(map(str.strip, rows[:at])) and _is_short(row)


def _is_short(row: str) -> bool:
    """Whether it may be a heading: few words, and it does not end as a sentence does."""
    if width(row) > _HEADING_WIDTH or len(row.split()) > _HEADING_WORDS or not re.search(r"[^\W\d_]{2}", row):
        return False
    return not row.endswith((".", ",", ";", "!", "?", "。", "，", "；", "！", "？", "…"))


def _looks_like_heading(row: str, below: str) -> bool:
    """A short line between an empty one and text, which does not end as a sentence does."""
    if not below or not _is_short(row):
        return False
    if _ITEM.match(row) and (not _NUMBERED.match(row) or _ITEM.match(below)):
        return False
    return width(below) > width(row) or bool(_ITEM.match(below)) or row.endswith((":", "："))


def _depth(row: str) -> int:
    numbered = _NUMBERED.match(row)
    return min(6, 2 + numbered[1].count(".")) if numbered else 2


def _unnumbered(row: str) -> str:
    numbered = _NUMBERED.match(row)
    return numbered[2] if numbered else row


def _table_row(row: str) -> str:
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    name, *values = [cell for cell in cells if cell] or [""]
    return f"{name}: {', '.join(values)}" if values else name


def _inline(text: str) -> str:
    for pattern, said in _INLINE:
        text = pattern.sub(said, text)
    return one_line(text)
