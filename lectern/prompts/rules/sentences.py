"""Texts taken apart: cleaned, in sentences and terms, and how wide they stand on a slide."""

import re
import unicodedata
from collections.abc import Iterator

from .tongues import ALL_STOPWORDS

_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_EAST_ASIAN = r"\u3400-\u9fff\u3040-\u30ff\uac00-\ud7af\uf900-\ufaff"
_TERMS = re.compile(rf"[{_EAST_ASIAN}]+|[^\W_{_EAST_ASIAN}]+(?:['’\-][^\W_{_EAST_ASIAN}]+)*")
_IS_EAST_ASIAN = re.compile(rf"[{_EAST_ASIAN}]")
_ENDS = re.compile(r"""(?<![.!?…])[.!?…]++["'”’»)\]]*+(?=\s)|[。！？]+[”’」』）]*|\n\s*""")
_SHORT = (
    "e.g i.e z.b d.h u.a dr mr mrs ms prof st no nr vs approx ca etc inc ltd co jan feb mar apr jun jul aug sep sept"
    " oct nov dec fig vol bzw usw evtl inkl mio mrd m mme p.ej ej sr sra env"
)
_ABBREVIATED = frozenset(_SHORT.split())
_LONGEST_TERM = 60  # characters; beyond is no word

_WORD_TAIL = re.compile(r"[\w.]+$")


def clean(text: str) -> str:
    """One kind of line end, no control characters."""
    return _CONTROLS.sub(" ", _LINE_ENDS.sub("\n", text).replace("\u00a0", " "))


def one_line(text: str) -> str:
    return " ".join(clean(text).split())


def sentences(text: str) -> list[str]:
    """In order, white space evened; line ends end sentences too. Those without a letter or digit are left out."""
    pieces = (one_line(text[start:end]) for start, end in sentence_spans(text))
    return [piece for piece in pieces if re.search(r"[^\W_]", piece)]


def sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where each sentence begins and ends, with no gap between: the spans together are the whole text."""
    start = 0
    for found in _ENDS.finditer(text):
        if found.end() > start and _ends(text, found.start(), found.end()):
            yield start, found.end()
            start = found.end()
    if start < len(text):
        yield start, len(text)


def _ends(text: str, start: int, end: int) -> bool:
    """Whether a full stop ends the sentence rather than "e.g.", "Dr." or "3." """
    if text[start] != "." or end - start > 1:
        return True
    following = text[end : end + 8].lstrip()[:1]
    tail = _WORD_TAIL.search(text, max(0, start - 12), start)
    word = tail[0].casefold() if tail else ""
    initial = len(word) == 1 and word.isalpha()
    ordinal = word.isdigit() and len(word) < 3 and not following.isupper()
    return not (word in _ABBREVIATED or initial or ordinal or following.islower())


def terms(text: str) -> list[str]:
    """What the text is about: words without the small ones, in lower case and singular; pairs of East Asian signs."""
    found: list[str] = []
    for word in _TERMS.findall(text):
        if _IS_EAST_ASIAN.match(word):
            found += [word[at : at + 2] for at in range(max(1, len(word) - 1))]
        elif (plain := word.casefold()) not in ALL_STOPWORDS and (len(plain) > 2 or plain.isdigit()):
            found.append(_singular(plain[:_LONGEST_TERM]))
    return found


def _singular(word: str) -> str:
    word = word.removesuffix("'s").removesuffix("’s")
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def words(text: str) -> list[str]:
    """Words as they stand; a run of East Asian signs is one."""
    return _TERMS.findall(text)


def size(text: str) -> int:
    """Words; of East Asian signs two count as one."""
    east_asian = len(_IS_EAST_ASIAN.findall(text))
    return (east_asian + 1) // 2 + sum(not _IS_EAST_ASIAN.match(word) for word in _TERMS.findall(text))


def width(text: str) -> int:
    """Columns: wide East Asian signs take two."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def is_east_asian(text: str) -> bool:
    return bool(_IS_EAST_ASIAN.search(text))


def capitalised(text: str) -> str:
    """With a large first letter, unless the first word is written in a way of its own (iPhone)."""
    first = text.split(" ", 1)[0]
    return text if first[1:] != first[1:].lower() else text[:1].upper() + text[1:]
