"""The fleet at a glance: who works, what waits, what was given up."""

import logging
from collections.abc import Mapping
from typing import Any

from ..errors import NotReady
from ..running.dispatcher import now_ms
from ..running.engine import Measure
from ..runs import Priority
from ..store.storage import Storage
from ..surface.views import iso
from . import topology
from .adverts import Adverts
from .deliveries import Queue
from .link import Link, translated
from .messages import Advert, Dead
from .reports import Reporting
from .roster import idle_reason

logger = logging.getLogger(__name__)

STATES = ("idle", "busy", "draining", "refused")
MOST_DEAD = 200  # that are listed


class Overview:
    """Lives on the background loop."""

    def __init__(self, link: Link, storage: Storage, adverts: Adverts, reporting: Reporting) -> None:
        self._link = link
        self._storage = storage
        self._adverts = adverts
        self._reporting = reporting
        self._queue = Queue(link)

    async def view(self) -> Mapping[str, Any]:
        """As administrators see it: no addresses, nothing of what runs were given. Raises NotReady."""
        dead = await self._dead()
        return {
            "engine": "fleet",
            "workers": [worker_view(worker) for worker in self._adverts.workers()],
            "gateways": [{"name": name, "version": version} for name, version in self._adverts.gateways().items()],
            "queues": [{"priority": str(name), "runs": number} for name, number in (await self._depths()).items()],
            "dead": [dead_view(one) for one in sorted(dead, key=lambda one: -one.at_ms)[:MOST_DEAD]],
        }

    async def measures(self) -> list[Measure]:
        """What cannot be found out just now is left out."""
        found = [
            Measure("lectern_fleet_nats_connected", "1 when NATS answers", float(not self._link.problem)),
            Measure(
                "lectern_fleet_redeliveries",
                "Runs that another worker began after one had died",
                self._reporting.redeliveries,
                counter=True,
            ),
        ]
        found += self._of_workers()
        try:
            oldest = await self._storage.call(lambda store: store.fleet.oldest())
            seconds = 0 if oldest is None else max(0, now_ms() - oldest) / 1000
            found.append(Measure("lectern_fleet_oldest_seconds", "How long the oldest run has waited", seconds))
            for priority, number in (await self._depths()).items():
                about = "Runs in the queue, those in work included"
                found.append(Measure("lectern_fleet_queue_depth", about, number, {"priority": str(priority)}))
            number = len(await self._dead_names())
            found.append(Measure("lectern_fleet_dead_letters", "Runs that were given up", number))
        except NotReady as error:
            logger.debug("not everything is measured: %s", error)
        return found

    def _of_workers(self) -> list[Measure]:
        states = [state_of(worker) for worker in self._adverts.workers()]
        return [
            Measure("lectern_fleet_workers", "Workers that are there", states.count(state), {"state": state})
            for state in STATES
        ]

    async def _depths(self) -> dict[Priority, int]:
        depths = dict.fromkeys(Priority, 0)
        for name, number in (await self._queue.depths()).items():
            if name.priority in depths:
                depths[Priority(name.priority)] += number
        return depths

    async def _dead(self) -> list[Dead]:
        from nats.js.errors import KeyNotFoundError

        found = []
        bucket = self._link.bucket(topology.DEAD)
        for name in (await self._dead_names())[:MOST_DEAD]:
            with translated():
                try:
                    found.append(Dead.load((await bucket.get(name)).value or b""))
                except (KeyNotFoundError, ValueError, KeyError):
                    continue
        return found

    async def _dead_names(self) -> list[str]:
        from nats.js.errors import NoKeysError

        with translated():
            try:
                return await self._link.bucket(topology.DEAD).keys()
            except NoKeysError:
                return []


def state_of(worker: Advert) -> str:
    if worker.draining:
        return "draining"
    if worker.run:
        return "busy"
    return "refused" if idle_reason(worker) else "idle"


def worker_view(worker: Advert) -> dict[str, Any]:
    return {
        "name": worker.name,
        "state": state_of(worker),
        "reason": idle_reason(worker) or None,
        "version": worker.version,
        "comfyui": worker.comfyui,
        "devices": [device._asdict() for device in worker.devices],
        "ram_free": worker.ram_free,
        "run": worker.run or None,
        "app": worker.app or None,
        "since": iso(worker.since_ms),
    }


def dead_view(dead: Dead) -> dict[str, Any]:
    return {
        "run": dead.run,
        "app": dead.app,
        "attempts": dead.attempts,
        "workers": list(dead.workers),
        "at": iso(dead.at_ms),
    }
