"""The bytes of one object in NATS's object store, a few megabytes at a time.

nats-py's own `get` waits for an acknowledgement by a timer every few chunks, which takes a second for 40 MB.

Source: NATS ADR-20, "JetStream based Object Stores": chunks are messages on `$O.{bucket}.C.{nuid}`.
"""

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from ..errors import NotReady
from .deliveries import NEXT
from .link import REQUEST_SECONDS, Link

if TYPE_CHECKING:
    from nats.aio.subscription import Subscription
    from nats.js.api import ObjectInfo

AT_ONCE = 32  # chunks, 4 MB
BROKEN = "A file in NATS's object store is damaged, or was replaced just now."


async def chunks(link: Link, bucket: str, info: "ObjectInfo") -> AsyncIterator[bytes]:
    """Whole, or NotReady is raised at the end; also raises what nats-py raises."""
    digest = hashlib.sha256()
    source = _alone(link, bucket, info) if info.chunks == 1 else _several(link, bucket, info)
    async for piece in source:
        digest.update(piece)
        yield piece
    told = (info.digest or "").partition("=")[2]
    if base64.urlsafe_b64decode(told + "=" * (-len(told) % 4)) != digest.digest():
        raise NotReady(BROKEN)


def _subject(bucket: str, info: "ObjectInfo") -> str:
    return f"$O.{bucket}.C.{info.nuid}"


async def _alone(link: Link, bucket: str, info: "ObjectInfo") -> AsyncIterator[bytes]:
    message = await link.js.get_last_msg(f"OBJ_{bucket}", _subject(bucket, info))
    yield message.data or b""


async def _several(link: Link, bucket: str, info: "ObjectInfo") -> AsyncIterator[bytes]:
    from nats.js.api import AckPolicy, ConsumerConfig

    client, stream = link.client, f"OBJ_{bucket}"
    config = ConsumerConfig(
        filter_subject=_subject(bucket, info),
        ack_policy=AckPolicy.NONE,
        inactive_threshold=30,
        mem_storage=True,
        num_replicas=1,
    )
    consumer = await link.js.add_consumer(stream, config)
    inbox = await client.subscribe(client.new_inbox())
    try:
        left = info.chunks or 0
        while left:
            batch = min(left, AT_ONCE)
            asked = json.dumps({"batch": batch, "expires": int(REQUEST_SECONDS * 1e9)}).encode()
            await client.publish(f"{NEXT}.{stream}.{consumer.name}", asked, reply=inbox.subject)
            for _ in range(batch):
                yield await _next(inbox)
            left -= batch
    finally:
        await inbox.unsubscribe()


async def _next(inbox: "Subscription") -> bytes:
    message = await inbox.next_msg(timeout=REQUEST_SECONDS)
    if "Status" in (message.headers or {}):
        raise NotReady(BROKEN)
    return message.data
