"""Outputs as gateways give them to callers: from the object store, through a folder that keeps the latest ones."""

import asyncio
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from ..errors import OutputUnavailable
from ..runs import OutputItem
from ..streams import PIECE_BYTES, OutputStream, Part, TextStream
from . import topology
from .link import Link
from .shelves import Shelf

FOLDER = "fleet"  # an OutputItem's, whose subfolder is then the object's name
CACHE_BYTES = 2 * 2**30
RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class Outputs:
    """Lives on the background loop."""

    def __init__(self, link: Link, folder: Path, limit: int = CACHE_BYTES) -> None:
        """`folder` is made when it is needed, and may be deleted at any time."""
        self._shelf = Shelf(link, topology.OUTPUTS)
        self._folder = folder
        self._limit = limit
        self._fetching: dict[str, asyncio.Lock] = {}

    async def open(self, item: OutputItem, part: Part) -> OutputStream:
        """Raises OutputUnavailable, NotReady."""
        if item.text is not None:
            return TextStream(item, item.text, part)
        gone = OutputUnavailable(f"{item.name} is gone: it was deleted, or the server that kept it lost it.")
        if item.folder != FOLDER:
            raise gone
        version = await self._shelf.version(item.subfolder)
        if version is None:
            raise gone
        path = self._folder / version
        if not path.is_file() and not await self._fetch(item.subfolder, path):
            raise gone
        try:
            return await asyncio.to_thread(KeptStream, item, path, part)
        except FileNotFoundError:
            raise gone from None

    async def delete(self, names: list[str]) -> None:
        """Raises NotReady."""
        await self._shelf.delete(names)

    async def _fetch(self, name: str, path: Path) -> bool:
        """Once for all who want it."""
        lock = self._fetching.setdefault(path.name, asyncio.Lock())
        try:
            async with lock:
                if path.is_file():
                    return True
                await asyncio.to_thread(self._make_room)
                return await self._shelf.fetch(name, path)
        finally:
            if not lock.locked():
                self._fetching.pop(path.name, None)

    def _make_room(self) -> None:
        """Deletes what nobody wanted for longest."""
        self._folder.mkdir(parents=True, exist_ok=True)
        files = sorted((entry.stat().st_mtime, entry.stat().st_size, entry.path) for entry in os.scandir(self._folder))
        total = sum(size for _, size, _ in files)
        for _, size, path in files:
            if total <= self._limit:
                return
            Path(path).unlink(missing_ok=True)
            total -= size


class KeptStream:
    """A file, whole or in part. Opening blocks."""

    def __init__(self, item: OutputItem, path: Path, part: Part) -> None:
        self.item = item
        self._file: BinaryIO = path.open("rb")
        os.utime(path)  # wanted a moment ago
        whole = os.fstat(self._file.fileno()).st_size
        tag = f'"{path.name}"'
        self.status, first, last = _asked(part.headers, tag, whole)
        told: dict[str, Any] = {"ETag": tag, "Accept-Ranges": "bytes"}
        if self.status == 206:
            told["Content-Range"] = f"bytes {first}-{last - 1}/{whole}"
        self.headers: Mapping[str, str] = told
        self.size: int | None = last - first
        self._rest = last - first
        self._file.seek(first)

    async def read(self) -> bytes:
        piece = await asyncio.to_thread(self._file.read, min(PIECE_BYTES, self._rest))
        self._rest -= len(piece)
        return piece

    async def close(self) -> None:
        self._file.close()


def _asked(headers: Mapping[str, str], tag: str, size: int) -> tuple[int, int, int]:
    """(status, first byte, the one after the last)

    Source: RFC 9110, sections 13 and 14; several parts at once are answered with the whole, which it allows.
    """
    known = [one.strip().removeprefix("W/") for one in headers.get("If-None-Match", "").split(",")]
    if tag in known or "*" in known:
        return 304, 0, 0
    found = RANGE.fullmatch(headers.get("Range", "").replace(" ", ""))
    if found is None or not any(found.groups()) or headers.get("If-Range", tag) != tag:
        return 200, 0, size
    if not found[1]:
        first, last = max(0, size - int(found[2])), size
    else:
        first, last = int(found[1]), min(size, int(found[2]) + 1) if found[2] else size
    if found[1] and found[2] and int(found[2]) < first:  # no range at all
        return 200, 0, size
    return (416, 0, 0) if first >= size else (206, first, last)
