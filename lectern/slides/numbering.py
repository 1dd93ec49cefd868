"""Slide numbers as people write them."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from ..errors import TextError
from .sequence import spread

_ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"),
    (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip
_CHINESE = ("零一二三四五六七八九", ("", "十", "百", "千"), "万")
_FINANCIAL = ("零壹贰叁肆伍陆柒捌玖", ("", "拾", "佰", "仟"), "萬")

PATH = "1.2.3"
STYLES = ("1", "01", "i", "I", "a", "A", "一", "壹", PATH)
_DEEPEST = 9  # levels of chapters, sections and so on


class Numbering(NamedTuple):
    style: str  # one of STYLES
    template: str  # {n}, {total} and {path} are replaced
    start: int  # number of the first picture
    skip_first: int  # pictures at the beginning that count but carry no number
    levels: tuple[str, ...] = ()  # one for each picture or one for all, "1" chapter, "2" section; none: all are 1


def number_texts(count: int, numbering: Numbering) -> list[str]:
    """What to write on each of `count` pictures; empty on the skipped ones and on those of level 0.

    Raises:
        LengthError: another number of levels than pictures.
        TextError: a level that is not a whole number from 0 to 9, or a placeholder that does not exist.
    """
    last = numbering.start + count - 1
    levels = [read_level(level) for level in spread(numbering.levels or ("1",), count, "levels")]
    paths = number_paths(levels, numbering.start)
    final = next((path for path in reversed(paths) if path), "")

    def text(index: int) -> str:
        if index < numbering.skip_first or not paths[index]:
            return ""
        if numbering.style == PATH:
            number, total = paths[index], final
        else:
            number, total = (format_number(n, numbering.style, last) for n in (numbering.start + index, last))
        return fill(numbering.template, {"n": number, "total": total, "path": paths[index]})

    return [text(index) for index in range(count)]


def read_level(text: str) -> int:
    """
    Raises:
        TextError: not a whole number from 0 to 9.
    """
    level = text.strip()
    if level.isascii() and level.isdigit() and int(level[:4]) <= _DEEPEST:
        return int(level)
    raise TextError(
        f"The level {text.strip()[:20]!r} is not a whole number from 0 to {_DEEPEST}. Write one for each picture, for"
        " example 1 for a chapter, 2 for a section in it, 0 for a picture without a number."
    )


def number_paths(levels: Sequence[int], start: int) -> list[str]:
    """Levels 1, 2, 2, 1 -> 1, 1.1, 1.2, 2; the first chapter is `start`; level 0 gives "" and does not count."""
    path: list[int] = []
    paths = []
    for level in levels:
        if level:
            deeper = level > len(path)
            path = path[:level] + [start if not path else 1] * (len(path) < level)
            path += [1] * (level - len(path))
            if not deeper:
                path[-1] += 1
        paths.append(".".join(map(str, path)) if level else "")
    return paths


def format_number(number: int, style: str, total: int) -> str:
    """A slide's number in a style; `01` is as wide as the total needs, at least two digits.

    Numbers that a style cannot write (0 or less in Roman or letters) are written in digits.
    """
    if style == "01":
        return str(number).zfill(max(2, len(str(total))))
    if style in ("一", "壹"):
        return chinese(number, _CHINESE if style == "一" else _FINANCIAL)
    if style in ("1", PATH) or number < 1:
        return str(number)
    if style in ("i", "I"):
        return roman(number) if style == "I" else roman(number).lower()
    return letters(number) if style == "A" else letters(number).lower()


def roman(number: int) -> str:
    parts = []
    for value, sign in _ROMAN:
        count, number = divmod(number, value)
        parts.append(sign * count)
    return "".join(parts)


def letters(number: int) -> str:
    """1 A, 26 Z, 27 AA: as spreadsheets name columns."""
    text = ""
    while number > 0:
        number, letter = divmod(number - 1, 26)
        text = chr(ord("A") + letter) + text
    return text


def chinese(number: int, signs: tuple[str, tuple[str, ...], str] = _CHINESE) -> str:
    """Chinese numerals below 100 million; 10 to 19 begin with the ten alone in the everyday form."""
    digits, units, myriad = signs
    if number < 0 or number >= 10**8:
        return str(number)
    if number >= 10000:
        high, low = divmod(number, 10000)
        gap = digits[0] if 0 < low < 1000 else ""
        return chinese(high, signs) + myriad + gap + (chinese(low, signs) if low else "")
    if number == 0:
        return digits[0]
    text = ""
    for place in reversed(range(4)):
        digit = number // 10**place % 10
        if digit:
            text += digits[digit] + units[place]
        elif text and number % 10**place and not text.endswith(digits[0]):
            text += digits[0]
    return text.removeprefix(digits[1]) if 10 <= number < 20 and signs is _CHINESE else text


def fill(template: str, values: dict[str, str]) -> str:
    """Replaces `{name}` in a person's template; nothing else in it has a meaning.

    Raises:
        TextError: a placeholder that does not exist, with the ones that do.
    """

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            known = " ".join(f"{{{name}}}" for name in values)
            raise TextError(f"The text uses {match[0]}, which does not exist. Use {known}.")
        return values[match[1]]

    return re.sub(r"\{(\w+)\}", value, template)
