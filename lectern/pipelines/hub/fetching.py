"""One file from the hub to disk: goes on where it stopped, and is put in its place only when its digest is right."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from ..errors import HubAnswerError, HubLostError
from .connection import Connection
from .listing import Entry
from .parts import Part

T = TypeVar("T")

_PIECE = 4 << 20  # bytes written at once
_PROGRESS = 1 << 20  # bytes of an attempt after which it counts as a success


@dataclass
class Progress:
    """What host.attended shows on the node's bar."""

    total: int = 0  # bytes
    done: int = 0

    @property
    def fraction(self) -> float:
        return self.done / self.total if self.total else 0.0

    @property
    def previews(self) -> int:
        return 0

    def picture(self) -> None:
        return None


async def fetch(hub: Connection, entry: Entry, commit: str, file: Path, progress: Progress) -> None:
    """Raises HubLostError after the settings' number of attempts, HubAnswerError for wrong content, OSError."""
    before = progress.done
    part = Part(file, entry)

    def show(waiting: int = 0) -> None:
        progress.done = before + part.size + waiting

    try:
        while await settled(part.begin):
            show()
        resumed = part.size > 0
        await _filled(hub, part, commit, show)
        if await settled(part.finish):
            return
        if not resumed:
            raise HubAnswerError(
                f"{hub.name}: {entry.path} arrived with other content than the hub's list says, and was deleted. Run it"
                " again; when that happens anew, something on the way alters it."
            )
    finally:
        part.close()
    progress.done = before
    await fetch(hub, entry, commit, file, progress)  # from its first byte: what was left from before may be the fault


async def _filled(hub: Connection, part: Part, commit: str, show: Callable[..., None]) -> None:
    failures = 0
    while not part.full:
        start = part.size
        try:
            async with hub.get(hub.file_url(part.entry, commit), start) as response:
                await _received(hub, response, part, show)
        except HubLostError as error:
            failures = 1 if part.size - start >= _PROGRESS else failures + 1
            if failures >= hub.hub.attempts:
                raise
            await hub.wait(error, failures)


async def _received(hub: Connection, response: aiohttp.ClientResponse, part: Part, show: Callable[..., None]) -> None:
    """The body into the part. An answer that begins elsewhere than asked starts it anew."""
    if response.status == 416 or (response.status == 206 and _start(response) != part.size):
        await settled(part.restart)
        raise hub.lost("does not continue the file")
    if response.status == 200 and part.size:
        await settled(part.restart)
    pieces = bytearray()
    try:
        async for piece in response.content.iter_any():
            pieces += piece
            if part.size + len(pieces) > part.entry.size:
                raise HubAnswerError(f"{hub.name}: {part.entry.path} is longer than the hub's list says. Try again.")
            show(len(pieces))
            if len(pieces) >= _PIECE:
                full, pieces = pieces, bytearray()  # before the wait, which Cancel may end: nothing is written twice
                await _written(part, full)
    finally:
        await _written(part, pieces)
        show()
    if not part.full:
        raise hub.lost("ended the file too early")


async def _written(part: Part, pieces: bytearray) -> None:
    if pieces and part.size + len(pieces) <= part.entry.size:
        await settled(part.write, pieces)


def _start(response: aiohttp.ClientResponse) -> int:
    """First byte of a 206, of `Content-Range: bytes 5-9/10`."""
    first = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    return int(first) if first.isascii() and first.isdigit() else -1


async def settled(work: Callable[..., T], *arguments: Any) -> T:
    """Runs it in a thread. When cancelled, still waits for its end, so that nobody closes a file under its hands."""
    task = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
