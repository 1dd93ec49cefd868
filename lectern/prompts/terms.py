"""Terms that a prompt must hold, and terms that it must not: read from a widget, looked for, and enforced.

A term is found as whole words and in any case; among Chinese, Japanese, Korean and Thai letters, which know no spaces,
anywhere. Names and numbers inside `<lora:name:1>` and `(word:1.2)` are syntax: they neither count nor are removed.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial

from .errors import TextsError
from .families import Form
from .languages import is_chinese
from .pieces import Piece, group, joined, pieces

MOST_TERMS, LONGEST_TERM = 100, 200  # terms; characters of one
_SHOWN = 60  # characters of a term that an error repeats
_COMMAS = " \t\n,，;；、"
_PASSES = 20  # of removing; what one takes away may bring words together that are forbidden as neighbours

_UNSPACED = r"\u0e00-\u0e7f\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
_MARKS = r"\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0900-\u0963\u0966-\u0dff"  # of words, though \w leaves them out
_LETTER = rf"(?![{_UNSPACED}])[\w{_MARKS}]"
_SIGNS = re.compile(r"[<>()\[\]{}:]")
_SYNTAX = re.compile(r"<\w+:[^<>,\n]{1,300}>|:\s{0,3}-?[0-9]{1,6}(?:\.[0-9]{1,6})?\s{0,3}(?=[)\]}])")
_TAG = re.compile(r"<\w+:[^<>,\n]{1,300}>")

_TERM_ENDS = re.compile(r"[,，;；、]")
_TAG_ENDS = re.compile(r"[,，\n]|\bBREAK\b")
_CLAUSE_ENDS = re.compile(r"[,，;；、—]|\s[–-]\s|:(?=\s)")
_SENTENCE_ENDS = re.compile(r"[.!?…]++(?:\s+|$)|[。！？]++\s*|\n+")

_ARTICLES = r"(?:a|an|the|some|any|no|his|her|its|their|one|two|three)"
_JOINTS = r"(?:with|without|in|on|of|and|or|under|over|near|at|by|from|for|beside|behind)"
_BEFORE = rf"(?:\b{_JOINTS}\s+)?(?:\b{_ARTICLES}\s+(?:(?!{_ARTICLES}\b|{_JOINTS}\b)\w{{1,30}}\s+){{0,2}})?"


def terms_of(text: str) -> tuple[str, ...]:
    """The terms of a widget, each once: one a line, or with commas between them.

    A comma within quotes, brackets or <> belongs to its term.

    Raises:
        TextsError: too many, one that is too long, or one that is punctuation alone.
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        for piece in pieces(line, _TERM_ENDS):
            term = " ".join(piece.text.split())
            if term:
                found.setdefault(term.casefold(), _checked(term))
    if len(found) > MOST_TERMS:
        raise TextsError(f"There are {len(found)} terms in one list; {MOST_TERMS} are allowed. Leave some out.")
    return tuple(found.values())


def check_terms(must: Sequence[str], never: Sequence[str]) -> None:
    """Raises TextsError when a term is both asked for and forbidden, be it as a part of another."""
    for term in must:
        for forbidden in present(term, never):
            raise TextsError(
                f"The prompt must hold {_shown(term)} and must not hold {_shown(forbidden)}, which exclude each"
                " other. Take one of the two out."
            )


def missing(prompt: str, must: Iterable[str]) -> tuple[str, ...]:
    """Those that the prompt does not hold."""
    return tuple(term for term in must if not _holds(prompt, term))


def present(prompt: str, never: Iterable[str]) -> tuple[str, ...]:
    """Those that the prompt holds."""
    return tuple(term for term in never if _holds(prompt, term))


def repaired(prompt: str, must: Sequence[str], never: Sequence[str], form: Form) -> tuple[str, tuple[str, ...]]:
    """The prompt with all of `must` and none of `never`, and notes for the person; both pass check_terms.

    Of tags the whole tag is removed; of prose the clause, else the sentence, else the words. What is missing is
    appended: as tags, or as a last sentence.
    """
    notes = []
    forbidden = present(prompt, never)
    if forbidden:
        prompt = _without(prompt, never, form)
        notes.append(f"Taken out of the prompt, which must not hold them: {', '.join(forbidden)}.")
    absent = missing(prompt, must)
    if absent:
        prompt = _with(prompt, must, never, form)
        notes.append(f"Added to the prompt, which must hold them: {', '.join(absent)}.")
    return _spelt(prompt, must), tuple(notes)


def _spelt(prompt: str, must: Sequence[str]) -> str:
    """Each term letter by letter: where one stands in other capitals alone, the first of these is written anew."""
    for place, term in enumerate(must):
        if _stands_in(prompt, term):
            continue
        spans = [] if _SIGNS.search(term) else [one.span() for one in _SYNTAX.finditer(prompt)]
        found = next((one for one in _pattern(term).finditer(prompt) if not _is_within(spans, one)), None)
        made = f"{prompt[: found.start()]}{term}{prompt[found.end() :]}" if found else f"{prompt}, {term}"
        # Two terms that differ in capitals alone need a place each.
        prompt = made if all(_stands_in(made, other) for other in must[:place]) else f"{prompt}, {term}"
    return prompt


def _stands_in(prompt: str, term: str) -> bool:
    return any(found[0] == term for found in _pattern(term).finditer(prompt))


def _checked(term: str) -> str:
    if len(term) > LONGEST_TERM:
        raise TextsError(
            f"The term {_shown(term)} has {len(term)} characters; {LONGEST_TERM} are allowed. Shorten it, or put a"
            " comma where another term begins."
        )
    if not re.search(r"[^\W_]|[^\x00-\u00bf]", term):
        raise TextsError(f"The term {_shown(term)} has no letters. Take it out, or write words.")
    return term


def _shown(term: str) -> str:
    return f"'{term}'" if len(term) <= _SHOWN else f"'{term[:_SHOWN]}...'"


@lru_cache(maxsize=512)
def _pattern(term: str, before: str = "") -> re.Pattern[str]:
    words = r"\s+".join(map(re.escape, term.split()))
    begin = rf"(?<!{_LETTER})" if re.match(_LETTER, term) else ""
    end = rf"(?!{_LETTER})" if re.match(_LETTER, term[-1:]) else ""
    return re.compile(f"{before}{begin}{words}{end}", re.IGNORECASE)


def _holds(text: str, term: str) -> bool:
    found = _pattern(term).finditer(text)
    if _SIGNS.search(term):  # syntax itself is asked for
        return any(True for _ in found)
    syntax = [one.span() for one in _SYNTAX.finditer(text)]
    return any(not _is_within(syntax, one) for one in found)


def _is_within(spans: Sequence[tuple[int, int]], found: re.Match[str]) -> bool:
    return any(begin <= found.start() and found.end() <= end for begin, end in spans)


def _without(prompt: str, never: Sequence[str], form: Form) -> str:
    remove = _tags_without if form == "tags" else _prose_without
    for _ in range(_PASSES):
        if not present(prompt, never):
            return prompt
        shorter = _tidied(remove(prompt, never))
        prompt = shorter if len(shorter) < len(prompt) else _words_without(prompt, never)
    while present(prompt, never):
        prompt = _words_without(prompt, never)
    return prompt


def _tags_without(text: str, never: Sequence[str], depth: int = 0) -> str:
    """Whole tags are taken out, of those in brackets only the ones that are forbidden."""
    kept: list[Piece] = []
    for piece in pieces(text, _TAG_ENDS):
        made = _tag_without(piece.text, never, depth) if present(piece.text, never) else piece.text
        if made.strip():
            kept.append(Piece(made, piece.end))
        elif kept and piece.end in ("\n", "BREAK"):
            kept[-1] = Piece(kept[-1].text, f" {piece.end} " if piece.end == "BREAK" else piece.end)
    return joined(kept)


def _tag_without(tag: str, never: Sequence[str], depth: int) -> str:
    inside = group(tag) if depth < 20 else None
    if inside is None or not any(inside.inner[at] in ",，([{" for at in range(len(inside.inner))):
        return " ".join(_TAG.findall(tag))  # a LoRA beside the words stays
    inner = _tags_without(inside.inner, never, depth + 1).strip()
    return f"{inside.opening}{inner}{inside.closing}" if inner else ""


def _prose_without(text: str, never: Sequence[str]) -> str:
    sentences = [f"{one.text}{one.end}" for one in pieces(text, _SENTENCE_ENDS)]
    kept = [_sentence_without(one, never) if present(one, never) else one for one in sentences]
    made = "".join(kept)
    return made if re.search(r"\w", _TAG.sub("", made)) else _words_without(text, never)


def _sentence_without(sentence: str, never: Sequence[str]) -> str:
    """Without some of its clauses; all of it goes when the first one, on which the others hang, is forbidden."""
    first, *others = pieces(sentence, _CLAUSE_ENDS)
    if present(first.text, never):
        return _tags_of(sentence)
    ending = sentence[len(sentence.rstrip(" \t\n.!?。！？…")) :]
    kept = [first, *(one for one in others if not present(one.text, never))]
    if len(kept) == 1 + len(others):  # the term lies across clauses
        return _tags_of(sentence)
    tags = _tags_of("".join(one.text for one in others if present(one.text, never)))
    body = "".join(f"{one.text}{one.end}" for one in kept)
    body = body.rstrip(f"{_COMMAS}:—–.!?。！？…")
    return f"{body}{f' {tags.strip()}' if tags else ''}{ending}"


def _tags_of(text: str) -> str:
    return "".join(f"{tag} " for tag in _TAG.findall(text))


def _words_without(text: str, never: Sequence[str]) -> str:
    """The words themselves go, and with them what leads to them: `with a red hat`."""
    for term in present(text, never):
        for pattern in (_pattern(term, _BEFORE), _pattern(term)):
            if _holds(text, term):
                text = _outside_syntax(pattern, text, term)
    return _tidied(text)


def _outside_syntax(pattern: re.Pattern[str], text: str, term: str) -> str:
    if _SIGNS.search(term):
        return pattern.sub("", text)
    syntax = [one.span() for one in _SYNTAX.finditer(text)]
    return pattern.sub(partial(_kept_in, syntax), text)


def _kept_in(spans: Sequence[tuple[int, int]], found: re.Match[str]) -> str:
    return found[0] if _is_within(spans, found) else ""


def _tidied(text: str) -> str:
    """Without what removed words leave behind: empty brackets, commas beside commas, spaces before full stops."""
    for _ in range(_PASSES):  # brackets within brackets
        before = text
        text = re.sub(r"[(\[{]\s*(?:[,:]\s*-?[\d.]*\s*)?[)\]}]", "", text)
        text = re.sub(r"([(\[{])\s*[,，;；、|]\s*", r"\1", text)
        text = re.sub(r"(?<!\s)\s*[,，;；、|]\s*((?::\s*-?[\d.]+\s*)?[)\]}])", r"\1", text)
        if text == before:
            break
    text = re.sub(r"([,，;；、])(?:\s*[,，;；、])+", r"\1", text)
    text = re.sub(r"(?<=\S)[^\S\n]+(?=[,，;；、。！？]|[.!?](?:\s|$))", "", text)
    text = re.sub(r"[,，;；、:](?=[.。!！?？](?:\s|$))", "", text)
    text = re.sub(r"(?<=\S)[^\S\n]{2,}", " ", text).strip()
    return re.sub(r"^[.。](?=\s|$)", "", text.strip(_COMMAS)).strip()


def _with(prompt: str, must: Sequence[str], never: Sequence[str], form: Form) -> str:
    absent = missing(prompt, must)
    ways = (_added_tags,) if form == "tags" else _sentences(prompt)
    for add in ways:
        made = add(prompt, absent)
        if not missing(made, must) and not present(made, never):
            return made
    return ", ".join(must)  # nothing of such a prompt can stay


def _added_tags(prompt: str, absent: Sequence[str]) -> str:
    return ", ".join(filter(None, [prompt.rstrip(" \t\n,，"), *absent]))


def _sentences(prompt: str) -> Iterable[Callable[[str, Sequence[str]], str]]:
    """Ways to say it, for the first that holds no forbidden term itself."""
    if is_chinese(prompt):
        return [partial(_added_sentence, form, "、", "和") for form in ("画面中还有{}。", "还有{}。", "{}。")]
    forms = ("The picture also shows {}.", "It also shows {}.", "Also: {}.", "{}.")
    return [
        *(partial(_added_sentence, form, ", ", " and ") for form in forms),
        partial(_added_sentence, "{}.", ", ", ", "),
        partial(_added_sentence, "{}", ", ", ", "),
    ]


def _added_sentence(form: str, comma: str, last: str, prompt: str, absent: Sequence[str]) -> str:
    listed = last.join(filter(None, [comma.join(absent[:-1]), absent[-1]]))
    told, full = prompt.strip(), "。" if "。" in form else "."
    if told and not re.search(r"[.!?。！？…][\"”')\]」』>]*$", told):
        told = f"{told.rstrip(',，;；、: ')}{full}"
    return f"{told}{'' if full == '。' or not told else ' '}{form.format(listed)}"
