"""Bytes in NATS's object store: inputs, outputs, workflows, and messages that are too large for one."""

import asyncio
import gzip
import json
import os
import uuid
from collections import OrderedDict
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..errors import NotReady
from . import topology
from .chunks import chunks
from .link import Link, translated

INLINE_BYTES = 512 * 1024  # NATS takes messages of 1 MB unless its settings say otherwise
MARK = b"\0parcel:"
REMEMBERED = 64


class Shelf:
    """One bucket. Everything may raise NotReady."""

    def __init__(self, link: Link, bucket: str) -> None:
        self._link = link
        self._bucket = bucket

    async def put(self, name: str, source: Path | bytes) -> None:
        """Once it returns, everybody finds it, whole. An older one of that name is replaced."""
        store = self._link.shelf(self._bucket)
        with translated():
            if isinstance(source, bytes):
                await store.put(name, source)
                return
            with source.open("rb") as file:
                await store.put(name, file)

    async def fetch(self, name: str, path: Path) -> bool:
        """Writes it to `path`, which appears whole or not at all; False when there is none."""
        part = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.part")
        try:
            with part.open("wb") as file:
                if not await self._read(name, file.write):
                    return False
            await asyncio.to_thread(os.replace, part, path)
            return True
        finally:
            with suppress(FileNotFoundError):
                part.unlink()

    async def read(self, name: str) -> bytes | None:
        """Only for what is small."""
        content = bytearray()
        return bytes(content) if await self._read(name, content.extend) else None

    async def has(self, name: str) -> bool:
        return await self.version(name) is not None

    async def version(self, name: str) -> str | None:
        """Another one whenever something was put there; None when there is nothing."""
        from nats.js.errors import NotFoundError, ObjectNotFoundError

        store = self._link.shelf(self._bucket)
        with translated():
            try:
                return (await store.get_info(name)).nuid
            except (ObjectNotFoundError, NotFoundError):
                return None

    async def delete(self, names: Collection[str]) -> None:
        """Also when there is none of that name."""
        from nats.js.errors import NotFoundError, ObjectNotFoundError

        store = self._link.shelf(self._bucket)
        with translated():
            for name in names:
                with suppress(ObjectNotFoundError, NotFoundError):
                    await store.delete(name)

    async def _read(self, name: str, write: Callable[[bytes], Any]) -> bool:
        """False when there is none of that name."""
        from nats.js.errors import NotFoundError, ObjectNotFoundError

        store = self._link.shelf(self._bucket)
        with translated():
            try:
                info = await store.get_info(name)
                if info.size:
                    async for piece in chunks(self._link, self._bucket, info):
                        write(piece)
            except (ObjectNotFoundError, NotFoundError):
                return False
        return True


class Documents:
    """JSON by a name that says what is in it, so it never changes: workflows, node classes."""

    def __init__(self, link: Link) -> None:
        self._shelf = Shelf(link, topology.GRAPHS)
        self._there: OrderedDict[str, None] = OrderedDict()
        self._read: OrderedDict[str, Any] = OrderedDict()

    async def put(self, name: str, value: Any) -> None:
        """Raises NotReady."""
        if name in self._there:
            return
        if not await self._shelf.has(name):
            content = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
            await self._shelf.put(name, await asyncio.to_thread(gzip.compress, content, 5))
        _remember(self._there, name, None)

    async def get(self, name: str) -> Any | None:
        """None when there is none. Raises NotReady."""
        if name not in self._read:
            content = await self._shelf.read(name)
            if content is None:
                return None
            plain = await asyncio.to_thread(gzip.decompress, content)
            _remember(self._read, name, json.loads(plain.decode("utf-8", "surrogatepass")))
        return self._read[name]

    def forget(self) -> None:
        """After a new connection: the server may have lost what was there."""
        self._there.clear()


class Parcels:
    """Bodies of messages, of any size: large ones lie on a shelf, and the message only says where."""

    def __init__(self, link: Link) -> None:
        self._shelf = Shelf(link, topology.PARCELS)

    async def pack(self, content: bytes) -> bytes:
        if len(content) <= INLINE_BYTES:
            return content
        name = uuid.uuid4().hex
        await self._shelf.put(name, content)
        return MARK + name.encode()

    async def unpack(self, content: bytes) -> bytes:
        """Raises NotReady, also when the parcel is gone."""
        if not content.startswith(MARK):
            return content
        found = await self._shelf.read(content.removeprefix(MARK).decode())
        if found is None:
            raise NotReady("A large message is gone from NATS's object store.")
        return found

    async def discard(self, content: bytes) -> None:
        """After the message was dealt with."""
        if content.startswith(MARK):
            await self._shelf.delete([content.removeprefix(MARK).decode()])


def _remember(kept: "OrderedDict[str, Any]", name: str, value: Any) -> None:
    kept[name] = value
    while len(kept) > REMEMBERED:
        kept.popitem(last=False)
