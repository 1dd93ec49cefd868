"""A file on its way in: written beside the kept ones piece by piece, hashed and bounded as it grows."""

import asyncio
import errno
import hashlib
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import FilesFull, FileTooLarge, NotReady
from .types import HEAD_BYTES

PARTIAL = "partial-"  # what the names of files that are not whole begin with
MB = 1_000_000


class Upload:
    """Belongs to no event loop: writing happens on threads. Whoever makes one closes it, which deletes what was not
    kept."""

    def __init__(self, folder: Path, limit: int) -> None:
        """`limit` in bytes. Nothing is written yet."""
        self.head = b""  # the first HEAD_BYTES of the file
        self.size = 0
        self._folder = folder
        self._path = folder  # until there is a file
        self._limit = limit
        self._hash = hashlib.sha256()
        self._file: int | None = None
        self._closed = False
        # A caller that goes leaves a thread behind that may still be writing.
        self._lock = threading.Lock()

    @property
    def digest(self) -> bytes:
        return self._hash.digest()

    async def write(self, piece: bytes) -> None:
        """Raises FileTooLarge, FilesFull, NotReady."""
        if self.size + len(piece) > self._limit:
            raise too_large(self._limit)
        await asyncio.to_thread(self._write, piece)

    async def finish(self) -> Path:
        """The whole file, on the disk. Raises FilesFull, NotReady."""
        return await asyncio.to_thread(self._finish)

    async def close(self) -> None:
        await asyncio.to_thread(self._close)

    def _write(self, piece: bytes) -> None:
        with self._lock, translated(self._folder):
            handle = self._opened()
            rest = memoryview(piece)
            while rest:
                rest = rest[os.write(handle, rest) :]
            self._hash.update(piece)
            self.size += len(piece)
            if len(self.head) < HEAD_BYTES:
                self.head += piece[: HEAD_BYTES - len(self.head)]

    def _finish(self) -> Path:
        with self._lock, translated(self._folder):
            handle = self._opened()
            os.fsync(handle)
            os.close(handle)
            self._file = None
            return self._path

    def _close(self) -> None:
        with self._lock:
            self._closed = True
            if self._file is not None:
                os.close(self._file)
                self._file = None
            if self._path != self._folder:
                self._path.unlink(missing_ok=True)

    def _opened(self) -> int:
        """The open file, made when there is none. Raises OSError."""
        if self._closed:  # by a caller that went while a thread was about to write
            raise OSError(errno.EBADF, "the upload was closed")
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file, name = tempfile.mkstemp(prefix=PARTIAL, dir=self._folder)
            self._path = Path(name)
        return self._file


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """What the disk refuses, as our errors."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise FilesFull("The disk that keeps the files is full.") from error
        raise NotReady(f"Files cannot be kept in {folder}: {error.strerror}.") from error


def too_large(limit: int) -> FileTooLarge:
    return FileTooLarge(f"A file may have at most {limit // MB} MB (max_mb of the app, else file_mb of [apps]).")
