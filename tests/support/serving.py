"""A test server on a loop and thread of its own, for tests that drive ComfyUI or another process."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar

S = TypeVar("S")


class ServerThread(Generic[S]):
    """`make` gives the server, which has start, stop, url and until; it is `server` within the `with` block."""

    def __init__(self, make: Callable[[], S]) -> None:
        self._make = make
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="test-server", daemon=True)
        self.server: S

    def __enter__(self) -> Self:
        self._thread.start()
        self.server = self.run(self._start())
        return self

    def __exit__(self, *error: object) -> None:
        self.run(self._any.stop())
        self.run(self._loop.shutdown_default_executor())  # on its own thread: the test's may have a running loop
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        return self._any.url

    def until(self, true: Callable[[S], object], timeout: float = 10) -> None:
        """Waits for something about the server to become true."""
        self.run(self._any.until(true, timeout))

    def run(self, work: Any) -> Any:
        """Awaits work on the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _start(self) -> S:
        return await self._make().start()  # type: ignore[attr-defined]

    @property
    def _any(self) -> Any:
        return self.server
