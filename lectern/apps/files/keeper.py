"""Keeps files that callers give until their time is over. The same bytes of the same owner are one file."""

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol

from ...settings import Settings
from ..errors import FileNotKept, FilesFull, UnusableFile
from ..store.storage import Storage
from .names import ID, clean_name, file_url, finished_name
from .pictures import BY_TYPE, check_picture
from .records import StoredFile
from .types import FileType, judge
from .upload import MB, PARTIAL, Upload, translated

HOUR_MS = 3_600_000
DECODED_AT_ONCE = 2  # pictures; each may take some hundred megabytes of memory
ORPHANED_SECONDS = 3600  # age at which a file that no row names belongs to nobody
Sees = Callable[[str], bool]  # whether the caller sees what belongs to an owner


class Kept(NamedTuple):
    """A file that is kept."""

    id: str
    url: str
    name: str
    content_type: str
    size: int  # bytes
    expires_ms: int
    new: bool  # False: the same bytes were here already


class Opened(NamedTuple):
    """A kept file and where it lies."""

    path: Path
    row: StoredFile


class Shelf(Protocol):
    """Where the bytes lie that several processes need. On the background loop; everything may raise NotReady."""

    async def put(self, file_id: str, path: Path, /) -> None:
        """Once it returns, every process finds the file."""
        ...

    async def fetch(self, file_id: str, path: Path, /) -> bool:
        """Writes the bytes to `path`, which appears whole or not at all; False when there are none."""
        ...

    async def delete(self, file_ids: Collection[str], /) -> None: ...


class FileKeeper:
    """Lives on the loop of its storage; only `upload` may be called from another one."""

    def __init__(
        self,
        folder: Path,
        storage: Storage,
        settings: Callable[[], Settings],
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        shelf: Shelf | None = None,
    ) -> None:
        """`folder`: for the bytes alone; made when the first file comes. `settings` may raise SettingsError.

        With a shelf the folder holds copies, which may be missing.
        """
        self._folder = folder
        self._storage = storage
        self._settings = settings
        self._now_ms = now_ms
        self._shelf = shelf
        self._decoding = asyncio.Semaphore(DECODED_AT_ONCE)
        self._changing = asyncio.Lock()  # a file is not swept while it is kept once more

    @property
    def limit(self) -> int:
        """Bytes of one file. Raises SettingsError."""
        return self._settings().apps.file_mb * MB

    def upload(self, limit: int | None = None) -> Upload:
        """Where the bytes of a new file go. Raises SettingsError."""
        return Upload(self._folder, min(limit or self.limit, self.limit))

    async def add(
        self, owner: str, name: str, content_type: str, source: AsyncIterator[bytes] | bytes, limit: int | None = None
    ) -> Kept:
        """Raises FileTooLarge, FilesFull, UnusableFile, NotReady, and what the source raises.

        Args:
            content_type: what the sender says, which may be nothing.
            limit: bytes, when it is less than the settings allow.
        """
        upload = self.upload(limit)
        try:
            if isinstance(source, bytes):
                await upload.write(source)
            else:
                async for piece in source:
                    await upload.write(piece)
            return await self.keep(owner, name, content_type, upload)
        finally:
            await upload.close()

    async def keep(self, owner: str, name: str, content_type: str, upload: Upload) -> Kept:
        """Keeps what was uploaded. Raises FilesFull, UnusableFile, NotReady."""
        settings = self._settings()
        name = clean_name(name)
        if upload.size == 0:
            raise UnusableFile(f"{name} is empty.")
        kind = judge(name, content_type, upload.head)
        path = await upload.finish()
        if kind.content_type in BY_TYPE:
            async with self._decoding:
                await asyncio.to_thread(check_picture, path, kind.content_type, settings.limits.side)
        now = self._now_ms()
        file_id = _file_id(owner, upload.digest, kind)
        expires = now + settings.apps.file_hours * HOUR_MS
        row = StoredFile(file_id, owner, finished_name(name, kind), kind.content_type, upload.size, now, expires)
        return await self._store(row, path, settings.apps.files_mb)

    async def _store(self, row: StoredFile, path: Path, files_mb: int) -> Kept:
        async with self._changing:
            await asyncio.to_thread(self._move, path, row)  # first: a row always has its file
            if self._shelf is not None:
                await self._shelf.put(row.id, self._path(row.id))
            kept = await self._storage.call(lambda store: store.files.add(row, files_mb * MB))
            if kept is None:
                await self._discard([row.id])
                raise FilesFull(f"There is no room: all files together may have {files_mb} MB (files_mb of [apps]).")
        await self._storage.durable()
        stored, new = kept
        return Kept(
            stored.id, file_url(stored.id), stored.name, stored.content_type, stored.size, stored.expires_ms, new
        )

    async def open(self, file_id: str, sees: Sees, expired: bool = False) -> Opened:
        """Raises FileNotKept, NotReady.

        Args:
            expired: whether a file may be used whose time is over, as by a run that waited so long.
        """
        row = await self._row(file_id) if ID.fullmatch(file_id) else None
        if row is None or not sees(row.owner) or (row.expires_ms <= self._now_ms() and not expired):
            raise FileNotKept("There is no file with this id, or its time is over; upload it again.")
        path = self._path(file_id)
        if not path.is_file() and not await self._fetched(file_id):
            raise FileNotKept(f"{row.name} was deleted from the disk; upload it again.")
        return Opened(path, row)

    async def use(self, file_id: str, owner: str) -> StoredFile:
        """The owner's file, which from now on is kept as long as a new one. Raises FileNotKept, NotReady."""
        row = (await self.open(file_id, lambda other: other == owner)).row
        expires = self._now_ms() + self._settings().apps.file_hours * HOUR_MS
        await self._storage.call(lambda store: store.files.extend(file_id, expires))
        return row

    async def sweep(self, now_ms: int, in_use: set[str]) -> int:
        """Deletes the files whose time is over, apart from those in use, and what crashes left; how many of them."""
        if not self._storage.exists or not self._folder.is_dir():
            return 0
        async with self._changing:
            gone = await self._storage.call(lambda store: store.files.forget(now_ms, in_use))
            await self._discard(gone)
        known = await self._storage.call(lambda store: store.files.ids())
        await asyncio.to_thread(self._tidy, known)
        return len(gone)

    async def _fetched(self, file_id: str) -> bool:
        """Another process has kept it."""
        if self._shelf is None:
            return False
        path = self._path(file_id)
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        return await self._shelf.fetch(file_id, path)

    async def _discard(self, ids: Collection[str]) -> None:
        await asyncio.to_thread(self._delete, ids)
        if self._shelf is not None and ids:
            await self._shelf.delete(ids)

    async def _row(self, file_id: str) -> StoredFile | None:
        if not self._storage.exists:
            return None
        return await self._storage.call(lambda store: store.files.get(file_id))

    def _path(self, file_id: str) -> Path:
        return self._folder / file_id[:2] / file_id

    def _move(self, path: Path, row: StoredFile) -> None:
        target = self._path(row.id)
        with translated(self._folder):
            target.parent.mkdir(exist_ok=True)
            if target.exists() and target.stat().st_size == row.size:
                os.utime(target)  # young again, for `_tidy`
                return
            os.replace(path, target)
            _sync_folder(target.parent)

    def _delete(self, ids: Collection[str]) -> None:
        for file_id in ids:
            self._path(file_id).unlink(missing_ok=True)

    def _tidy(self, known: Collection[str]) -> None:
        """Deletes what a crash left: uploads that did not end, and files that never got their row or lost it."""
        before = time.time() - ORPHANED_SECONDS
        for path in [*self._folder.glob(f"{PARTIAL}*"), *self._folder.glob("??/*")]:
            with suppress(FileNotFoundError):
                if path.name not in known and path.stat().st_mtime < before:
                    path.unlink()


def _file_id(owner: str, digest: bytes, kind: FileType) -> str:
    """Nobody can tell it who has not the bytes; and nobody learns whether another owner has them."""
    return hashlib.sha256(b"\0".join((owner.encode(), digest, kind.suffix.encode()))).hexdigest()[:32]


def _sync_folder(folder: Path) -> None:
    """Makes a rename survive a power cut, where the system can (Windows cannot open folders)."""
    with suppress(PermissionError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
