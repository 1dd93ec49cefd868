"""The bytes of an output, piece by piece: from ComfyUI's `/view`, or of a text that lies in no file."""

from typing import Protocol

import aiohttp

from .comfy import ComfyClient
from .errors import NotReady, OutputUnavailable
from .runs import OutputItem

PIECE_BYTES = 256 * 1024


class OutputStream(Protocol):
    """Belongs to the service's event loop, so `read` and `close` are awaited through it."""

    item: OutputItem
    size: int | None  # bytes

    async def read(self) -> bytes:
        """The next piece; empty at the end. Raises NotReady when ComfyUI breaks off."""
        ...

    async def close(self) -> None: ...


async def open_stream(client: ComfyClient, item: OutputItem) -> OutputStream:
    """Raises OutputUnavailable when the file is gone, Unreachable when ComfyUI is."""
    if item.text is not None:
        return TextStream(item, item.text)
    response = await client.file(item)
    if response is None:
        raise OutputUnavailable(f"{item.name} is gone: it was deleted, or it was a preview and ComfyUI restarted.")
    return FileStream(item, response)


class TextStream:
    def __init__(self, item: OutputItem, text: str) -> None:
        self.item = item
        self._rest = text.encode("utf-8", "replace")
        self.size: int | None = len(self._rest)

    async def read(self) -> bytes:
        piece, self._rest = self._rest, b""
        return piece

    async def close(self) -> None:
        self._rest = b""


class FileStream:
    def __init__(self, item: OutputItem, response: aiohttp.ClientResponse) -> None:
        self.item = item
        self.size: int | None = response.content_length
        self._response = response

    async def read(self) -> bytes:
        try:
            return await self._response.content.read(PIECE_BYTES)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NotReady(f"ComfyUI broke off while it sent {self.item.name}.") from error

    async def close(self) -> None:
        self._response.close()
