"""Where things live that outlast a prompt: sessions, stores, pools, caches with locks. How work there is watched."""

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

from PIL import Image

from .prompts.watching import Glimpse

T = TypeVar("T")

log = logging.getLogger(__name__)


class BackgroundLoop:
    """One event loop on a thread of its own, for what outlives a prompt (sessions, stores, pools).

    ComfyUI runs every prompt in an event loop that ends with it, so nothing long-lived may belong to that one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="lectern", daemon=True).start()
            return self._loop

    async def call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Awaits a coroutine that runs on the background loop; cancelling the await cancels it."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, self._running()))

    def start(self, coroutine: Coroutine[Any, Any, object]) -> None:
        """Runs the coroutine without waiting for it; what it raises goes to the log."""

        def report(done: Future[object]) -> None:
            error = None if done.cancelled() else done.exception()
            if error:
                log.error("Lectern's background work failed.", exc_info=error)

        asyncio.run_coroutine_threadsafe(coroutine, self._running()).add_done_callback(report)


class Shown(Protocol):
    """Progress of background work, read while it goes on."""

    @property
    def fraction(self) -> float: ...  # 0 to 1

    @property
    def previews(self) -> int: ...  # how many pictures there were so far

    def picture(self) -> Image.Image | None: ...  # the newest; may take a while


class Told(Protocol):
    """Texts that are written somewhere, read while that goes on; `prompts.watching.Watch` is one."""

    @property
    def glimpse(self) -> Glimpse: ...

    @property
    def fraction(self) -> float: ...

    def listen(self, told: Callable[[], None]) -> None: ...
