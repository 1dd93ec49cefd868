"""The double on a loop and thread of its own, for tests that drive ComfyUI."""

import asyncio
import threading
from typing import Any, Self

from .server import HubDouble


class HubThread:
    """`with HubThread(repositories) as hub:` - takes what HubDouble takes."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="hub-double", daemon=True)
        self.double = HubDouble(*arguments, **settings)

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self.double.start())
        return self

    def __exit__(self, *error: object) -> None:
        self._run(self.double.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def until_hanging(self) -> None:
        """Waits until a fault of kind hang holds an answer."""
        self._run(asyncio.wait_for(self.double.hanging.wait(), 60))

    def stop(self) -> None:
        """Nothing listens from now on."""
        self._run(self.double.stop())

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
