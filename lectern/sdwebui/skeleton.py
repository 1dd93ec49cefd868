"""Reads an answer without turning its pictures into text first.

An answer is JSON of which nearly all is base64. Parsing it whole would copy every picture twice, as text; here the
long strings are cut out of the bytes as they lie, and only the rest is parsed.
"""

import json
from collections.abc import Mapping
from typing import Any

_LONG = 2048  # bytes from which a string counts as a picture
_MOST_STRINGS = 200_000  # looked at one by one; an answer of more is parsed as plain JSON
_MOST_REST = 64 * 1024 * 1024  # bytes beside the long strings
_HOLE = "\x00lectern "  # no server sends this


def read_long(body: bytes | bytearray) -> tuple[Any, Mapping[str, memoryview]]:
    """The JSON content in which each long string is a short key, and what the keys stand for.

    Raises:
        ValueError: this is no JSON, it nests too deep, or holds far more than pictures.
    """
    holes: dict[str, memoryview] = {}
    pieces: list[bytes | memoryview] = []
    view = memoryview(body)
    kept = 0
    for start, end in _long_strings(body):
        key = f"{_HOLE}{len(holes)}"
        holes[key] = view[start:end]
        pieces += [view[kept:start], json.dumps(key)[1:-1].encode()]
        kept = end
    pieces.append(view[kept:])
    if sum(map(len, pieces)) > _MOST_REST:
        raise ValueError("too much beside the pictures")
    try:
        return json.loads(b"".join(pieces)), holes
    except RecursionError:
        raise ValueError("nested too deep") from None


def _long_strings(body: bytes | bytearray) -> list[tuple[int, int]]:
    """Where the long strings without escapes begin and end, quotes not included."""
    found = []
    at = 0
    for _ in range(_MOST_STRINGS):
        start = body.find(b'"', at) + 1
        if start == 0:
            return found
        end = _closing(body, start)
        if end < 0:
            return found
        if end - start >= _LONG and body.find(b"\\", start, end) < 0:
            found.append((start, end))
        at = end + 1
    return found


def _closing(body: bytes | bytearray, start: int) -> int:
    """The place of the quote that ends the string, or -1."""
    end = body.find(b'"', start)
    while end > 0:
        slashes = 0
        while body[end - 1 - slashes] == 0x5C:  # a backslash; an even number of them leaves the quote a quote
            slashes += 1
        if slashes % 2 == 0:
            return end
        end = body.find(b'"', end + 1)
    return -1
