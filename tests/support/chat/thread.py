"""The chat server on a loop and thread of its own, for tests that drive ComfyUI or another process."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Self

from support.chat.server import ChatServer


class ChatThread:
    """`with ChatThread(kind="ollama", seconds_per_token=0.05) as chat:` - takes what ChatServer takes."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        self._arguments, self._settings = arguments, settings
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="chat-server", daemon=True)
        self.server: ChatServer

    def __enter__(self) -> Self:
        self._thread.start()
        self.server = self._run(self._start())
        return self

    def __exit__(self, *error: object) -> None:
        self._run(self.server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        return self.server.url

    def until(self, true: Callable[[ChatServer], object], timeout: float = 10) -> None:
        """Waits for something about the server's requests to become true."""
        self._run(self.server.until(true, timeout))

    async def _start(self) -> ChatServer:
        return await ChatServer(*self._arguments, **self._settings).start()

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
