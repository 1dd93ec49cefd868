"""The files of runs, fetched from NATS's object store when a run needs them and kept here for the next one."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from ....settings import Settings
from ...errors import FileNotKept
from ...files.keeper import Opened
from ...files.names import ID
from ...files.records import StoredFile
from ...files.types import HEAD_BYTES, recognise
from ...files.types import UNKNOWN as UNKNOWN_TYPE
from ...files.upload import MB
from .. import topology
from ..link import Link
from ..shelves import Shelf

CACHE_BYTES = 2 * 2**30


class Inputs:
    """In place of a FileKeeper, whose files these are."""

    def __init__(self, link: Link, folder: Path, settings: Callable[[], Settings], room: int = CACHE_BYTES) -> None:
        self._shelf = Shelf(link, topology.INPUTS)
        self._folder = folder
        self._settings = settings
        self._room = room  # bytes
        self.facts: Mapping[str, tuple[str, str]] = {}  # of the run in work: name and content type by file id

    @property
    def limit(self) -> int:
        """Bytes of one file. Raises SettingsError."""
        return self._settings().apps.file_mb * MB

    async def open(self, file_id: str, sees: Callable[[str], bool], expired: bool = False) -> Opened:
        """Raises FileNotKept, NotReady. Who may see what has been decided where the run was submitted."""
        path = self._folder / file_id[:2] / file_id
        if not ID.fullmatch(file_id):
            raise FileNotKept("There is no file with this id.")
        if not path.is_file():
            await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
            if not await self._shelf.fetch(file_id, path):
                raise FileNotKept("it is not in NATS's object store any more; upload it again.")
            await asyncio.to_thread(self._tidy, path)
        return Opened(path, await asyncio.to_thread(self._row, file_id, path))

    def _row(self, file_id: str, path: Path) -> StoredFile:
        os.utime(path)  # young again, for `_tidy`
        with path.open("rb") as file:
            kind = recognise(file.read(HEAD_BYTES))
        name, told = self.facts.get(file_id, ("", UNKNOWN_TYPE))
        content_type = told if kind is None or file_id in self.facts else kind.content_type
        now = time.time_ns() // 1_000_000
        return StoredFile(file_id, "", name, content_type, path.stat().st_size, now, now)

    def _tidy(self, newest: Path) -> None:
        """Deletes what was not used for longest, when there is too much."""
        found = sorted(
            ((path.stat().st_mtime, path.stat().st_size, path) for path in self._folder.glob("??/*")), reverse=True
        )
        room = self._room
        for _, size, path in found:
            room -= size
            if room < 0 and path != newest:
                path.unlink(missing_ok=True)
