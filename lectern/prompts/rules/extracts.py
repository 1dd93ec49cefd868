"""Slides made from a document's own words: a title, its best lines shortened, its sentences as notes."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
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
_TITLE_WIDTH, _SHORTEST_TITLE = 60, 12
_NOTES_LENGTH = 1600  # characters
_FEWEST, _USUAL, _MOST = 3, 4, 5  # bullets
_TOLD = 8  # lines that the notes hold all of
_BRIEF = 36  # columns of a line in a list, of which more go on a slide
_FORMED_FROM = 8  # slides of a text without headings from which it gets sections
_FORMED = 5  # slides of such a section, about


@dataclass(frozen=True)
class _Extract:
    title: str
    bullets: tuple[str, ...]
    notes: str


def summary_slide(talk: Talk, lines: Sequence[str], book: Sketchbook, sectioned: bool) -> Slide:
    """What the whole document comes back to.

    Args:
        sectioned: whether the other slides are in sections.
    """
    title = talk.wording.say("summary")
    bullets, used = _bullets(lines, scores(lines), None)
    idea = book.draw("next")
    notes = _notes([lines[at] for at in used])
    return Slide(
        title=title,
        bullets=bullets,
        section=title if sectioned else "",
        notes=notes,
        picture=talk.picture(idea),
        alt_text=talk.alt_text(idea, title),
        level=CHAPTER,
    )


def extracted_slides(talk: Talk, pieces: Sequence[Piece], book: Sketchbook) -> list[Slide]:
    weights = Counter(term for piece in pieces for line in piece.lines for term in set(terms(line)))
    extracts, taken = list[_Extract](), {talk.subject.title}
    for piece in pieces:
        extracts.append(_extract(piece, weights, talk.wording.say("untitled"), taken))
        taken.add(extracts[-1].title)
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


def _extract(piece: Piece, weights: Counter[str], untitled: str, taken: Collection[str]) -> _Extract:
    lines = list(dict.fromkeys(piece.lines))
    values = scores(lines)
    heading = piece.heading or (piece.continues if _is_brief(lines) else "")
    title, stated = (heading, None) if heading else _title(lines, values, weights, taken)
    bullets, used = _bullets(lines, values, stated)
    title = title or (lines[0] if lines else untitled)
    told = range(len(lines)) if len(lines) <= _TOLD else sorted(set(used) if stated is None else {*used, stated})
    return _Extract(capitalised(shorten(title, _TITLE_WIDTH)) or untitled, bullets, _notes([lines[at] for at in told]))


def _title(
    lines: Sequence[str], values: Sequence[float], weights: Counter[str], taken: Collection[str]
) -> tuple[str, int | None]:
    """What the best sentence states, as long as enough is left for bullets; else the strongest phrase.

    Returns also the place of the sentence that the title says in full.
    """
    short = {at: shorten(line, _TITLE_WIDTH) for at, line in enumerate(lines) if fits(line, _TITLE_WIDTH)}
    order = sorted((at for at in short if width(short[at]) >= _SHORTEST_TITLE), key=lambda at: (-values[at], at))
    for at in order:
        if short[at].endswith(("?", "？")) or capitalised(short[at]) in taken:
            continue
        whole = at if short[at] == shorten(lines[at], LINE_WIDTH) else None
        if len(lines) == 1 or len(_bullets(lines, values, whole)[0]) >= min(_FEWEST, len(lines)):
            return short[at], whole
    return strongest_phrase(lines, weights) or next((short[at] for at in order), ""), None


def _bullets(lines: Sequence[str], values: Sequence[float], stated: int | None) -> tuple[tuple[str, ...], list[int]]:
    """3 to 5 lines, or none where there is not enough to say; and the places of the sentences that they come from.

    Args:
        stated: the sentence that the title says already.
    """
    left = [at for at in range(len(lines)) if at != stated]
    liked = [values[at] * (1.0 if fits(lines[at], LINE_WIDTH) else 0.6) for at in left]
    used = [left[at] for at in best(liked, _MOST if _is_brief(lines) or len(left) <= _MOST else _USUAL)]
    found = _distinct(shorten(lines[at], LINE_WIDTH) for at in used)
    if len(found) < _FEWEST:
        found = _distinct(piece for at in used for piece in clauses(lines[at], LINE_WIDTH))[:_MOST]
    return (tuple(found) if len(found) >= _FEWEST else ()), used


def _is_brief(lines: Sequence[str]) -> bool:
    """A list rather than sentences."""
    return sum(width(line) for line in lines) <= _BRIEF * len(lines)


def _distinct(lines: Iterator[str]) -> list[str]:
    return [line for line in dict.fromkeys(capitalised(line) for line in lines) if line]


def _notes(lines: Sequence[str]) -> str:
    """Sentences in full, as many as a speaker can use."""
    wide = bool(lines) and is_east_asian(lines[0][:4])
    kept, used = list[str](), 0
    for line in lines:
        if kept and used + len(line) > _NOTES_LENGTH:
            break
        said = line if len(line) <= _NOTES_LENGTH else shorten(line, _NOTES_LENGTH)
        kept.append(said if re.search(r"[.!?…。！？；:：][\"”’」)）]*$", said) else said + ("。" if wide else "."))
        used += len(line)
    return ("" if wide else " ").join(kept)
