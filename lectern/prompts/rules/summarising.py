"""Long texts made shorter: their best sentences, or parts that a model can be given one after the other."""

import re
from collections.abc import Callable, Iterator

from .ranking import best, scores
from .sentences import clean, sentence_spans, sentences

_HEADING = re.compile(r"^(?=#{1,6}[ \t])|^(?=第[一二三四五六七八九十百\d]+[章节部])", re.MULTILINE)
_PARAGRAPH = re.compile(r"(?<=\n)[ \t]*\n+")
_SPACE = re.compile(r"\s+")


def key_sentences(text: str, count: int) -> list[str]:
    """The sentences that matter most, in the order of the text; a sentence that stands twice counts once."""
    found = list(dict.fromkeys(sentences(clean(text))))
    return [found[at] for at in best(scores(found), count)]


def chunks(text: str, size: int) -> list[str]:
    """Parts of at most `size` characters, cut at headings, else between paragraphs, sentences, words, else anywhere.

    Every character that is no white space is in exactly one part, in order.

    Raises:
        ValueError: `size` is less than 1.
    """
    if size < 1:
        raise ValueError(f"A part needs at least 1 character, got {size}.")
    found = (part.strip() for part in _packed(text, size, 0))
    return [part for part in found if part]


def _packed(text: str, size: int, level: int) -> Iterator[str]:
    """Neighbours together as long as they fit; what does not fit alone is cut one level finer."""
    waiting = ""
    for piece in _CUTS[level](text, size):
        if len(waiting) + len(piece.rstrip()) <= size:
            waiting += piece
            continue
        if waiting:
            yield waiting
        waiting = ""
        if len(piece.rstrip()) <= size:
            waiting = piece
        else:
            yield from _packed(piece, size, level + 1)
    if waiting:
        yield waiting


def _at(pattern: re.Pattern[str]) -> Callable[[str, int], Iterator[str]]:
    def cut(text: str, size: int) -> Iterator[str]:
        start = 0
        for found in pattern.finditer(text):
            yield text[start : found.end()]
            start = found.end()
        yield text[start:]

    return cut


def _in_sentences(text: str, size: int) -> Iterator[str]:
    return (text[start:end] for start, end in sentence_spans(text))


def _anywhere(text: str, size: int) -> Iterator[str]:
    return (text[at : at + size] for at in range(0, len(text), size))


_CUTS = (_at(_HEADING), _at(_PARAGRAPH), _in_sentences, _at(_SPACE), _anywhere)
