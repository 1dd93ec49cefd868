"""The JSON object in what a chat model answered, however loosely it is written.

Read is all of JSON, and what models make of it: prose and code fences around, trailing or missing commas, full-width
ones, `//` comments, Python's True, False and None, names without quotes, strings in single or curved quotes, strings
that run over lines or hold quotes that nobody escaped. Where an attempt ends the next one begins, so the time is
proportional to the length of the text, whatever it holds.
"""

import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

LONGEST = 500_000  # characters of an answer that are read
DEEPEST = 50  # lists and objects within each other
_NUMBER = 40  # characters

_SPACE = re.compile(r"(?:\s+|//[^\n]*)*+")
_BARE = re.compile(r"[^\W\d][\w-]{0,99}(?=\s*+[:：])")
_WORD = re.compile(r"[A-Za-z]{1,12}(?!\w)")
_DIGITS = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
# What follows the quote that ends a value; where a comma is missing, that is a line that begins with a quote.
_END = r"\s*+(?:[,}\]，]|//|$)"
_END_OF_LINE = rf'{_END}|[^\S\n]*+\n\s*+"'
_VALUES = {
    '"': re.compile(rf'"((?:[^"\\]|\\.|"(?!{_END_OF_LINE}))*+)"', re.DOTALL),
    "'": re.compile(rf"'((?:[^'\\]|\\.|'(?!{_END}))*+)'", re.DOTALL),
    "“": re.compile(r"“((?:[^”\\]|\\.)*+)”", re.DOTALL),
}
_NAMES = _VALUES | {quote: re.compile(rf"{quote}((?:[^{quote}\\]|\\.)*+){quote}", re.DOTALL) for quote in "\"'"}
_LITERALS = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "", "f": ""}
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def read_json(text: str, list_field: str = "") -> dict[str, Any]:
    """The largest object in the text.

    Args:
        list_field: the name under which a list is taken that stands there instead of an object.

    Raises:
        ValueError: there is none; a few words for people that say why, without the text.
    """
    if len(text) > LONGEST:
        raise ValueError(f"it is longer than {LONGEST} characters")
    scan = _Scan(text)
    for one in sorted(scan.found(), key=lambda one: one.size, reverse=True):
        made = _object(one.value, list_field)
        if made is not None:
            return made
    raise ValueError(scan.trouble)


class _Found(NamedTuple):
    value: Any
    size: int  # characters


class _Broken(Exception):
    """What is wrong, in words for people."""


class _Scan:
    """Everything in a text that can be read, from left to right."""

    def __init__(self, text: str) -> None:
        self.trouble = "there is no JSON object in it"
        self._text = text

    def found(self) -> Iterator[_Found]:
        at, opening = 0, re.compile(r"[{\[]")
        while begin := opening.search(self._text, at):
            reader = _Reader(self._text, begin.start())
            try:
                value = reader.value(0)
                yield _Found(value, reader.at - begin.start())
            except _Broken as broken:
                self.trouble = str(broken)
            at = max(reader.at, begin.end())


class _Reader:
    """One attempt. Where it broke off is `at`."""

    def __init__(self, text: str, at: int) -> None:
        self.at = at
        self._text = text

    def value(self, depth: int) -> Any:
        if depth > DEEPEST:
            self.at = len(self._text)  # what lies deeper is no answer either
            raise _Broken(f"its lists or objects are more than {DEEPEST} deep")
        first = self._peek()
        if first == "{":
            return self._members(depth)
        if first == "[":
            return self._entries(depth)
        if first in _VALUES:
            return self._string(_VALUES[first])
        return self._number() if first in "-0123456789" else self._literal()

    def _members(self, depth: int) -> dict[str, Any]:
        self.at += 1
        made: dict[str, Any] = {}
        while self._peek() != "}":
            name = self._name()
            if self._peek() not in ":：":
                raise _Broken("a name in the JSON has no value")
            self.at += 1
            made[name] = self.value(depth + 1)
            self._comma()
        self.at += 1
        return made

    def _entries(self, depth: int) -> list[Any]:
        self.at += 1
        made: list[Any] = []
        while self._peek() != "]":
            made.append(self.value(depth + 1))
            self._comma()
        self.at += 1
        return made

    def _name(self) -> str:
        first = self._text[self.at]
        if first in _NAMES:
            return self._string(_NAMES[first])
        bare = _BARE.match(self._text, self.at)
        if bare is None:
            raise _Broken("it is not correct JSON")
        self.at = bare.end()
        return bare[0]

    def _string(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self.at)
        if found is None:
            self.at = len(self._text)  # and not to be looked for again
            raise _Broken("it ends in the middle of the JSON")
        self.at = found.end()
        return _plain(found[1])

    def _number(self) -> int | float:
        found = _DIGITS.match(self._text, self.at)
        if found is None:
            raise _Broken("it is not correct JSON")
        self.at = found.end()
        if len(found[0]) > _NUMBER:
            raise _Broken("it holds a number that is too long")
        number = float(found[0]) if set(found[0]) & set(".eE") else int(found[0])
        if not math.isfinite(number):
            raise _Broken("it holds a number that is too large")
        return number

    def _literal(self) -> bool | None:
        found = _WORD.match(self._text, self.at)
        if found is None or found[0] not in _LITERALS:
            raise _Broken("it is not correct JSON")
        self.at = found.end()
        return _LITERALS[found[0]]

    def _comma(self) -> None:
        if self._peek() in ",，":
            self.at += 1

    def _peek(self) -> str:
        """The next character that counts."""
        space = _SPACE.match(self._text, self.at)
        self.at = space.end() if space else self.at
        if self.at >= len(self._text):
            raise _Broken("it ends in the middle of the JSON")
        return self._text[self.at]


def _plain(written: str) -> str:
    return sound(unescaped(written))


def unescaped(written: str) -> str:
    return _ESCAPE.sub(_unescaped, written) if "\\" in written else written


def sound(text: str) -> str:
    """Without what no text should hold: control characters, halves of a pair."""
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _unescaped(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else _ESCAPES.get(found[2], found[2])


def _object(value: Any, list_field: str) -> dict[str, Any] | None:
    """What was read as an object, when it can be taken for one."""
    if isinstance(value, dict):
        return value
    alone = value[0] if len(value) == 1 and isinstance(value[0], dict) else None
    if alone is not None and (not list_field or list_field in alone):
        return alone
    return {list_field: value} if list_field and value else None
