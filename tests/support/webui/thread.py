"""The contract server on a loop and thread of its own, for tests that drive ComfyUI or another process."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Self

from support.webui.server import ContractServer


class ContractThread:
    """`with ContractThread("forge", seconds_per_image=0.2) as webui:` - takes what ContractServer takes."""

    def __init__(self, dialect: str = "forge", **settings: Any) -> None:
        self._settings = {"dialect": dialect, **settings}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="contract-server", daemon=True)
        self.server: ContractServer

    def __enter__(self) -> Self:
        self._thread.start()
        self.server = self._run(self._start())
        return self

    def __exit__(self, *error: object) -> None:
        self._run(self.server.stop())
        self._run(self._loop.shutdown_default_executor())  # on its own thread: the test's may have a running loop
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        return self.server.url

    def until(self, true: Callable[[ContractServer], object], timeout: float = 10) -> None:
        """Waits for something about the server's jobs or requests to become true."""
        self._run(self.server.until(true, timeout))

    async def _start(self) -> ContractServer:
        return await ContractServer(**self._settings).start()

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
