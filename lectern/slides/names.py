"""File names made from a template and from titles, safe on every system."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from ..errors import TextError
from .numbering import fill

PLACEHOLDERS = ("prefix", "counter", "n", "total", "date", "title")

_SEPARATORS = re.compile(r'[/\\:*?"<>|]')  # what some system does not allow in a name
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])", re.IGNORECASE)
_INVISIBLE = {"Cc", "Cs", "Cf", "Co", "Cn", "Zl", "Zp"}  # controls, half characters, direction marks, line ends
_JOINERS = "\u200c\u200d"  # part of how Persian and Indic words are written
_TITLE = 100  # characters of a title in a name
_BYTES = 180  # of a whole name without its suffix: file systems allow 255 with it


def check_template(template: str) -> None:
    """Raises TextError: a placeholder that does not exist, a separator, or nothing at all."""
    plain = fill(template, dict.fromkeys(PLACEHOLDERS, "x"))
    wrong = _SEPARATORS.search(plain)
    if wrong:
        raise TextError(
            f"The file name {template[:80]!r} holds {wrong[0]!r}, which names cannot. Put folders in filename_prefix."
        )
    if not plain.strip():
        raise TextError("The file name is empty. Use for example {prefix}_{counter}_ or {n} {title}.")


def file_stems(template: str, prefix: str, counter: int, date: str, titles: Sequence[str]) -> list[str]:
    """A name without suffix for each title (of each picture), all different also where case does not count.

    {n} counts this run's pictures from 1, padded with zeros to the width of the last; {counter} goes on from the files
    that are there, as ComfyUI counts.

    Raises:
        TextError: see check_template.
    """
    check_template(template)
    total = len(titles)
    width = max(2, len(str(total)))
    values = [
        {
            "prefix": prefix.replace("%batch_num%", str(index)),
            "counter": f"{counter + index:05}",
            "n": f"{index + 1:0{width}}",
            "total": str(total),
            "date": date,
            "title": plain(title[:_TITLE]) or "untitled",
        }
        for index, title in enumerate(titles)
    ]
    return different(safe(fill(template, one)) or "untitled" for one in values)


def safe(text: str) -> str:
    """A text as a whole file name without suffix; may be empty."""
    text = plain(text)
    return f"_{text}" if _RESERVED.fullmatch(text.split(".")[0].strip()) else text


def plain(text: str) -> str:
    """What is left of a text as part of a file name; may be empty."""
    text = unicodedata.normalize("NFC", text)
    text = "".join(" " if letter.isspace() else letter for letter in text)
    text = "".join(letter for letter in text if letter in _JOINERS or unicodedata.category(letter) not in _INVISIBLE)
    text = re.sub(" +", " ", _SEPARATORS.sub("-", text))
    text = text.encode()[:_BYTES].decode(errors="ignore")
    return text.strip(" .")  # Windows drops both at the end, and a dot in front hides a file


def different(stems: Iterable[str]) -> list[str]:
    """The names with (2), (3) after those that were there before."""
    seen: dict[str, int] = {}
    result = []
    for stem in stems:
        candidate = stem
        while candidate.casefold() in seen:
            seen[stem.casefold()] += 1
            candidate = numbered(stem, seen[stem.casefold()])
        seen[candidate.casefold()] = 1
        result.append(candidate)
    return result


def numbered(stem: str, number: int) -> str:
    return f"{stem} ({number})"
