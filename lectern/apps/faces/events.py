"""A run's events, read again from the stream that listeners get."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, NamedTuple

from ..running.service import Listening


class Event(NamedTuple):
    name: str  # empty for a sign that the stream is alive
    data: dict[str, Any]


async def events_of(listening: Listening) -> AsyncGenerator[Event, None]:
    """Until the run has ended; earlier when the listener is too slow."""
    for event in parsed(listening.first):
        yield event
    if listening.channel is None:
        return
    async with aclosing(listening.channel.listen(listening.after)) as pieces:
        async for piece in pieces:
            for event in parsed(piece):
                yield event


def parsed(piece: bytes) -> list[Event]:
    """Whole events, as `running.channel.encode` writes them."""
    return [_event(block) for block in piece.decode("utf-8", "replace").split("\n\n") if block]


def _event(block: str) -> Event:
    fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
    return Event(fields.get("event", ""), json.loads(fields.get("data", "{}")))
