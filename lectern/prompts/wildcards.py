"""Wildcards: `__name__` in a prompt becomes a line of `name.txt`, drawn anew for each occurrence.

`__clothes/hats__` is a file in a folder, `__colors*__` draws from all files whose names fit (`*` stays within a folder,
`**` does not). Names consist of letters, digits, spaces, `-` and `_`, and begin and end with a letter or digit. Empty
lines and those that begin with # do not count. A drawn line may hold wildcards itself. Of several folders the first
that has the file is taken; what a link points to outside them is not there.

A name without a file is an error, since it is a slip of the pen most of the time. It stays as it was written where no
folder holds any wildcard, where it touches a letter, digit or full stop (`module.__init__`), or within `<...>`.
In `__a__b__` the name is `a`: a name ends at the next two underscores.
"""

import difflib
import os
import random
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import islice
from pathlib import Path

from .errors import TextsError
from .textfiles import Stamp, read_utf8, stamp_of

LONGEST = 100_000  # characters of a text that is filled
MOST_FILES = 20_000  # that are looked at in all folders
_DEEPEST = 20  # wildcards within each other
_MOST_DRAWN = 5000
_MOST_STARS = 4
_MOST_USED = 1000  # files of one name with stars; names whose changes count
_REMEMBERED = 256  # files

_MARKS = r"\u0300-\u036f\u0900-\u0dff"  # parts of letters that \w leaves out
_EDGE = r"[^\W_*]|\*"
_NAME = re.compile(rf"__((?:{_EDGE})(?:(?:(?!__)[\w{_MARKS} /*-]){{0,200}}?(?:{_EDGE}|[{_MARKS}]))??)__")

_memory: dict[Path, tuple[Stamp, tuple[str, ...]]] = {}


def filled(text: str, folders: Sequence[Path], seed: int) -> str:
    """The text with a line for each wildcard; the same for the same text, files and seed everywhere.

    What one wildcard becomes does not depend on which others stand beside it.

    Raises:
        TextsError: an unknown name, a wildcard that leads to itself, a file that cannot be read, or too much of all.
    """
    if "__" not in text:
        return text
    return _Filling(folders, seed).fill(text, ())


def used(text: str, folders: Sequence[Path]) -> str:
    """Changes when a file does that the text may use, also by way of other wildcards; empty when it uses none."""
    found: dict[str, list[tuple[str, Stamp | None]]] = {}
    waiting = _names(text)
    while waiting and len(found) < _MOST_USED:
        name = waiting.pop()
        if name in found:
            continue
        files = _usable(name, folders)
        found[name] = [(str(file), stamp_of(file)) for file in files]
        for file in files:
            waiting += _names_within(file)
    unknown = any(not files for files in found.values())
    return repr((sorted(found.items()), unknown and _has_any(folders))) if found else ""


def stamp(folders: Sequence[Path]) -> str:
    """Changes when any file does, comes or goes."""
    found = [(str(file), stamp_of(file)) for _, file in islice(_walk(folders), MOST_FILES)]
    return blake2b(repr(found).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


class _Filling:
    """One text on its way."""

    def __init__(self, folders: Sequence[Path], seed: int) -> None:
        self._folders = folders
        self._seed = seed
        self._known: dict[str, list[str]] = {}  # lines by name
        self._drawn: Counter[str] = Counter()
        self._length = 0  # of all lines drawn

    def fill(self, text: str, within: tuple[str, ...]) -> str:
        """
        Args:
            within: the wildcards that led here.
        """
        if len(text) > LONGEST:
            raise _too_long()
        return _NAME.sub(lambda found: self._line(found, within), text)

    def _line(self, found: re.Match[str], within: tuple[str, ...]) -> str:
        name = _normal(found[1])
        if name in within or len(within) >= _DEEPEST:
            raise TextsError(
                f"The wildcard __{name}__ leads back to itself or is more than {_DEEPEST} deep: it was reached by"
                f" {', '.join(f'__{one}__' for one in within[-5:])}. Take it out of one of these files."
            )
        if name not in self._known:
            files = _files(name, self._folders)
            if not files:
                return self._unknown(name, found)
            self._known[name] = [line for file in files for line in _lines(file)]
        line = self._draw(name, self._known[name])
        return self.fill(line, (*within, name)) if "__" in line else line

    def _draw(self, name: str, lines: Sequence[str]) -> str:
        if not lines:
            raise TextsError(f"The wildcard __{name}__ has no lines to draw from. Write some into its file.")
        self._drawn[name] += 1
        if self._drawn.total() > _MOST_DRAWN:
            raise TextsError(f"More than {_MOST_DRAWN} wildcards are drawn for one text. Write fewer into it.")
        line = lines[random.Random(f"{self._seed}\n{name}\n{self._drawn[name]}").randrange(len(lines))]
        self._length += len(line)
        if self._length > LONGEST:
            raise _too_long()
        return line

    def _unknown(self, name: str, found: re.Match[str]) -> str:
        text, begin, end = found.string, found.start(), found.end()
        touched = re.match(r"[\w.]", text[begin - 1 : begin]) or re.match(r"\w", text[end : end + 1])
        tagged = text.rfind("<", max(0, begin - 300), begin) > text.rfind(">", max(0, begin - 300), begin)
        if touched or tagged or not _has_any(self._folders):
            return found[0]
        known = [one for one, _ in islice(_walk(self._folders), MOST_FILES)]
        near = difflib.get_close_matches(name, sorted(set(known)), 5, 0.5) or sorted(set(known))[:5]
        raise TextsError(
            f"There is no wildcard __{name}__; there is {', '.join(f'__{one}__' for one in near)}. Correct the name, or"
            f" put {name}.txt into one of {', '.join(str(folder) for folder in self._folders)}."
        )


def _too_long() -> TextsError:
    return TextsError(f"With its wildcards filled the text is longer than {LONGEST} characters. Shorten their lines.")


def _normal(name: str) -> str:
    """Letters with accents are written in two ways, and file systems differ in which."""
    return unicodedata.normalize("NFC", name)


def _names(text: str) -> list[str]:
    return [_normal(name) for name in _NAME.findall(text)] if "__" in text else []


def _usable(name: str, folders: Sequence[Path]) -> list[Path]:
    try:
        return _files(name, folders)
    except TextsError:
        return []  # said when the text is filled


def _names_within(file: Path) -> list[str]:
    try:
        return [name for line in _lines(file) for name in _names(line)]
    except TextsError:
        return []


def _files(name: str, folders: Sequence[Path]) -> list[Path]:
    """That a name stands for: one, or with stars any number, in the order of their names."""
    if "*" not in name:
        candidates = [
            folder / f"{unicodedata.normalize(form, name)}.txt" for folder in folders for form in ("NFC", "NFD")
        ]
        file = next((one for one in candidates if "//" not in name and _is_inside(one, folders)), None)
        return [] if file is None else [file]
    pattern = _glob(name)
    found: dict[str, Path] = {}
    for known, file in islice(_walk(folders), MOST_FILES):
        if pattern.fullmatch(known) and known not in found and _is_inside(file, folders):
            found[known] = file
        if len(found) > _MOST_USED:
            raise TextsError(f"More than {_MOST_USED} files fit the wildcard __{name}__. Write a name that fits fewer.")
    return [found[known] for known in sorted(found)]


def _glob(name: str) -> re.Pattern[str]:
    parts = re.split(r"(\*+)", name)
    if len(parts) // 2 > _MOST_STARS:
        raise TextsError(f"The wildcard __{name}__ has more than {_MOST_STARS} stars. Write a name with fewer.")
    made = [re.escape(part) if "*" not in part else "[^/]*" if part == "*" else ".*" for part in parts]
    return re.compile("".join(made))


def _is_inside(file: Path, folders: Sequence[Path]) -> bool:
    """Whether it is a file, and in one of the folders also when links are followed."""
    if stamp_of(file) is None:
        return False
    real = file.resolve()
    return any(real.is_relative_to(folder.resolve()) for folder in folders)


def _walk(folders: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """Names and files, links to folders not followed; in the same order everywhere."""
    for folder in folders:
        for place, inner, names in os.walk(folder):
            inner.sort()
            for name in sorted(names):
                if name.endswith(".txt"):
                    file = Path(place, name)
                    yield _normal(file.relative_to(folder).with_suffix("").as_posix()), file


def _has_any(folders: Sequence[Path]) -> bool:
    return next(_walk(folders), None) is not None


def _lines(file: Path) -> tuple[str, ...]:
    now = stamp_of(file)
    known = _memory.get(file)
    if now is None or known is None or known[0] != now:
        texts = (line.strip() for line in read_utf8(file).split("\n"))
        known = (now or (0, 0, 0), tuple(text for text in texts if text and not text.startswith("#")))
        if len(_memory) >= _REMEMBERED:
            _memory.clear()
        _memory[file] = known
    return known[1]
