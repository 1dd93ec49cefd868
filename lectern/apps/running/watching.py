"""Follows one take of one run: its events for those who listen, its log for the store."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from ..runs import OutputItem, Run
from ..surface.views import iso, output_view
from .broadcast import Broadcast, Outlet, progress_view
from .dispatcher import LogWatcher, now_ms
from .messages import Preview
from .progress import Progress

LOG_CHARACTERS = 8_000  # of one take
TOLD_SECONDS = 5.0


class RunWatcher(LogWatcher):
    def __init__(self, run: Run, channel: Outlet, told: Callable[[Run, Mapping[str, Any]], None]) -> None:
        """`told` hears of progress now and then."""
        self.logs = ""
        self._run = run
        self._channel = channel
        self._broadcast = Broadcast(channel)
        self._node: str | None = None
        self._told = told
        self._told_at = time.monotonic()

    def progressed(self, progress: Progress) -> None:
        if not self._channel.silent:
            self._broadcast.progressed(self._view(progress))
        if time.monotonic() - self._told_at >= TOLD_SECONDS:
            self._told_at = time.monotonic()
            self._told(self._run, self._view(progress))
        if progress.current_node not in (None, self._node):
            self._node = progress.current_node
            self._log(f"{progress.current_node}")

    def landed(self, item: OutputItem, place: int) -> None:
        self._broadcast.landed(output_view(self._run, item, len(self._run.outputs) + place))

    def previewed(self, preview: Preview) -> None:
        self._broadcast.previewed(preview)

    def close(self) -> None:
        self._broadcast.close()

    def _view(self, progress: Progress) -> dict[str, Any]:
        return progress_view(progress, self._run.takes_done)

    def _log(self, message: str) -> None:
        at = iso(now_ms()) or ""
        line = f"{at} {message}\n"
        if len(self.logs) + len(line) <= LOG_CHARACTERS:
            self.logs += line
            self._broadcast.logged(message, at)
