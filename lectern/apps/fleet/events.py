"""The events of all runs of a fleet: workers and gateways publish them, every gateway relays them to its listeners."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from ..errors import NotReady
from ..running.engine import Listening, Live, Reader
from ..running.local_events import snapshot
from ..runs import Run
from . import topology
from .link import Link, translated
from .messages import Event
from .relay import Relay, read_id
from .shelves import INLINE_BYTES

logger = logging.getLogger(__name__)

UNUSED_SECONDS = 10.0  # that a relay stays which nobody listens to
GIVEN_SECONDS = 60.0  # that one stays which was given to a listener who has not come yet
WATCHED_SECONDS = 5.0  # between two words that somebody looks
WAITING_EVENTS = 10_000  # that are not published yet; more only come while NATS is away


class FleetEvents:
    """Lives on the background loop."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._relays: dict[str, Relay] = {}
        self._given: dict[str, float] = {}  # time.monotonic()
        self._watched = 0.0
        self._late: set[str] = set()  # runs whose end only the store can tell
        self._sending: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(WAITING_EVENTS)

    @property
    def streams(self) -> int:
        return sum(relay.listeners for relay in self._relays.values() if not relay.ended)

    async def listen(self, run_id: str, last_id: str, read: Reader) -> Listening:
        place = read_id(last_id)
        if place is None:
            run, view = await read()
            if run.finished:
                return Listening(snapshot(view), None, 0)
        relay = self._relay(run_id)
        await relay.follow()
        before = relay.count  # what comes while the run is read is told, perhaps twice
        run, view = await read()
        after = None if place is None else relay.after(place)
        if after is None and run.finished:
            return Listening(snapshot(view), None, 0)
        self._given[run_id] = time.monotonic()
        await relay.follow(previews=True)
        return Listening(b"", relay, after) if after is not None else Listening(snapshot(view), relay, before)

    def listened(self) -> list[str]:
        return [run_id for run_id, relay in self._relays.items() if relay.listeners and not relay.ended]

    def dismiss(self) -> None:
        for relay in self._relays.values():
            relay.dismiss()

    def place(self, run_id: str, status: Mapping[str, Any]) -> None:
        relay = self._relays.get(run_id)
        if relay is not None:
            relay.tell("status", status)

    def status(self, run_id: str, status: Mapping[str, Any]) -> None:
        self._send(f"{topology.EVENTS}.{run_id}", Event("status", status).dump())

    def completed(self, run_id: str, status: Mapping[str, Any], view: Callable[[], Mapping[str, Any]]) -> None:
        """Gateways whose callers wait for it are told first."""
        self._send(f"{topology.ENDED}.{run_id}", b"")
        self.status(run_id, status)
        content = Event("completed", view()).dump()
        if len(content) > INLINE_BYTES:
            content = Event("completed", {}).dump()
        self._send(f"{topology.EVENTS}.{run_id}", content)

    async def live(self, run: Run) -> Live:
        """What has been told of the take in work."""
        relay = self._relay(run.id)
        await relay.follow()
        told = relay.events.get("progress", [])
        progress = told[-1].data if told and told[-1].data.get("take") == run.takes_done else None
        items = [event.item for event in relay.events.get("output", ()) if event.item is not None]
        return Live(progress, tuple(item for item in items if item.take == run.takes_done))

    def open_ended(self) -> list[str]:
        """Runs that somebody listens to, or asked for, and whose last event has not come."""
        return [run_id for run_id, relay in self._relays.items() if not relay.ended]

    def finish(self, run: Run, view: Mapping[str, Any]) -> None:
        """The store says that it has ended; told once it has been said twice, because the event is on its way."""
        relay = self._relays.get(run.id)
        if relay is None or relay.ended:
            return
        if run.id in self._late:
            relay.tell("completed", view, last=True)
        self._late.add(run.id)

    async def tend(self) -> None:
        """Now and then: mends relays, and lets go of those that nobody needs."""
        now = time.monotonic()
        watched = now - self._watched >= WATCHED_SECONDS
        for run_id, relay in list(self._relays.items()):
            listened = relay.listeners > 0
            expected = now - self._given.get(run_id, -GIVEN_SECONDS) < GIVEN_SECONDS and not relay.ended
            if not listened and not expected and now - relay.used >= UNUSED_SECONDS:
                await self._drop(run_id)
                continue
            await relay.follow(previews=listened)
            if listened and watched and not relay.ended:
                self._send(f"{topology.WATCHED}.{run_id}", b"")
        if watched:
            self._watched = now

    async def work(self) -> None:
        """Publishes, in order, what there is to say. What NATS does not take is not said: the store knows it."""
        while True:
            subject, content = await self._sending.get()
            try:
                with translated():
                    await self._link.client.publish(subject, content)
            except NotReady as error:
                logger.debug("an event is not published: %s", error)

    async def close(self) -> None:
        for run_id in list(self._relays):
            await self._drop(run_id)

    def _relay(self, run_id: str) -> Relay:
        relay = self._relays.get(run_id)
        if relay is None:
            relay = self._relays[run_id] = Relay(self._link, run_id, self._late.add)
        relay.used = time.monotonic()
        return relay

    async def _drop(self, run_id: str) -> None:
        relay = self._relays.pop(run_id)
        self._given.pop(run_id, None)
        self._late.discard(run_id)
        await relay.leave()

    def _send(self, subject: str, content: bytes) -> None:
        with suppress(asyncio.QueueFull):
            self._sending.put_nowait((subject, content))
