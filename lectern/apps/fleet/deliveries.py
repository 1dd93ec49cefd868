"""Messages of the queue: pulled one at a time, kept by heartbeats, acknowledged when their run has ended.

Source: NATS docs, "JetStream wire API reference" (CONSUMER.MSG.NEXT; -NAK, +WPI, +TERM as replies).
"""

import json
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from . import topology
from .link import REQUEST_SECONDS, Link, translated
from .topology import QueueName

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg
    from nats.aio.subscription import Subscription

NEXT = "$JS.API.CONSUMER.MSG.NEXT"
STREAM_INFO = "$JS.API.STREAM.INFO"
NO_CONSUMER = "503"
ACK = b"+ACK"
GOING_ON = b"+WPI"


class Delivery(NamedTuple):
    """A message that is this worker's until it is acknowledged, or its heartbeats stop."""

    content: bytes
    reply: str  # where it is acknowledged
    times: int  # how often it was delivered, this time included
    queue: QueueName


class Queue:
    """What a worker does with the queue. Everything may raise NotReady."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._known: set[str] = set()  # consumers that are there
        self._knower: Client | None = None  # whose server has them
        self._client: Client | None = None  # that the inbox is of
        self._inbox: Subscription | None = None

    async def depths(self) -> dict[QueueName, int]:
        """How many messages each queue has, those that workers have included."""
        asked = json.dumps({"subjects_filter": f"{topology.RUNS}.>"}).encode()
        with translated():
            subject = f"{STREAM_INFO}.{topology.RUNS_STREAM}"
            answer = await self._link.client.request(subject, asked, timeout=REQUEST_SECONDS)
        subjects = (json.loads(answer.data).get("state") or {}).get("subjects") or {}
        found = {topology.read_queue(subject): number for subject, number in subjects.items()}
        return {name: number for name, number in found.items() if name is not None}

    async def pull(self, queue: QueueName, wait: float = 0) -> Delivery | None:
        """The next message, None when there is none that nobody has, after so many seconds. One pull at a time."""
        for _ in range(2):
            await self._ensure_consumer(queue)
            with translated():
                message = await self._next(queue, wait)
            status = (message.headers or {}).get("Status")
            if status is None:
                return Delivery(message.data, message.reply, message.metadata.num_delivered, queue)
            if status != NO_CONSUMER:
                return None
            self._known.discard(queue.consumer)  # it is gone: nobody used it for long, or the server lost it
        return None

    async def mend(self, queue: QueueName) -> bool:
        """Makes the queue's consumer anew when it has forgotten messages that the queue has; whether it had.

        A nats-server that is killed may remember that a message was delivered or acknowledged, but not that the message
        is still to be kept or is gone (seen with 2.9.10). Whoever gets such a message again finds how its run is.
        """
        from nats.js.errors import NotFoundError

        js = self._link.js
        before = (await self.depths()).get(queue, 0)
        with translated():
            try:
                info = await js.consumer_info(topology.RUNS_STREAM, queue.consumer)
            except NotFoundError:
                return False
        known = (info.num_pending or 0) + (info.num_ack_pending or 0)
        if min(before, (await self.depths()).get(queue, 0)) <= known:
            return False
        with translated(), suppress(NotFoundError):
            await js.delete_consumer(topology.RUNS_STREAM, queue.consumer)
        self._known.discard(queue.consumer)
        await self._ensure_consumer(queue)
        return True

    async def keep(self, reply: str) -> None:
        """A heartbeat: the message stays ours for another while. Returns once the server knows."""
        with translated():
            await self._link.client.request(reply, GOING_ON, timeout=REQUEST_SECONDS)

    async def done(self, reply: str) -> None:
        """Acknowledges; returns once the server knows."""
        with translated():
            await self._link.client.request(reply, ACK, timeout=REQUEST_SECONDS)

    async def give_back(self, reply: str, seconds: float = 0) -> None:
        """For others, after so many seconds; should the server not hear of it, then when the heartbeats are over."""
        delay = json.dumps({"delay": int(seconds * 1e9)}).encode()
        with translated():
            await self._link.client.request(reply, b"-NAK " + delay if seconds else b"-NAK", timeout=REQUEST_SECONDS)

    async def _next(self, queue: QueueName, wait: float) -> "Msg":
        """The message, or a status. Not by `request`, which finds answers by a subject that these do not have."""
        client = self._link.client
        inbox, self._inbox = self._inbox, None  # until it has answered: a late answer must not be taken for the next
        if inbox is None or self._client is not client:
            inbox = await client.subscribe(client.new_inbox())
        asked = {"batch": 1, "expires": int(wait * 1e9)} if wait else {"batch": 1, "no_wait": True}
        subject = f"{NEXT}.{topology.RUNS_STREAM}.{queue.consumer}"
        await client.publish(subject, json.dumps(asked).encode(), reply=inbox.subject)
        try:
            message = await inbox.next_msg(timeout=REQUEST_SECONDS)
        except BaseException:
            await _unsubscribe(inbox)
            raise
        self._client, self._inbox = client, inbox
        return message

    async def _ensure_consumer(self, queue: QueueName) -> None:
        from nats.js.api import AckPolicy, ConsumerConfig

        client = self._link.client
        if client is not self._knower:  # perhaps it is a server that lost them, which does not even answer then
            self._knower, self._known = client, set()
        if queue.consumer in self._known:
            return
        config = ConsumerConfig(
            durable_name=queue.consumer,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=topology.ACK_SECONDS,
            max_deliver=-1,
            filter_subject=queue.subject,
            inactive_threshold=topology.IDLE_CONSUMER_SECONDS,
        )
        with translated():
            await self._link.js.add_consumer(topology.RUNS_STREAM, config)
        self._known.add(queue.consumer)


async def _unsubscribe(inbox: "Subscription") -> None:
    from nats.errors import Error

    with suppress(Error):
        await inbox.unsubscribe()
