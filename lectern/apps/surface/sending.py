"""Answers that are more than a piece of JSON: files, archives of files, and event streams."""

import asyncio
import re
import zipfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from urllib.parse import quote

from aiohttp import web

from ...envelope import Call
from ...errors import AppError
from ..errors import NoSuchRange, NotReady, OutputUnavailable
from ..running.engine import Listening
from ..running.outputs import INLINE_TYPES
from ..runs import OutputItem
from ..streams import ASKED, OutputStream, Part
from .answers import begin

Opener = Callable[[int], Awaitable[OutputStream]]  # by place among the outputs

EVENT_STREAM = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would hold events back
}


def part_of(request: web.Request) -> Part:
    return Part({name: request.headers[name] for name in ASKED if name in request.headers})


async def send_file(request: web.Request, stream: OutputStream, call: Call) -> web.StreamResponse:
    """Whole, in part, or only the word that nothing changed."""
    if stream.status == 416:
        raise NoSuchRange(stream.item.size_bytes)
    piece = await call(stream.read())  # before the status leaves, so that a failure can still be told
    download = "download" in request.query
    headers = {**stream.headers, **file_headers(stream.item.name, stream.item.content_type, download)}
    response = web.StreamResponse(status=stream.status, headers=headers)
    if stream.status != 304:
        response.content_length = stream.size
    await begin(request, response)
    try:
        while piece and request.method != "HEAD":
            await response.write(piece)
            piece = await call(stream.read())
        await response.write_eof()
    except NotReady:
        break_off(request)
    return response


def break_off(request: web.Request) -> None:
    """The status is out: only a broken connection can still say that bytes are missing."""
    if request.transport is not None:
        request.transport.abort()


def file_headers(name: str, content_type: str, download: bool = False) -> dict[str, str]:
    """Only pictures are shown in place: anything else could carry a script into ComfyUI's origin."""
    disposition = "inline" if content_type in INLINE_TYPES and not download else "attachment"
    plain = re.sub(r"[^ !#-\[\]-~]", "_", name)  # printable ASCII without quote and backslash
    return {
        "Content-Type": content_type,
        "Content-Disposition": f"{disposition}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-cache",
    }


async def send_events(
    request: web.Request, listening: Listening, headers: Mapping[str, str] | None = None
) -> web.StreamResponse:
    """Until the run has ended, or the listener leaves."""
    response = web.StreamResponse(headers={**EVENT_STREAM, **(headers or {})})
    await begin(request, response)
    if request.method == "HEAD":  # a body would be read as the next answer of the connection
        return response
    try:
        if listening.first:
            await response.write(listening.first)
        if listening.channel is not None:
            async with aclosing(listening.channel.listen(listening.after)) as pieces:
                async for piece in pieces:
                    await response.write(piece)
        await response.write_eof()
    except ConnectionError:  # the listener left
        pass
    return response


class _Piped:
    """What a ZipFile writes to: it cannot seek, and is emptied now and then."""

    def __init__(self) -> None:
        self._pieces = bytearray()

    def write(self, content: bytes) -> int:
        self._pieces += content
        return len(content)

    def flush(self) -> None: ...

    def taken(self) -> bytes:
        content = bytes(self._pieces)
        self._pieces.clear()
        return content


async def send_archive(request: web.Request, name: str, pieces: AsyncGenerator[bytes, None]) -> web.StreamResponse:
    response = web.StreamResponse(headers=file_headers(name, "application/zip"))
    await begin(request, response)
    if request.method == "HEAD":
        return response
    try:
        async with aclosing(pieces):
            async for piece in pieces:
                await response.write(piece)
        await response.write_eof()
    except AppError:
        break_off(request)
    except ConnectionError:  # whoever asked left
        pass
    return response


async def zipped(items: Sequence[OutputItem], opener: Opener, call: Call) -> AsyncGenerator[bytes, None]:
    """An archive of all outputs, made while it is read. Files that are gone are left out."""
    pipe = _Piped()
    names = archive_names(items)
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:  # type: ignore[arg-type]
        for place, name in enumerate(names):
            try:
                stream = await opener(place)
            except OutputUnavailable:
                continue
            try:
                with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as entry:
                    while piece := await call(stream.read()):
                        await asyncio.to_thread(entry.write, piece)  # its checksum takes a while
                        yield pipe.taken()
            finally:
                await call(stream.close())
    yield pipe.taken()


def archive_names(items: Sequence[OutputItem]) -> list[str]:
    """The files' own names, numbered where two are alike."""
    taken: set[str] = set()
    names: list[str] = []
    for place, item in enumerate(items):
        name = re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", item.name).lstrip(".") or f"output-{place}"
        stem, dot, suffix = name.rpartition(".")
        number = 1
        while name.lower() in taken:
            number += 1
            name = f"{stem or suffix} ({number}){dot + suffix if stem else ''}"
        taken.add(name.lower())
        names.append(name)
    return names
