"""The engine of a fleet: workers beside their ComfyUIs execute runs, whichever gateway they were submitted to."""

import asyncio
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import SettingsError
from ..errors import NotReady
from ..running.dispatcher import now_ms
from ..running.engine import Audience, Live, Measure
from ..runs import OutputItem, Run, RunError, RunStatus, Workflow
from ..store.storage import Storage
from ..streams import OutputStream, Part
from . import topology
from .adverts import Adverts
from .events import FleetEvents
from .kept import FOLDER, Outputs
from .link import Link, translated
from .origin import Origin
from .outbox import Outbox
from .overview import Overview
from .recovery import Recovery
from .reports import Reporting
from .roster import Roster
from .shelves import Documents
from .supervising import Duties

logger = logging.getLogger(__name__)

TEND_SECONDS = 1.0
SWEEP_SECONDS = 10.0
VERIFY_SECONDS = 60.0
FAILED_SECONDS = 2.0  # after which what NATS or the store did not take is tried again


class FleetEngine:
    """Lives on the background loop."""

    def __init__(
        self,
        link: Link,
        storage: Storage,
        roster: Roster,
        adverts: Adverts,
        documents: Documents,
        folder: Path,
        audience: Audience,
    ) -> None:
        """`folder`: for outputs that were fetched."""
        self.events = FleetEvents(link)
        self._link = link
        self._storage = storage
        self._audience = audience
        self._roster = roster
        self._adverts = adverts
        origin = Origin(storage)
        self._reporting = Reporting(link, storage, audience, origin)
        self._outbox = Outbox(link, storage, roster, documents, Recovery(link, self._reporting), origin)
        self._outputs = Outputs(link, folder)
        self._overview = Overview(link, storage, adverts, self._reporting)
        self._duties = Duties()
        self._begun = False
        self._news = asyncio.Event()  # there is something to sweep up
        self._renewed = asyncio.Event()  # the connection, since everything was verified
        self._forgetting: list[Run] = []
        self._saying: set[asyncio.Task[None]] = set()
        link.welcome(self._welcome)

    async def check(self, workflow: Workflow, values: Mapping[str, Any]) -> None:
        await self._roster.check(workflow, values)

    def submitted(self, run: Run, workflow: Workflow) -> None:
        self.wake()
        self._outbox.submitted(run, workflow)

    def wake(self) -> None:
        """What was left is found by the sweep, which begins with the connection."""
        if self._begun:
            return
        self._begun = True
        self._link.start()
        for name, work in (
            ("adverts", self._adverts.advertise),
            ("events", self.events.work),
            ("reports", self._reporting.work),
            ("outbox", self._outbox.work),
            ("sweep", self._sweep),
            ("verify", self._verify),
            ("listeners", self._tend),
        ):
            self._duties.begin(name, work)

    def cancel(self, run_id: str, reason: RunError | None = None) -> None:
        task = asyncio.create_task(self._cancel(run_id, reason), name="lectern cancel")
        self._saying.add(task)
        task.add_done_callback(self._saying.discard)

    async def live(self, run: Run) -> Live | None:
        return await self.events.live(run)

    async def open(self, item: OutputItem, part: Part) -> OutputStream:
        return await self._outputs.open(item, part)

    async def forgotten(self, runs: list[Run]) -> None:
        """Now, or as soon as NATS answers."""
        self._forgetting += runs
        await self._forget()

    async def lacks(self) -> list[str]:
        return self._roster.lacks()

    async def measures(self) -> list[Measure]:
        return await self._overview.measures()

    async def overview(self) -> Mapping[str, Any]:
        return await self._overview.view()

    async def stop(self) -> None:
        for task in self._saying:
            task.cancel()
        await self._adverts.withdraw()
        await self._duties.end()
        await self._outbox.close()
        await self.events.close()
        await self._link.stop()

    async def _welcome(self) -> None:
        """A new connection: perhaps to a server that lost everything."""
        self._outbox.forget()
        self._renewed.set()
        self._news.set()
        await self._link.client.subscribe(f"{topology.ENDED}.*", cb=self._ended_elsewhere)

    async def _cancel(self, run_id: str, reason: RunError | None) -> None:
        """The key is for whoever gets the run later, the message for who has it."""
        content = b"" if reason is None else _dump(reason)
        while True:
            try:
                with translated():
                    await self._link.client.publish(f"{topology.CANCEL}.{run_id}", content)
                    await self._link.bucket(topology.CANCELS).put(run_id, content)
                return
            except NotReady as error:
                logger.debug("a cancel waits for NATS: %s", error)
                await asyncio.sleep(FAILED_SECONDS)

    async def _sweep(self) -> None:
        while True:
            await self._link.ready()
            self._news.clear()
            try:
                await self._outbox.sweep(now_ms())
                await self._forget()
                wait = SWEEP_SECONDS
            except (NotReady, SettingsError) as error:
                logger.debug("runs wait: %s", error)
                wait = FAILED_SECONDS
            await _until(self._news, wait)

    async def _verify(self) -> None:
        """Everything after a new connection, and some of it every minute."""
        after = 0
        while True:
            await self._link.ready()
            renewed = self._renewed.is_set()
            self._renewed.clear()
            try:
                after = await self._outbox.verify(0 if renewed else after)
                while renewed and after:
                    after = await self._outbox.verify(after)
                await _until(self._renewed, VERIFY_SECONDS)
            except (NotReady, SettingsError) as error:
                logger.debug("messages are not verified: %s", error)
                if renewed:
                    self._renewed.set()
                await asyncio.sleep(FAILED_SECONDS)

    async def _tend(self) -> None:
        """What was told while NATS was away is found in the store."""
        while True:
            await self.events.tend()
            ids = list({*self._audience.waited(), *self.events.open_ended()})
            try:
                await self._settle(ids)
            except NotReady as error:
                logger.debug("whoever waits goes on waiting: %s", error)
            await asyncio.sleep(TEND_SECONDS)

    async def _settle(self, ids: list[str]) -> None:
        if not ids:
            return
        for run in await self._storage.call(lambda store: store.fleet.ended(ids)):
            self._audience.settled(run)
            if run.status is not RunStatus.EXPIRED:
                self.events.finish(run, self._audience.shown(run))

    async def _ended_elsewhere(self, message: Any) -> None:
        run_id = message.subject.removeprefix(f"{topology.ENDED}.")
        if run_id not in self._audience.waited():
            return
        run = await self._storage.call(lambda store: store.runs.get(run_id))
        if run is not None and run.finished:
            self._audience.settled(run)

    async def _forget(self) -> None:
        try:
            while self._forgetting:
                await self._discard(self._forgetting[-1])
                self._forgetting.pop()
        except NotReady as error:
            logger.debug("outputs are deleted later: %s", error)

    async def _discard(self, run: Run) -> None:
        await self._outputs.delete([item.subfolder for item in run.outputs if item.folder == FOLDER])
        with translated():
            for bucket in (topology.STATES, topology.CANCELS, topology.DEAD):
                await self._link.bucket(bucket).purge(run.id)
            await self._link.js.purge_stream(topology.EVENTS_STREAM, subject=f"{topology.EVENTS}.{run.id}")


def _dump(reason: RunError) -> bytes:
    return json.dumps(reason._asdict(), ensure_ascii=False).encode("utf-8", "replace")


async def _until(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
