"""`/object_info` as it is now: choices change whenever a person adds a model, so it is kept for seconds only."""

import asyncio
import time
from collections.abc import Iterable
from typing import NamedTuple

from .comfy import ComfyClient
from .nodeinfo import NodeInfo, ObjectInfo

FRESH_SECONDS = 2.0


class _Known(NamedTuple):
    info: NodeInfo
    until: float  # time.monotonic()


class NodeClasses:
    """Asks ComfyUI for the classes that a contract needs."""

    def __init__(self, client: ComfyClient) -> None:
        self._client = client
        self._known: dict[str, _Known] = {}

    async def get(self, class_types: Iterable[str]) -> ObjectInfo:
        """The classes by name; unknown ones are empty. Raises Unreachable."""
        now = time.monotonic()
        self._known = {name: known for name, known in self._known.items() if known.until > now}
        wanted = set(class_types)
        await asyncio.gather(*(self._fetch(name) for name in wanted - self._known.keys()))
        return {name: self._known[name].info for name in wanted}

    async def _fetch(self, class_type: str) -> None:
        info = await self._client.object_info(class_type)
        self._known[class_type] = _Known(info, time.monotonic() + FRESH_SECONDS)
