"""What workers say of runs becomes what the store says of them.

All gateways share one consumer, which gives each report to one of them, and to another one when it is not acknowledged.
"""

import asyncio
import json
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import NotReady
from ..running.engine import Audience
from ..runs import Run
from ..store.storage import Storage
from . import topology
from .deliveries import ACK
from .link import Link, translated
from .messages import Kind, Report
from .origin import Origin
from .shelves import Parcels

if TYPE_CHECKING:
    from nats.aio.msg import Msg

    from ..store.fleet import Applied

logger = logging.getLogger(__name__)

SUBJECT = "lectern.deliver.reports"  # and the store: where the server delivers them; in a group, each to one gateway
ACK_WAIT = 10.0  # seconds
AT_ONCE = 32
MOST_PENDING = 256  # that are delivered and not acknowledged
PATIENCE = 40  # deliveries after which a report does not wait for earlier ones any more
LATER_SECONDS = 0.25


class Reporting:
    """Lives on the background loop."""

    def __init__(self, link: Link, storage: Storage, audience: Audience, origin: Origin) -> None:
        self.redeliveries = 0  # runs that a second worker began
        self._link = link
        self._storage = storage
        self._audience = audience
        self._parcels = Parcels(link)
        self._origin = origin
        self._arrived: asyncio.Queue[Msg] = asyncio.Queue()
        link.welcome(self._begin)

    async def work(self) -> None:
        """Until cancelled."""
        while True:
            messages = [await self._arrived.get()]
            while len(messages) < AT_ONCE and not self._arrived.empty():
                messages.append(self._arrived.get_nowait())
            try:
                await self._deal_with(messages)
            except NotReady as error:
                logger.debug("reports wait: %s", error)
                await self._one_by_one(messages)

    async def pending(self) -> int:
        """Reports that are on their way to this store. Raises NotReady."""
        with translated():
            name = topology.reports_consumer(await self._origin.name())
            info = await self._link.js.consumer_info(topology.REPORTS_STREAM, name)
        return (info.num_pending or 0) + (info.num_ack_pending or 0)

    async def apply(self, reports: Sequence[tuple[Report, bool]]) -> "Sequence[Applied]":
        """Stores them, and tells everybody. Raises NotReady.

        Args:
            reports: each with whether earlier ones will not come any more.
        """
        expiry = self._audience.expiry()
        done: Sequence[Applied] = await self._storage.call(
            lambda store: [store.fleet.apply(report, expiry, final) for report, final in reports]
        )
        for (report, _), run in zip(reports, done, strict=True):
            if isinstance(run, Run):
                self._tell(report, run)
        return done

    def _tell(self, report: Report, run: Run) -> None:
        match report.kind:
            case Kind.PROGRESS:
                self._audience.progressed(run, report.progress or {})
            case Kind.STARTED:
                self.redeliveries += report.attempt > 1 and report.take == 0
                self._audience.started(run)
            case Kind.WAITING:
                self._audience.waiting(run)
            case Kind.ADVANCED:
                self._audience.advanced(run)
            case Kind.ENDED:
                self._audience.ended(run)

    async def _deal_with(self, messages: "list[Msg]") -> None:
        read = [(message, await self._read(message)) for message in messages]
        for message, report in read:
            if report is None:
                await self._answer(message, b"+TERM")
        known = [(message, report) for message, report in read if report is not None]
        asked = [(report, message.metadata.num_delivered > PATIENCE) for message, report in known]
        done = await self.apply(asked)
        for (message, _), result in zip(known, done, strict=True):
            if result == "later":
                await self._answer(message, b"-NAK " + json.dumps({"delay": int(LATER_SECONDS * 1e9)}).encode())
            else:
                await self._answer(message, ACK)
                await self._parcels.discard(message.data)

    async def _one_by_one(self, messages: "list[Msg]") -> None:
        """One that cannot be stored must not keep others; it comes again, to us or to another gateway."""
        for message in messages:
            try:
                await self._deal_with([message])
            except NotReady as error:
                logger.debug("a report waits: %s", error)
                await asyncio.sleep(0.1)

    async def _read(self, message: "Msg") -> Report | None:
        try:
            return Report.load(await self._parcels.unpack(message.data))
        except (ValueError, KeyError, TypeError):
            logger.warning("Lectern: a worker's report cannot be read; update gateways before workers.")
            return None

    async def _answer(self, message: "Msg", content: bytes) -> None:
        with translated():
            await self._link.client.publish(message.reply, content)

    async def _begin(self) -> None:
        """After a new connection."""
        from nats.js.api import AckPolicy, ConsumerConfig

        store = await self._origin.name()
        group, subject = topology.reports_consumer(store), f"{SUBJECT}.{store}"
        config = ConsumerConfig(
            durable_name=group,
            filter_subject=topology.reports(store),
            deliver_subject=subject,
            deliver_group=group,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT,
            max_deliver=-1,
            max_ack_pending=MOST_PENDING,
        )
        with translated():
            await self._link.js.add_consumer(topology.REPORTS_STREAM, config)
            await self._link.client.subscribe(subject, queue=group, cb=self._hear)

    async def _hear(self, message: "Msg") -> None:
        self._arrived.put_nowait(message)
