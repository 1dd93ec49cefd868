"""The channels of all runs that somebody listens to, or that are in work."""

import time
from collections import OrderedDict

from .channel import Channel

REMEMBERED = 64  # ended runs whose events can still be replayed
UNHEARD_SECONDS = 60.0  # after which a channel that nobody listens to and nobody wrote to is let go of


class EventHub:
    """Lives on the background loop."""

    def __init__(self) -> None:
        self._open: dict[str, Channel] = {}
        self._working: set[str] = set()
        self._ended: OrderedDict[str, Channel] = OrderedDict()
        self._asked: dict[str, float] = {}  # time.monotonic() at which an open channel was last handed out

    def channel(self, run_id: str) -> Channel:
        """Of a run that has not ended; made when there is none."""
        self._asked[run_id] = time.monotonic()
        return self._open.setdefault(run_id, Channel())

    def work(self, run_id: str) -> Channel:
        """As `channel`, for a run that is in work: it stays until the run ends, listeners or not."""
        self._working.add(run_id)
        return self.channel(run_id)

    def find(self, run_id: str) -> Channel | None:
        return self._open.get(run_id) or self._ended.get(run_id)

    def end(self, run_id: str) -> None:
        """After the run's last event."""
        self._working.discard(run_id)
        self._asked.pop(run_id, None)
        channel = self._open.pop(run_id, None)
        if channel is not None:
            self._ended[run_id] = channel
            while len(self._ended) > REMEMBERED:
                self._ended.popitem(last=False)

    def forget(self, run_id: str) -> None:
        """Of a run that is over or not there, the channel that was made to find out."""
        channel = self._open.get(run_id)
        if channel is not None and self._is_empty(run_id, channel):
            del self._open[run_id], self._asked[run_id]

    def listened(self) -> list[str]:
        """The runs that have not ended and that somebody listens to; lets go of the others' empty channels.

        Not of those that were handed out a moment ago: whoever got one begins to listen on another loop.
        """
        before = time.monotonic() - UNHEARD_SECONDS
        for run_id, channel in list(self._open.items()):
            if self._is_empty(run_id, channel) and self._asked[run_id] < before:
                del self._open[run_id], self._asked[run_id]
        return [run_id for run_id, channel in self._open.items() if channel.listeners]

    def _is_empty(self, run_id: str, channel: Channel) -> bool:
        return run_id not in self._working and channel.count == 0 and not channel.listeners

    @property
    def streams(self) -> int:
        return sum(channel.listeners for channel in self._open.values())
