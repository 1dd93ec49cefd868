"""The channels of all runs that somebody listens to, or that are in work."""

import time
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

from .channel import Channel

REMEMBERED = 64  # ended runs whose events can still be replayed
UNHEARD_SECONDS = 60.0  # after which a channel that nobody listens to and nobody wrote to is let go of


class EventHub:
    """Lives on the background loop."""

    def __init__(self) -> None:
        self._open: dict[str, Channel] = {}
        self._working: set[str] = set()
        self._ended: OrderedDict[str, Channel] = OrderedDict()
        self._asking: Counter[str] = Counter()  # how many find out just now about their run
        self._given: dict[str, float] = {}  # time.monotonic() at which an open channel was last given to a listener

    @contextmanager
    def asked(self, run_id: str) -> Iterator[Channel]:
        """The channel of a run that may have ended or may not be there. It stays within the block, and afterwards only
        when it was given to a listener or is needed for other reasons."""
        self._asking[run_id] += 1
        try:
            yield self.find(run_id) or self._open.setdefault(run_id, Channel())
        finally:
            self._asking[run_id] -= 1
            if not self._asking[run_id]:
                del self._asking[run_id]
            self._forget(run_id, before=float("-inf"))

    def give(self, run_id: str) -> None:
        """To somebody who will listen soon, on another loop."""
        if run_id in self._open:
            self._given[run_id] = time.monotonic()

    def work(self, run_id: str) -> Channel:
        """Of a run that is in work: it stays until the run ends, listeners or not."""
        self._working.add(run_id)
        return self._open.setdefault(run_id, Channel())

    def rest(self, run_id: str) -> None:
        """The run is not in work after all."""
        self._working.discard(run_id)
        self._forget(run_id, before=float("-inf"))

    def find(self, run_id: str) -> Channel | None:
        return self._open.get(run_id) or self._ended.get(run_id)

    def end(self, run_id: str) -> None:
        """After the run's last event."""
        self._working.discard(run_id)
        self._given.pop(run_id, None)
        channel = self._open.pop(run_id, None)
        if channel is not None:
            self._ended[run_id] = channel
            while len(self._ended) > REMEMBERED:
                self._ended.popitem(last=False)

    def dismiss(self) -> None:
        """Whoever listens, to whatever."""
        for channel in self._open.values():
            channel.dismiss()

    def listened(self) -> list[str]:
        """The runs that have not ended and that somebody listens to; lets go of the others' empty channels.

        Not of those that were given to a listener a moment ago.
        """
        before = time.monotonic() - UNHEARD_SECONDS
        for run_id in list(self._open):
            self._forget(run_id, before)
        return [run_id for run_id, channel in self._open.items() if channel.listeners]

    def _forget(self, run_id: str, before: float) -> None:
        """Unless the channel is needed, or was given to a listener after that time."""
        channel = self._open.get(run_id)
        if channel is None or channel.count or channel.listeners:
            return
        given = self._given.get(run_id)
        if run_id in self._working or run_id in self._asking or (given is not None and given >= before):
            return
        del self._open[run_id]
        self._given.pop(run_id, None)

    @property
    def streams(self) -> int:
        return sum(channel.listeners for channel in self._open.values())
