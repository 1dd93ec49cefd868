"""A prompt's text in pieces: split at commas and the like, but not within brackets, quotes or <>."""

import re
from collections.abc import Sequence
from typing import NamedTuple

_BRACKETS = {"(": ")", "[": "]", "{": "}", "<": ">", "“": "”", "「": "」", "『": "』", "（": "）"}
_MARKS = re.compile(r"\\.|[()\[\]{}<>“”「」『』（）\"]", re.DOTALL)
_GROUP = re.compile(r"(\s*[(\[{])(.*?)((?::\s{0,3}-?[0-9.]{1,8}\s{0,3})?[)\]}]\s*)", re.DOTALL)


class Piece(NamedTuple):
    text: str  # with the spaces around it
    end: str  # what separates it from the next; empty at the end


class Group(NamedTuple):
    opening: str
    inner: str
    closing: str  # with the weight


def pieces(text: str, ends: re.Pattern[str]) -> list[Piece]:
    """The text in order. Brackets that never close are taken for ordinary characters."""
    covered, balanced = _covered(text)
    found, begin = [], 0
    for end in ends.finditer(text):
        if not (balanced and covered[end.start()]):
            found.append(Piece(text[begin : end.start()], end[0]))
            begin = end.end()
    return [*found, Piece(text[begin:], "")]


def joined(parts: Sequence[Piece]) -> str:
    """The text of them, without what would separate the last from another."""
    if not parts:
        return ""
    return "".join(f"{part.text}{part.end}" for part in parts[:-1]) + parts[-1].text


def group(text: str) -> Group | None:
    """What is between the brackets that enclose the whole text."""
    found = _GROUP.fullmatch(text)
    if found is None:
        return None
    covered, balanced = _covered(text)
    begin, end = len(found[1]) - 1, len(text.rstrip()) - 1
    return Group(found[1], found[2], found[3]) if balanced and all(covered[begin:end]) else None


def _covered(text: str) -> tuple[bytearray, bool]:
    """For each character whether it lies within brackets or quotes, and whether all of them close."""
    covered = bytearray(len(text) + 1)
    waiting: list[str] = []
    begin = 0
    for mark in _MARKS.finditer(text):
        sign = mark[0]
        if waiting and sign == waiting[-1]:
            waiting.pop()
            if not waiting:
                covered[begin : mark.start()] = b"\x01" * (mark.start() - begin)
        elif sign in _BRACKETS or sign == '"':
            begin = begin if waiting else mark.start()
            waiting.append(_BRACKETS.get(sign, '"'))
    return covered, not waiting
