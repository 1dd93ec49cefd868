"""The events of one run, for whoever listens: a bounded log that is read from any position, on any event loop."""

import asyncio
import json
import threading
import uuid
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from typing import Any

KEPT = 512  # events that can be replayed
KEEPALIVE_SECONDS = 15.0
KEEPALIVE = b": still here\n\n"

EPOCH = uuid.uuid4().hex[:8]  # of this process: ids of an earlier one mean nothing here


def event_id(number: int) -> str:
    return f"{EPOCH}-{number}"


def read_event_id(text: str) -> int | None:
    """The number in an id of this process, else None."""
    epoch, _, number = text.partition("-")
    return int(number) if epoch == EPOCH and number.isascii() and number.isdigit() and len(number) < 12 else None


def encode(name: str, data: Mapping[str, Any], id: str = "") -> bytes:
    """One event as server-sent events write it (WHATWG HTML, section 9.2)."""
    head = f"id: {id}\n" if id else ""
    return f"{head}event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode("utf-8", "replace")


class Channel:
    """Written on the background loop, listened to on the server's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._log: deque[bytes] = deque(maxlen=KEPT)
        self._count = 0
        self._preview: tuple[int, bytes] = (0, b"")  # how many there were, and the newest
        self._ended = False
        self._heard = False  # somebody has listened; before, nobody can ask for what was missed
        self._listeners: dict[asyncio.AbstractEventLoop, set[asyncio.Event]] = {}

    @property
    def count(self) -> int:
        """Events so far; where a listener starts who knows everything up to now."""
        return self._count

    @property
    def ended(self) -> bool:
        return self._ended

    @property
    def listeners(self) -> int:
        with self._lock:
            return sum(map(len, self._listeners.values()))

    def has(self, number: int) -> bool:
        """Whether everything after this event can be replayed."""
        return self._count - len(self._log) <= number <= self._count

    @property
    def silent(self) -> bool:
        """Nobody ever listened: whoever comes is told everything as it is then."""
        return not self._heard

    def open(self) -> None:
        """Before a listener reads the run that it will be told of: what is published from now on is kept for it."""
        self._heard = True

    def publish(self, name: str, data: Mapping[str, Any], last: bool = False, id: str | None = None) -> None:
        """`id`: by which a listener tells where it left off; None: of our own counting, empty: it does not."""
        with self._lock:
            if self.silent:
                self._ended = last
                return
            self._count += 1
            self._log.append(encode(name, data, event_id(self._count) if id is None else id))
            self._ended = self._ended or last
        self._wake()

    def show(self, data: Mapping[str, Any]) -> None:
        """A preview: only the newest is of interest, and none is replayed."""
        with self._lock:
            self._preview = (self._preview[0] + 1, encode("preview", data))
        self._wake()

    def dismiss(self) -> None:
        """Listeners get what there is, and no more."""
        with self._lock:
            self._ended = True
        self._wake()

    async def listen(self, after: int) -> AsyncGenerator[bytes, None]:
        """Everything after that event until the last one, and a comment whenever there is nothing for long.

        Ends early when the listener is so slow that events were dropped: it comes again and is told everything.
        """
        news = asyncio.Event()
        loop = asyncio.get_running_loop()
        shown = self._preview[0]
        with self._lock:
            self._heard = True
            self._listeners.setdefault(loop, set()).add(news)
        try:
            while True:
                news.clear()
                with self._lock:
                    pieces, after, gone = self._since(after)
                    number, preview = self._preview
                    ended = self._ended
                if gone:
                    return
                if number > shown and not ended:
                    pieces, shown = [*pieces, preview], number
                if pieces:
                    yield b"".join(pieces)
                if ended:
                    return
                try:
                    async with asyncio.timeout(KEEPALIVE_SECONDS):
                        await news.wait()
                except TimeoutError:
                    yield KEEPALIVE
        finally:
            with self._lock:
                self._listeners[loop].discard(news)
                if not self._listeners[loop]:
                    del self._listeners[loop]

    def _since(self, after: int) -> tuple[list[bytes], int, bool]:
        missing = self._count - after
        if missing > len(self._log):
            return [], after, True
        return list(self._log)[len(self._log) - missing :] if missing else [], self._count, False

    def _wake(self) -> None:
        with self._lock:
            listening = [(loop, tuple(events)) for loop, events in self._listeners.items()]
        for loop, events in listening:
            loop.call_soon_threadsafe(_set_all, events)


def _set_all(events: tuple[asyncio.Event, ...]) -> None:
    for event in events:
        event.set()
