"""The header of a GGUF file, read without the package gguf. Nothing here reads a weight.

The layout: magic, version, number of tensors, number of metadata pairs; then the pairs, then for each tensor its name,
sides (the innermost first), type and offset; then the weights
(https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
"""

import struct
from pathlib import Path
from typing import BinaryIO

from ..weightfiles import Stored
from .errors import FolderError

MAGIC = b"GGUF"
VERSIONS = (2, 3)
LARGEST_COUNT = 1 << 20  # of tensors, metadata pairs or array items
LARGEST_TEXT = 1 << 26  # bytes
DEEPEST = 4  # arrays in arrays
STRING, ARRAY = 8, 9
WIDTHS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}  # bytes of a number, by its type
# Type -> name, weights in a block, bytes of a block.
TYPES = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110), 12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210), 20: ("IQ4_NL", 32, 18), 23: ("IQ4_XS", 256, 136),
    30: ("BF16", 1, 2),
}  # fmt: skip


class _Damaged(Exception):
    """What is wrong with the header."""


def read_gguf_head(file: Path) -> dict[str, Stored]:
    """Tensor names with their shapes as torch writes them, the innermost side last.

    Raises:
        FolderError: no GGUF file, a damaged header, weights of a kind that diffusers does not read, or a cut file.
    """
    try:
        with file.open("rb") as source:
            return _tensors(source, file.stat().st_size)
    except (_Damaged, struct.error, OSError) as error:
        what = "its header is damaged" if isinstance(error, struct.error) else getattr(error, "strerror", str(error))
        raise FolderError(
            f"{file.parent.name}/{file.name} is not a whole GGUF file that can be read: {what}. Get that file anew."
        ) from error


def _tensors(source: BinaryIO, size: int) -> dict[str, Stored]:
    if source.read(4) != MAGIC:
        raise _Damaged("it does not begin as one")
    (version,) = _numbers(source, "I")
    if version not in VERSIONS:
        raise _Damaged(f"its version is {version}, known are {' and '.join(map(str, VERSIONS))}")
    tensors, pairs = _numbers(source, "QQ")
    _bounded(tensors, pairs)
    alignment = 32
    for _ in range(pairs):
        key = _text(source)
        value = _value(source, *_numbers(source, "I"))
        alignment = value if key == "general.alignment" and value else alignment
    found: dict[str, Stored] = {}
    end = 0
    for _ in range(tensors):
        name = _text(source)
        found[name], offset = _tensor(source, name)
        end = max(end, offset + found[name].bytes)
    start = -(-source.tell() // alignment) * alignment
    if size < start + end:
        raise _Damaged(f"it ends after {size} of {start + end} bytes")
    return found


def _tensor(source: BinaryIO, name: str) -> tuple[Stored, int]:
    """And its offset."""
    (dimensions,) = _numbers(source, "I")
    if dimensions > 8:
        raise _Damaged(f"it gives {name[:80]!r} {dimensions} sides")
    sides = _numbers(source, f"{dimensions}Q")
    kind, offset = _numbers(source, "IQ")
    if kind not in TYPES:
        raise _Damaged(f"{name[:80]!r} is quantised by method {kind}, which diffusers does not know")
    label, block, width = TYPES[kind]
    count = 1
    for side in sides:
        count *= side
    return Stored(tuple(reversed(sides)), label, count // block * width), offset


def _value(source: BinaryIO, kind: int, depth: int = 0) -> int:
    """A whole number, or 0 for anything else, which is passed over."""
    if kind == STRING:
        _text(source)
        return 0
    if kind == ARRAY and depth < DEEPEST:
        inner, count = _numbers(source, "IQ")
        _bounded(count)
        if inner in WIDTHS:
            source.seek(WIDTHS[inner] * count, 1)
        else:
            for _ in range(count):
                _value(source, inner, depth + 1)
        return 0
    if kind not in WIDTHS:
        raise _Damaged("its header is damaged")
    number = source.read(WIDTHS[kind])
    return int.from_bytes(number, "little") if kind == 4 else 0


def _text(source: BinaryIO) -> str:
    (length,) = _numbers(source, "Q")
    if length > LARGEST_TEXT:
        raise _Damaged("its header is damaged")
    return source.read(length).decode("utf-8", "replace")


def _numbers(source: BinaryIO, form: str) -> tuple[int, ...]:
    """Little-endian. Raises struct.error at the file's end."""
    layout = struct.Struct("<" + form)
    return layout.unpack(source.read(layout.size))


def _bounded(*counts: int) -> None:
    if max(counts) > LARGEST_COUNT:
        raise _Damaged("its header is damaged")
