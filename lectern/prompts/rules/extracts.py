"""Slides made from a document's own words: a title, its best lines shortened, its sentences as notes."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..outlines import CHAPTER, POINT, Slide
from .arcs import Talk
from .dealing import Piece
from .phrases import strongest_phrase
from .pictures import Sketchbook
from .ranking import best, scores
from .sentences import capitalised, is_east_asian, terms, width
from .shortening import clauses, fits, shorten

LINE_WIDTH = 90  # columns of a bullet
_TITLE_WIDTH = 60
_NOTES_LENGTH = 1600  # characters
_FEWEST, _USUAL, _MOST = 3, 4, 5  # bullets
_FORMED_FROM = 8  # slides of a text without headings from which it gets sections
_FORMED = 5  # slides of such a section, about


@dataclass(frozen=True)
class _Extract:
    title: str
    bullets: tuple[str, ...]
    notes: str


def extracted_slides(talk: Talk, pieces: Sequence[Piece], book: Sketchbook) -> list[Slide]:
    weights = Counter(term for piece in pieces for line in piece.lines for term in set(terms(line)))
    extracts = [_extract(piece, weights, talk.wording.say("untitled")) for piece in pieces]
    sections = _sections(pieces, extracts)
    return list(_slides(talk, extracts, sections, book))


def _sections(pieces: Sequence[Piece], extracts: Sequence[_Extract]) -> list[str]:
    """Chapters; in a longer text without any, a few groups that are called as their first slide."""
    if any(piece.chapter for piece in pieces):
        return [piece.chapter for piece in pieces]
    if len(pieces) < _FORMED_FROM:
        return [""] * len(pieces)
    groups = max(2, round(len(pieces) / _FORMED))
    firsts = [at * groups // len(pieces) for at in range(len(pieces))]
    return [extracts[firsts.index(group)].title for group in firsts]


def _slides(talk: Talk, extracts: Sequence[_Extract], sections: Sequence[str], book: Sketchbook) -> Iterator[Slide]:
    sectioned = any(sections)
    before: str | None = None
    for extract, section in zip(extracts, sections, strict=True):
        idea = book.draw("", f"{extract.title} {' '.join(extract.bullets)}")
        opens = section != before or not sectioned
        before = section
        yield Slide(
            title=extract.title,
            bullets=extract.bullets,
            section=section,
            notes=extract.notes,
            picture=talk.picture(idea),
            alt_text=talk.alt_text(idea, extract.title),
            level=CHAPTER if opens else POINT,
        )


def _extract(piece: Piece, weights: Counter[str], untitled: str) -> _Extract:
    lines = list(dict.fromkeys(piece.lines))
    values = scores(lines)
    stated = None if piece.heading else _statement(lines, values)
    title = piece.heading or (lines[stated] if stated is not None else strongest_phrase(lines, weights))
    title = capitalised(shorten(title or (lines[0] if lines else untitled), _TITLE_WIDTH))
    left = [at for at in range(len(lines)) if at != stated]
    bullets, used = _bullets([lines[at] for at in left], [values[at] for at in left])
    told = sorted([left[at] for at in used] + ([stated] if stated is not None else []))
    return _Extract(title or untitled, bullets, _notes([lines[at] for at in told] or lines))


def _statement(lines: Sequence[str], values: Sequence[float]) -> int | None:
    """The best sentence that is short enough for a title, as long as enough others are left for bullets."""
    short = [at for at, line in enumerate(lines) if 12 <= width(shorten(line, 999)) <= _TITLE_WIDTH]
    short = [at for at in short if not lines[at].endswith(("?", "？"))]
    if not short or (len(lines) <= _FEWEST and len(lines) > 1):
        return None
    return max(short, key=lambda at: (values[at], -at))


def _bullets(lines: Sequence[str], values: Sequence[float]) -> tuple[tuple[str, ...], list[int]]:
    """3 to 5 lines, or none where there is not enough to say; and the sentences that they come from."""
    liked = [value * (1.0 if fits(line, LINE_WIDTH) else 0.6) for line, value in zip(lines, values, strict=True)]
    used = best(liked, len(lines) if len(lines) <= _MOST else _USUAL)
    found = _distinct(shorten(lines[at], LINE_WIDTH) for at in used)
    if len(found) < _FEWEST:
        found = _distinct(piece for at in used for piece in clauses(lines[at], LINE_WIDTH))[:_MOST]
    return (tuple(found) if len(found) >= _FEWEST else ()), used


def _distinct(lines: Iterator[str]) -> list[str]:
    return [line for line in dict.fromkeys(capitalised(line) for line in lines) if line]


def _notes(lines: Sequence[str]) -> str:
    """Sentences in full, as many as a speaker can use."""
    kept, used = list[str](), 0
    for line in lines:
        if kept and used + len(line) > _NOTES_LENGTH:
            break
        kept.append(line if len(line) <= _NOTES_LENGTH else shorten(line, _NOTES_LENGTH))
        used += len(line)
    return ("" if kept and is_east_asian(kept[0][:4]) else " ").join(kept)
