"""Sends what waits: at once, and again for hours while a receiver does not take it. Restarts change nothing."""

import asyncio
import json
import logging
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from yarl import URL

from ...errors import SettingsError
from ...settings import Settings
from ..egress import Egress, check_url, webhook_reach
from ..errors import AddressFailed, AddressRefused, NotReady
from ..running.messages import encodable
from ..store.storage import Storage
from .records import Delivery, DeliveryState, Due
from .signing import key_of, names_secret, read_secret, shared_secret, sign

logger = logging.getLogger(__name__)

AT_ONCE = 8
AT_ONCE_PER_HOST = 2
GONE = 410
KEPT_MS = 7 * 24 * 3_600_000  # ended deliveries; long enough to look why a receiver got nothing
LONGEST_WAIT = 3600.0  # seconds, after which the clock is looked at again
SHARED_WAIT = 5.0  # seconds, after which others may have left something to send
CLAIM_MS = 60_000  # how long a process has for one attempt; longer than any takes


class Rhythm(NamedTuple):
    """Seconds before another attempt, spread by a share so that many do not come back at once."""

    retries: tuple[float, ...] = (5, 30, 120, 600, 3600, 5 * 3600, 12 * 3600)
    spread: float = 0.1
    failure: float = 10  # after the store or the settings could not be used


def new_delivery(run_id: str, event: str, url: str, payload: Mapping[str, Any], now_ms: int) -> Delivery:
    """An event for `insert_delivery`; it gets its id here, which stays the same however often it is sent.

    What no database can hold is replaced: it is stored together with a change of its run, which must not fail for it.
    """
    content = encodable(json.dumps(payload, ensure_ascii=False))
    return Delivery(str(uuid.uuid4()), run_id, event, url, content, 0, now_ms)


class Webhooks:
    """Lives on the loop of its storage."""

    def __init__(
        self,
        storage: Storage,
        settings: Callable[[], Settings],
        private: Path,
        egress: Egress,
        rhythm: Rhythm = Rhythm(),  # noqa: B008
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._storage = storage
        self._settings = settings
        self._private = private
        self._egress = egress
        self._rhythm = rhythm
        self._now_ms = now_ms
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._sending: dict[str, Due] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def check(self, url: str) -> None:
        """Raises AddressRefused (422) when nothing would ever be sent there, SettingsError."""
        check_url(url, webhook_reach(self._settings()))

    async def secret(self) -> str:
        """What receivers check signatures with, `whsec_...`. Raises SettingsError, NotReady."""
        apps = self._settings().apps
        if self._storage.shared and not names_secret(apps):
            return await shared_secret(self._storage)
        return await asyncio.to_thread(read_secret, apps, self._private)

    async def enqueue(self, run_id: str, event: str, url: str, payload: Mapping[str, Any]) -> None:
        """For an event that belongs to no change of a run; see `insert_delivery` for those that do. Raises NotReady."""
        new = new_delivery(run_id, event, url, payload, self._now_ms())
        await self._storage.call(lambda store: store.deliveries.add(new))
        self.wake()

    def wake(self) -> None:
        """There may be something to send. Starts the deliverer when it does not run."""
        self._wake.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work(), name="lectern webhooks")
            self._task.add_done_callback(_report)

    async def stop(self) -> None:
        """Leaves everything as a crash would: what was being sent is sent again."""
        running = [task for task in (self._task, *self._tasks) if task is not None and not task.done()]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=2)

    async def sweep(self) -> int:
        """Forgets deliveries that ended long ago. Raises NotReady."""
        if not self._storage.exists:
            return 0
        before = self._now_ms() - KEPT_MS
        return await self._storage.call(lambda store: store.deliveries.sweep(before))

    async def _work(self) -> None:
        while True:
            self._wake.clear()
            try:
                pause = await self._start_due()
            except NotReady as error:
                logger.debug("webhooks wait: %s", error)
                pause = self._rhythm.failure
            try:
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def _start_due(self) -> float:
        """Starts what may start; seconds until there is more to do, unless woken before. Raises NotReady."""
        now = self._now_ms()
        due = await self._storage.call(lambda store: store.deliveries.due(now, self._sending))
        for one in choose(due, self._sending.values()):
            self._sending[one.id] = one
            task = asyncio.create_task(self._send(one))
            self._tasks.add(task)
            task.add_done_callback(self._sent)
        following = await self._storage.call(lambda store: store.deliveries.next_ms(now))
        longest = SHARED_WAIT if self._storage.shared else LONGEST_WAIT
        return longest if following is None else min(longest, max(0.0, (following - self._now_ms()) / 1000))

    def _sent(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        _report(task)
        self._wake.set()

    async def _send(self, one: Due) -> None:
        try:
            if not await self._claimed(one.id):
                return
            delivery = await self._storage.call(lambda store: store.deliveries.get(one.id))
            if delivery is not None:
                await self._settle(delivery, await self._attempt(delivery))
        except (NotReady, SettingsError) as error:
            logger.warning("A webhook waits: %s", error)
            await self._disclaim(one.id)
            await asyncio.sleep(self._rhythm.failure)  # its place stays taken, so that it does not come up at once
        finally:
            del self._sending[one.id]

    async def _claimed(self, delivery_id: str) -> bool:
        """Whether it is this process that sends it. A claim ends by itself when its process does."""
        if not self._storage.shared:
            return True
        now = self._now_ms()
        return await self._storage.call(lambda store: store.deliveries.claim(delivery_id, now, now + CLAIM_MS))

    async def _disclaim(self, delivery_id: str) -> None:
        if self._storage.shared:
            with suppress(NotReady):  # it ends by itself
                await self._storage.call(lambda store: store.deliveries.disclaim(delivery_id))

    async def _attempt(self, delivery: Delivery) -> int | None:
        """The answer's status, None when there was no answer. Raises SettingsError."""
        settings = self._settings()
        key = key_of(await self.secret())
        body = delivery.payload.encode()
        headers = {"Content-Type": "application/json", **sign(key, delivery.id, self._now_ms() // 1000, body)}
        try:
            return await self._egress.post(delivery.url, webhook_reach(settings), body, headers)
        except (AddressRefused, AddressFailed) as error:
            logger.debug("webhook of run %s: %s", delivery.run, error)
            return None

    async def _settle(self, delivery: Delivery, status: int | None) -> None:
        attempts = delivery.attempts + 1
        if status is not None and 200 <= status < 300:
            state, following = DeliveryState.DELIVERED, None
        elif status == GONE or attempts > len(self._rhythm.retries):
            state, following = DeliveryState.FAILED, None
            logger.warning("The webhook of run %s was given up after %d attempts.", delivery.run, attempts)
        else:
            state, following = DeliveryState.WAITING, self._now_ms() + self._pause_ms(delivery.attempts)
        await self._storage.call(lambda store: store.deliveries.settle(delivery.id, state, attempts, status, following))
        if status == GONE:
            await self._storage.call(lambda store: store.deliveries.abandon(delivery.url))

    def _pause_ms(self, attempt: int) -> int:
        share = 1 + random.uniform(-self._rhythm.spread, self._rhythm.spread)
        return round(1000 * self._rhythm.retries[attempt] * share)


def choose(due: Iterable[Due], sending: Collection[Due]) -> list[Due]:
    """What may start now: a few at once, fewer of one host, and one of a run, so that its events keep their order."""
    runs = {one.run for one in sending}
    hosts = Counter(URL(one.url).raw_host for one in sending)
    chosen: list[Due] = []
    for one in due:
        host = URL(one.url).raw_host
        if hosts.total() >= AT_ONCE:
            break
        if one.run not in runs and hosts[host] < AT_ONCE_PER_HOST:
            runs.add(one.run)
            hosts[host] += 1
            chosen.append(one)
    return chosen


def _report(task: "asyncio.Task[None]") -> None:
    """Any error here is a fault in Lectern that must be seen."""
    if not task.cancelled() and task.exception() is not None:
        logger.error("webhooks: a delivery stopped", exc_info=task.exception())
