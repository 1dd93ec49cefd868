"""What is remembered about a request between its arrival and its answer."""

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from ..callers import GUEST, Caller

# From aiohttp 3.14 on plain texts as keys draw a warning; before it there is nothing else.
_KEY: Any = web.RequestKey("lectern", object) if hasattr(web, "RequestKey") else "lectern"


@dataclass
class Notes:
    """Of one request."""

    caller: Caller = GUEST  # as soon as it is known, also when it may not do what it wants
    refused: bool = False  # a wrong key was shown
    silent: bool = False  # nothing changed that is worth a line in the audit log
    headers: dict[str, str] = field(default_factory=dict)  # that every answer carries


def notes(request: web.Request) -> Notes:
    found = request.get(_KEY)
    if found is None:
        request[_KEY] = found = Notes()
    return found
