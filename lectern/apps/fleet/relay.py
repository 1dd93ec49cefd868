"""The events of one run as its stream on NATS has them, for those who listen to this gateway."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..errors import NotReady
from ..running.channel import KEPT, Channel
from . import topology
from .link import Link, translated
from .messages import Event, Shown

if TYPE_CHECKING:
    from nats.aio.msg import Msg
    from nats.aio.subscription import Subscription

CAUGHT_UP_SECONDS = 2.0  # longest wait for events that are there already
ORPHANED_SECONDS = 30.0  # after which the server forgets a consumer of ours that nobody reads
ID = "js-"


def read_id(text: str) -> int | None:
    """The place in the stream that an event's id tells; the same at all gateways."""
    number = text.removeprefix(ID)
    return int(number) if text.startswith(ID) and number.isascii() and number.isdigit() and len(number) < 20 else None


class Relay:
    """Written on the background loop; listened to on any, see Channel."""

    def __init__(self, link: Link, run_id: str, stored: Callable[[str], None]) -> None:
        """`stored` is called when the last event only says that the rest is in the store."""
        self.run_id = run_id
        self.used = time.monotonic()
        self.events: OrderedDict[str, list[Event]] = OrderedDict()  # those that say how the run is: see `_keep`
        self._link = link
        self._stored = stored
        self._channel = Channel()
        self._channel.open()
        self._counts: OrderedDict[int, int] = OrderedDict()  # place in the stream: number in the channel
        self._expected = 0  # number of the consumer's next message
        self._awaited = 0  # messages that were there when it began
        self._caught_up = asyncio.Event()
        self._subscriptions: list[Subscription] = []
        self._connection: object = None
        self._previews = False

    @property
    def listeners(self) -> int:
        return self._channel.listeners

    @property
    def ended(self) -> bool:
        return self._channel.ended

    @property
    def count(self) -> int:
        return self._channel.count

    def after(self, place: int) -> int | None:
        """The number in the channel of what lies there in the stream; None when what follows cannot be replayed."""
        number = self._counts.get(place)
        return number if number is not None and self._channel.has(number) else None

    def listen(self, after: int) -> AsyncGenerator[bytes, None]:
        return self._channel.listen(after)

    def dismiss(self) -> None:
        self._channel.dismiss()

    def tell(self, name: str, data: Mapping[str, Any], last: bool = False) -> None:
        """To those who listen here."""
        if not self.ended:
            self._channel.publish(name, data, last, id="")

    async def follow(self, previews: bool = False) -> None:
        """Reads on, from the beginning or where a lost connection left off; returns once it is up to date.

        Without a connection it returns at once, and is to be called again.
        """
        if self.ended:
            return
        try:
            connection = connection_of(self._link)
            if self._connection != connection:
                self._connection = connection
                await self.leave()
                await self._subscribe()
            if previews and not self._previews:
                self._previews = True
                await self._watch()
        except NotReady:
            self._connection, self._previews = None, False
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(CAUGHT_UP_SECONDS):
                await self._caught_up.wait()

    async def leave(self) -> None:
        """Reads no more."""
        from nats.errors import Error

        left, self._subscriptions, self._previews = self._subscriptions, [], False
        for subscription in left:
            with suppress(Error):  # the connection that it belonged to is gone
                await subscription.unsubscribe()

    async def _subscribe(self) -> None:
        from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

        self._expected, self._awaited = 1, 0
        self._caught_up.clear()
        client = self._link.client
        inbox = client.new_inbox()
        last = next(reversed(self._counts), 0)
        with translated():
            if last and (await self._link.js.stream_info(topology.EVENTS_STREAM)).state.last_seq < last:
                last = 0  # the server lost its disk: numbers begin anew
            self._subscriptions.append(await client.subscribe(inbox, cb=self._arrived))
            config = ConsumerConfig(
                deliver_subject=inbox,
                filter_subject=f"{topology.EVENTS}.{self.run_id}",
                ack_policy=AckPolicy.NONE,
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE if last else DeliverPolicy.ALL,
                opt_start_seq=last + 1 if last else None,
                inactive_threshold=ORPHANED_SECONDS,
                mem_storage=True,
                num_replicas=1,
            )
            info = await self._link.js.add_consumer(topology.EVENTS_STREAM, config)
        delivered = info.delivered.consumer_seq if info.delivered else 0
        self._awaited = (info.num_pending or 0) + delivered
        self._look()

    async def _watch(self) -> None:
        """Previews come while somebody says that they are looked at."""
        with translated():
            client = self._link.client
            subject = f"{topology.PREVIEWS}.{self.run_id}"
            self._subscriptions.append(await client.subscribe(subject, cb=self._showed))
            await client.publish(f"{topology.WATCHED}.{self.run_id}", b"")

    async def _arrived(self, message: "Msg") -> None:
        metadata = message.metadata
        if metadata.sequence.consumer != self._expected:
            self._connection = None  # some were lost on the way: `follow` reads them again
            return
        self._expected += 1
        place = metadata.sequence.stream
        if not self.ended and place not in self._counts:
            self._keep(place, message.data)
        self._look()

    def _keep(self, place: int, content: bytes) -> None:
        try:
            event = Event.load(content)
        except (ValueError, KeyError, TypeError):  # of a Lectern that is newer than this one
            return
        last = event.name == "completed"
        if last and not event.data:
            self._stored(self.run_id)
            return
        self._channel.publish(event.name, event.data, last, id=f"{ID}{place}")
        self._counts[place] = self._channel.count
        while len(self._counts) > KEPT:
            self._counts.popitem(last=False)
        if event.name in ("progress", "output"):
            kept = self.events.setdefault(event.name, [])
            kept[:] = [event] if event.name == "progress" else [*kept, event][-KEPT:]

    async def _showed(self, message: "Msg") -> None:
        with suppress(ValueError):
            self._channel.show(Shown.load(message.data).data)

    def _look(self) -> None:
        if self._expected > self._awaited:
            self._caught_up.set()


def connection_of(link: Link) -> object:
    """Another one after every interruption. Raises NotReady."""
    client = link.client
    return id(client), client.stats["reconnects"]
