"""The one place that writes: results to the standard output, everything else beside it."""

import json
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

# What comes from servers may hold codes that move a terminal's cursor or turn its text around.
_CODES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    return _CODES.sub("", text)


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
    except UnicodeEncodeError:  # a terminal with an old code page
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "replace").decode(encoding))
    stream.flush()


def tell(text: str) -> None:
    """A result: what a script wants to read."""
    _write(sys.stdout, plain(text) + "\n")


def note(text: str) -> None:
    """For the person at the terminal."""
    _write(sys.stderr, plain(text) + "\n")


def tell_json(value: object) -> None:
    tell(json.dumps(value, ensure_ascii=False, indent=2))


def tell_table(rows: Sequence[Sequence[Any]]) -> None:
    """Columns as wide as they need to be; the last one is not filled up."""
    texts = [[plain("" if cell is None else str(cell)).replace("\n", " ") for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for row in texts:
        tell("  ".join(_padded(row, widths)).rstrip())


def _padded(row: Iterable[str], widths: Iterable[int]) -> Iterable[str]:
    return (cell.ljust(width) for cell, width in zip(row, widths, strict=True))


class Status:
    """One line beside the results that says how a run goes: redrawn on a terminal, else a line for each change."""

    def __init__(self) -> None:
        self._moving = sys.stderr.isatty()
        self._last: object = None

    def show(self, text: str, change: object) -> None:
        """`change`: in a pipe the text is only written when this is another than before."""
        if self._moving:
            _write(sys.stderr, "\r\x1b[K" + plain(text)[: _width()])
        elif change != self._last:
            note(text)
        self._last = change

    def close(self) -> None:
        if self._moving and self._last is not None:
            _write(sys.stderr, "\n")


def _width() -> int:
    import shutil

    return shutil.get_terminal_size().columns - 1
