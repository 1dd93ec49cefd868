"""Brings what a run gave from ComfyUI into NATS's object store, each file as soon as it has landed."""

import asyncio
import os
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import aiohttp

from ...comfy import ComfyClient, Unreachable
from ...runs import OutputItem, Run
from .. import topology
from ..link import Link
from ..shelves import Shelf

FOLDER = "fleet"  # of an OutputItem whose bytes lie in NATS; its subfolder is the object's name
PIECE_BYTES = 256 * 1024
IN_MEMORY_BYTES = 4 * 2**20  # larger files go over the disk
TEXT_CHARACTERS = 200_000  # of one take's texts that go with its report; longer ones become objects
AT_ONCE = 4

Key = tuple[str, str, str, str]


class Outputs:
    """Of one take of one run at a time."""

    def __init__(self, link: Link, client: ComfyClient) -> None:
        self._shelf = Shelf(link, topology.OUTPUTS)
        self._client = client
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._take = ("", 0)
        self._moves: dict[Key, asyncio.Task[OutputItem]] = {}
        self._number = 0  # of the next object

    def begin(self, run: Run, item: OutputItem) -> "asyncio.Task[OutputItem]":
        """What becomes of an output that has just landed. The task may raise NotReady, Unreachable."""
        self._turn_to(run)
        key = _key(item)
        move = self._moves.get(key)
        if move is None or (move.done() and (move.cancelled() or move.exception() is not None)):
            name = f"{run.id}.{run.takes_done}.{self._number}"
            self._number += 1
            move = self._moves[key] = asyncio.create_task(self._move(item, name))
            move.add_done_callback(_seen)
        return move

    async def deliver(self, run: Run, items: Sequence[OutputItem]) -> tuple[OutputItem, ...]:
        """All of a take's outputs as the gateways find them. Raises NotReady, Unreachable."""
        self._turn_to(run)
        room = TEXT_CHARACTERS
        moves: list[asyncio.Task[OutputItem] | None] = []
        for item in items:
            room -= len(item.text or "")
            moves.append(self.begin(run, item) if item.text is None or room < 0 else None)
        moved = [item if move is None else await move for item, move in zip(items, moves, strict=True)]
        return tuple(replace(after, take=before.take) for before, after in zip(items, moved, strict=True))

    def _turn_to(self, run: Run) -> None:
        take = (run.id, run.takes_done)
        if take != self._take:
            for move in self._moves.values():
                move.cancel()
            self._take, self._moves, self._number = take, {}, 0

    async def _move(self, item: OutputItem, name: str) -> OutputItem:
        async with self._slots:
            if item.text is not None:
                content = item.text.encode("utf-8", "replace")
                await self._shelf.put(name, content)
                return replace(item, text=None, size_bytes=len(content), folder=FOLDER, subfolder=name)
            response = await self._client.file(item)
            if response is None:  # deleted meanwhile; whoever wants it is told so
                return replace(item, folder=FOLDER, subfolder=name)
            async with response:
                size = await self._store(response, name)
        return replace(item, size_bytes=size, folder=FOLDER, subfolder=name)

    async def _store(self, response: aiohttp.ClientResponse, name: str) -> int:
        """Bytes."""
        if (response.content_length or IN_MEMORY_BYTES) < IN_MEMORY_BYTES:
            content = await _read(response)
            await self._shelf.put(name, content)
            return len(content)
        handle, path = tempfile.mkstemp(prefix="lectern-")
        try:
            with os.fdopen(handle, "wb") as file:
                while piece := await _piece(response):
                    await asyncio.to_thread(file.write, piece)
            await self._shelf.put(name, Path(path))
            return os.path.getsize(path)
        finally:
            os.unlink(path)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    pieces = []
    while piece := await _piece(response):
        pieces.append(piece)
    return b"".join(pieces)


async def _piece(response: aiohttp.ClientResponse) -> bytes:
    try:
        return await response.content.read(PIECE_BYTES)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Unreachable("ComfyUI broke off while it sent an output") from error


def _key(item: OutputItem) -> Key:
    return item.node_id, item.folder, item.subfolder, item.name


def _seen(move: "asyncio.Task[OutputItem]") -> None:
    """A failure is met again by `deliver`, if the run gets so far."""
    if not move.cancelled():
        move.exception()
