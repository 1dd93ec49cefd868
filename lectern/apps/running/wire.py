"""The one WebSocket to ComfyUI over which the events of all runs come. Opened for the first run, kept for the next."""

import asyncio
import logging
import uuid
from collections.abc import Callable
from contextlib import suppress

import aiohttp

from ..comfy import ComfyClient, Unreachable
from .messages import FEATURES, Event, Preview, read_event, read_preview

logger = logging.getLogger(__name__)

IDLE_SECONDS = 60.0  # after the last run

Listener = Callable[[Event | Preview], None]

_OVER = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.ERROR)


class Wire:
    """Lives on the background loop. ComfyUI sends the events of a prompt to the client that it came from."""

    def __init__(self, client: ComfyClient, poll: float) -> None:
        self.client_id = f"lectern-{uuid.uuid4()}"
        self._client = client
        self._poll = poll  # seconds between two tries
        self._listener: Listener | None = None
        self._lost: Callable[[], None] | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._task: asyncio.Task[None] | None = None
        self._hang_up: asyncio.TimerHandle | None = None

    @property
    def open(self) -> bool:
        return self._socket is not None and not self._socket.closed

    async def attach(self, listener: Listener, lost: Callable[[], None]) -> None:
        """From now on events come to the listener. Raises Unreachable when ComfyUI is away.

        Args:
            lost: called when the WebSocket breaks; it is opened again by itself.
        """
        self._cancel_hang_up()
        if not self.open:
            await self._stop()
            self._socket = await self._connect()
            self._task = asyncio.create_task(self._receive_forever())
        self._listener, self._lost = listener, lost

    def detach(self) -> None:
        self._listener = self._lost = None
        self._cancel_hang_up()
        loop = asyncio.get_running_loop()
        self._hang_up = loop.call_later(IDLE_SECONDS, lambda: loop.create_task(self._stop()))

    async def close(self) -> None:
        self._cancel_hang_up()
        await self._stop()

    def _cancel_hang_up(self) -> None:
        if self._hang_up is not None:
            self._hang_up.cancel()
            self._hang_up = None

    async def _stop(self) -> None:
        # Both are let go of at once: while this waits, the next run may attach and connect anew.
        task, self._task = self._task, None
        socket, self._socket = self._socket, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        await self._drop(socket)

    async def _drop(self, socket: aiohttp.ClientWebSocketResponse | None) -> None:
        if socket is not None:
            await socket.close()

    async def _connect(self) -> aiohttp.ClientWebSocketResponse | None:
        """None when ComfyUI answers but gives no WebSocket."""
        socket = await self._client.events(self.client_id)
        if socket is not None:
            with suppress(ConnectionError):
                await socket.send_json(FEATURES)
        return socket

    async def _receive_forever(self) -> None:
        while True:
            if self._socket is not None:
                await self._receive(self._socket)
                socket, self._socket = self._socket, None
                await self._drop(socket)
            if self._lost is not None:
                self._lost()
            await asyncio.sleep(self._poll)
            with suppress(Unreachable):
                self._socket = await self._connect()

    async def _receive(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            message = await socket.receive()
            if message.type in _OVER:
                return
            self._give(message)

    def _give(self, message: aiohttp.WSMessage) -> None:
        if self._listener is None:
            return
        if message.type is aiohttp.WSMsgType.TEXT:
            read = read_event(message.data)
        elif message.type is aiohttp.WSMsgType.BINARY:
            read = read_preview(message.data)
        else:
            return
        if read is not None:
            self._listener(read)
