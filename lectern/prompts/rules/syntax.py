"""Prompts as A1111 and ComfyUI read them: brackets, weights, LoRA tags and BREAK, none of which a rule may break."""

import re
from collections.abc import Iterator
from functools import lru_cache

from .sentences import is_east_asian, size

_EXTRA = re.compile(r"<\w+:[^<>\n]*>")
_WEIGHT = re.compile(r"(?<=[^\s:]):\s*-?\d+(?:\.\d+)?(?=\s*[)\]])")
_KEYWORDS = re.compile(r"\b(?:BREAK|AND)\b")
_OPEN, _CLOSE = "([{<", ")]}>"
_MARKS = ",;.!?，；。！？、\n"
_EMPTY = re.compile(r"[(\[] ?(?:: ?-?[\d.]+)? ?[)\]]")
_BINDING = (
    "with|and|or|of|in|on|at|near|by|beside|behind|under|over|above|through|from|holding|wearing|und|mit|auf|et|avec|sur|"
    "y|con|en"
)
_ARTICLES = "a|an|the|some|any|no|its|his|her|their|ein|eine|einen|einem|einer|der|die|das|un|une|le|la|les|el|los|las"
_SMALL_PART = 4  # words: a part of a prompt that goes as a whole


def plain(text: str) -> str:
    """What the prompt says, without its syntax."""
    text = _KEYWORDS.sub(",", _WEIGHT.sub("", _EXTRA.sub(" ", text)))
    text = re.sub(r"[\[\](){}\\|]", " ", text)
    return re.sub(r"\s+([,.;:!?])", r"\1", " ".join(text.split())).strip(" ,;")


def extras(text: str) -> list[str]:
    """LoRA tags and their like, which are no words."""
    return _EXTRA.findall(text)


def has_syntax(text: str) -> bool:
    return bool(_EXTRA.search(text) or _WEIGHT.search(text) or _KEYWORDS.search(text) or re.search(r"[\[({]", text))


def holds(text: str, term: str) -> bool:
    """Whether the term stands in the text, as whole words and in any case; LoRA tags are not looked into."""
    return bool(term.strip()) and bool(_pattern(term).search(_EXTRA.sub("\n", text)))


@lru_cache(maxsize=256)
def _pattern(term: str, before: str = "") -> re.Pattern[str]:
    inner = r"\s+".join(re.escape(word) for word in term.split())
    left = r"(?<!\w)" if re.match(r"\w", term.strip()) and not is_east_asian(term[:1]) else ""
    right = r"(?!\w)" if re.search(r"\w$", term.strip()) and not is_east_asian(term.strip()[-1:]) else ""
    return re.compile(f"{before}{left}{inner}{right}", re.IGNORECASE)


def without(text: str, term: str) -> str:
    """The text without the term: a short part between commas goes as a whole, else the phrase that it ends."""
    while holds(text, term):
        parts = [_part_without(part, mark, term) for part, mark in _parts(text)]
        text = _tidy("".join(parts))
    return text


def _part_without(part: str, mark: str, term: str) -> str:
    if not holds(part, term):
        return part + mark
    grouped = part.strip().startswith(("(", "[")) and any(sign in part for sign in ",，")
    if not grouped and size(plain(part)) <= max(_SMALL_PART, size(term)) and not extras(part):
        return mark if mark in "\n.!?。！？" else ""
    return _excised(part, term, grouped) + mark


def _excised(part: str, term: str, grouped: bool) -> str:
    """Outside LoRA tags, with the words that bind it: "a dog with a big red ball" becomes "a dog"."""
    if grouped:
        before, after = "", r"\s*[,，]?\s*"
    elif is_east_asian(term):
        before, after = r"[和与及带着有]?(?:一[个只条张片座位名])?", ""
    else:
        phrase = rf"\b(?:{_BINDING})\s+(?:(?!(?:{_BINDING})\b)[\w'-]+\s+){{0,4}}"
        before, after = rf"(?:{phrase}|\b(?:{_ARTICLES})\s+)?", ""
    pattern = re.compile(_pattern(term, before).pattern + after, re.IGNORECASE)
    kept = _EXTRA.split(part)
    tags = [*extras(part), ""]
    return "".join(pattern.sub("", text) + tag for text, tag in zip(kept, tags, strict=True))


def _tidy(text: str) -> str:
    """Without what a term that was taken out leaves behind."""
    text = re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]{2,}", " ", text))
    text = re.sub(r"(?<=[\[{|]) ?\| ?| ?\| ?(?=[\]}])", "", text)  # an alternative of which nothing is left
    text = _EMPTY.sub("", text)
    text = re.sub(r"([(\[]) ?, ?", r"\1", re.sub(r", ?(?=[:)\]])", "", text))
    text = re.sub(r" {2,}", " ", re.sub(r" (?=[,.;!?])", "", text))
    return re.sub(r"(?:, ?){2,}", ", ", text).strip(" \t\n,;，；")


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """What stands between marks outside all brackets, each with the mark behind it."""
    start, depth, at = 0, 0, 0
    while at < len(text):
        sign = text[at]
        if sign == "\\":
            at += 1
        elif sign in _OPEN:
            depth += 1
        elif sign in _CLOSE:
            depth = max(0, depth - 1)
        elif sign in _MARKS and not depth and not _within_number(text, at):
            yield text[start:at], sign
            start = at + 1
        at += 1
    yield text[start:], ""


def _within_number(text: str, at: int) -> bool:
    return text[at] == "." and text[at + 1 : at + 2].isdigit()


def tags(text: str) -> list[str]:
    """The parts of a prompt, without the marks between them."""
    return [part.strip() for part, _ in _parts(text) if part.strip()]
