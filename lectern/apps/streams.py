"""The bytes of an output, piece by piece: from ComfyUI's `/view`, or of a text that lies in no file."""

import hashlib
from collections.abc import Mapping
from typing import NamedTuple, Protocol

import aiohttp

from .comfy import ComfyClient
from .errors import NotReady, OutputUnavailable
from .runs import OutputItem

PIECE_BYTES = 256 * 1024
ASKED = ("Range", "If-Range", "If-None-Match", "If-Modified-Since")
TOLD = ("Content-Range", "Accept-Ranges", "ETag", "Last-Modified")


class Part(NamedTuple):
    """What a caller wants of a file, or has of it already: those of its headers that are in ASKED."""

    headers: Mapping[str, str] = {}


WHOLE = Part()


class OutputStream(Protocol):
    """Belongs to the service's event loop, so `read` and `close` are awaited through it."""

    item: OutputItem
    status: int  # HTTP: 200, 206, 304, 416
    headers: Mapping[str, str]  # those in TOLD
    size: int | None  # bytes

    async def read(self) -> bytes:
        """The next piece; empty at the end. Raises NotReady when ComfyUI breaks off."""
        ...

    async def close(self) -> None: ...


async def open_stream(client: ComfyClient, item: OutputItem, part: Part = WHOLE) -> OutputStream:
    """Raises OutputUnavailable when the file is gone, Unreachable when ComfyUI is."""
    if item.text is not None:
        return TextStream(item, item.text, part)
    response = await client.file(item, part.headers)
    if response is None:
        raise OutputUnavailable(f"{item.name} is gone: it was deleted, or it was a preview and ComfyUI restarted.")
    return FileStream(item, response)


class TextStream:
    """Always whole: texts are short."""

    def __init__(self, item: OutputItem, text: str, part: Part) -> None:
        content = text.encode("utf-8", "replace")
        tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        known = part.headers.get("If-None-Match", "")
        self.item = item
        self.status = 304 if tag in known or known.strip() == "*" else 200
        self.headers: Mapping[str, str] = {"ETag": tag}
        self._rest = content if self.status == 200 else b""
        self.size: int | None = len(self._rest)

    async def read(self) -> bytes:
        piece, self._rest = self._rest, b""
        return piece

    async def close(self) -> None:
        self._rest = b""


class FileStream:
    def __init__(self, item: OutputItem, response: aiohttp.ClientResponse) -> None:
        self.item = item
        self.status = response.status
        self.headers: Mapping[str, str] = {name: response.headers[name] for name in TOLD if name in response.headers}
        self.size: int | None = response.content_length
        self._response = response

    async def read(self) -> bytes:
        try:
            return await self._response.content.read(PIECE_BYTES)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NotReady(f"ComfyUI broke off while it sent {self.item.name}.") from error

    async def close(self) -> None:
        self._response.close()
