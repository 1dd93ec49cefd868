"""A file that is arriving: `<name>.part` beside its place, which it takes when it is whole. All of it blocks."""

import hashlib
import os
from pathlib import Path
from typing import BinaryIO

from .listing import Entry
from .record import PART

_PIECE = 8 << 20  # bytes


class Part:
    """Appended to, hashed as it grows, and kept when it is closed before its time."""

    def __init__(self, file: Path, entry: Entry) -> None:
        self.entry, self._file = entry, file
        self._path = file.with_name(file.name + PART)
        self.size = 0  # bytes that are there and hashed
        self._hash = _hasher(entry)
        self._open: BinaryIO | None = None

    @property
    def full(self) -> bool:
        return self.size == self.entry.size

    def begin(self) -> bool:
        """Opens what an earlier attempt left; True while there is more of that to hash."""
        if self._open is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._open = self._path.open("r+b" if self._path.is_file() else "w+b")
            if os.fstat(self._open.fileno()).st_size > self.entry.size:
                self.restart()
        piece = self._open.read(_PIECE)
        self._hash.update(piece)
        self.size += len(piece)
        return bool(piece)

    def write(self, piece: bytes | bytearray) -> None:
        assert self._open is not None, "begin() comes first"
        self._open.write(piece)
        self._hash.update(piece)
        self.size += len(piece)

    def restart(self) -> None:
        assert self._open is not None, "begin() comes first"
        self._open.seek(0)
        self._open.truncate()
        self.size, self._hash = 0, _hasher(self.entry)

    def finish(self) -> bool:
        """Puts the file in its place when its digest is right; else deletes it and gives False."""
        assert self._open is not None, "begin() comes first"
        right = _digest(self.entry, self._hash) == self.entry.digest
        if right:
            self._open.flush()
            os.fsync(self._open.fileno())  # the record will say that it is whole, also after a power cut
        self.close()
        if right:
            os.replace(self._path, self._file)
        else:
            self._path.unlink()
        return right

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None


def is_content(entry: Entry, text: bytes) -> bool:
    made = _hasher(entry)
    made.update(text)
    return len(text) == entry.size and _digest(entry, made) == entry.digest


def is_file(entry: Entry, file: Path) -> bool:
    """Whether a file is that one, by its content."""
    made = _hasher(entry)
    try:
        if file.stat().st_size != entry.size:
            return False
        with file.open("rb") as source:
            while piece := source.read(_PIECE):
                made.update(piece)
    except FileNotFoundError:
        return False
    return _digest(entry, made) == entry.digest


def _hasher(entry: Entry) -> "hashlib._Hash":
    if entry.digest.startswith("sha256:"):
        return hashlib.sha256()
    # The id of a git blob (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects).
    return hashlib.sha1(b"blob %d\0" % entry.size, usedforsecurity=False)


def _digest(entry: Entry, made: "hashlib._Hash") -> str:
    return f"{entry.digest.partition(':')[0]}:{made.hexdigest()}"
