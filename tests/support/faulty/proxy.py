"""A TCP proxy in front of a server, whose lines a test cuts."""

import asyncio
from contextlib import suppress


class Proxy:
    """Lives on one event loop."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._server: asyncio.Server
        self._lines: set[asyncio.StreamWriter] = set()
        self._sockets: set[asyncio.StreamWriter] = set()  # those of WebSockets

    async def start(self) -> str:
        """The address to use instead of the server's."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        self._server.close()
        self.cut()

    @property
    def websockets(self) -> int:
        """How many are open."""
        return len(self._sockets)

    def cut(self, websockets_only: bool = False) -> int:
        """Resets lines, as a router that forgets them; how many."""
        lines = list(self._sockets if websockets_only else self._lines)
        for line in lines:
            line.transport.abort()
        return len(lines)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        self._lines |= {writer, back}
        with suppress(ConnectionError):
            await asyncio.gather(self._pipe(reader, back, writer), self._pipe(there, writer))
        for line in (writer, back):
            line.transport.abort()
            self._lines.discard(line)
            self._sockets.discard(line)

    async def _pipe(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, client: asyncio.StreamWriter | None = None
    ) -> None:
        while piece := await source.read(65536):
            if client is not None and piece.startswith(b"GET /ws"):
                self._sockets.add(client)
            target.write(piece)
            await target.drain()
        raise ConnectionError
