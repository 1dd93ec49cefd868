"""Server-sent events, read as a browser reads them."""

import json
from typing import Any, NamedTuple

from aiohttp import ClientResponse


class Event(NamedTuple):
    id: str
    name: str
    data: dict[str, Any]


async def events(response: ClientResponse, until: str = "", into: list[Event] | None = None) -> list[Event]:
    """All events until the stream ends, or until one of that name.

    Args:
        into: where they are put as they come.
    """
    found: list[Event] = [] if into is None else into
    fields: dict[str, str] = {}
    async for raw in response.content:
        line = raw.decode().rstrip("\n")
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            found.append(Event(fields.get("id", ""), fields["event"], json.loads(fields["data"])))
            fields = {}
            if found[-1].name == until:
                break
    return found
