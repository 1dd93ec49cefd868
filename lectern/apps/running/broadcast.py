"""Tells a run's channel what its attempt reports: at once when another node begins, else at most twice a second."""

import asyncio
import base64
import time
from collections.abc import Mapping
from typing import Any, Protocol

from .messages import Preview
from .progress import Progress

PROGRESS_SECONDS = 0.5
PREVIEW_SECONDS = 0.25


class Outlet(Protocol):
    """Where events go; a `Channel` is one."""

    @property
    def silent(self) -> bool:
        """Nobody has ever listened, and whoever comes is told everything as it is then."""
        ...

    @property
    def listeners(self) -> int: ...

    def publish(self, name: str, data: Mapping[str, Any]) -> None: ...

    def show(self, data: Mapping[str, Any]) -> None:
        """A preview: only the newest is of interest."""
        ...


class Broadcast:
    """Lives on the background loop."""

    def __init__(self, channel: Outlet) -> None:
        self._channel = channel
        self._node: str | None = None
        self._told = 0.0  # time.monotonic()
        self._shown = 0.0
        self._later: asyncio.TimerHandle | None = None
        self._newest: Mapping[str, Any] = {}

    def progressed(self, progress: Mapping[str, Any]) -> None:
        self._newest = progress
        wait = self._told + PROGRESS_SECONDS - time.monotonic()
        if progress["current_node"] != self._node or wait <= 0:
            self._tell()
        elif self._later is None:
            self._later = asyncio.get_running_loop().call_later(wait, self._tell)

    def landed(self, output: Mapping[str, Any]) -> None:
        self._channel.publish("output", output)

    def logged(self, message: str, at: str) -> None:
        self._channel.publish("log", {"message": message, "at": at})

    def previewed(self, preview: Preview) -> None:
        now = time.monotonic()
        if now - self._shown < PREVIEW_SECONDS or not self._channel.listeners:
            return
        self._shown = now
        data = base64.b64encode(preview.content).decode()
        content = {"node_id": preview.node_id, "content_type": preview.content_type, "data_base64": data}
        self._channel.show(content)

    def close(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None

    def _tell(self) -> None:
        self.close()
        self._told = time.monotonic()
        self._node = self._newest["current_node"]
        self._channel.publish("progress", self._newest)


def progress_view(progress: Progress, take: int) -> dict[str, Any]:
    return {**progress._asdict(), "take": take}
