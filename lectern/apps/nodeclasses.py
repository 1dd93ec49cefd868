"""`/object_info` as it is now: choices change whenever a person adds a model, so it is asked for again and again."""

import asyncio
import time
from collections.abc import Iterable
from typing import NamedTuple

from .backend import Source
from .comfy import Unreachable
from .errors import NotReady
from .nodeinfo import NodeInfo, ObjectInfo

FRESH_SECONDS = 2.0
STALE_SECONDS = 60.0


class _Known(NamedTuple):
    info: NodeInfo
    since: float  # time.monotonic()


class NodeClasses:
    """Asks ComfyUI for the classes that a contract needs."""

    def __init__(self, client: Source) -> None:
        self._client = client
        self._known: dict[str, _Known] = {}

    async def get(self, class_types: Iterable[str], stale: bool = False) -> ObjectInfo:
        """The classes by name; unknown ones are empty.

        Args:
            stale: what was true within the last minute will do; a caller that it does not please asks again.

        Raises NotReady.
        """
        oldest = time.monotonic() - (STALE_SECONDS if stale else FRESH_SECONDS)
        wanted = set(class_types)
        missing = [name for name in wanted if name not in self._known or self._known[name].since < oldest]
        try:
            await asyncio.gather(*map(self._fetch, missing))
        except Unreachable as error:
            raise NotReady(f"ComfyUI does not answer: {error}.") from error
        return {name: self._known[name].info for name in wanted}

    async def all(self) -> ObjectInfo:
        """Every class. Raises NotReady."""
        try:
            return await self._client.all_object_info()
        except Unreachable as error:
            raise NotReady(f"ComfyUI does not answer: {error}.") from error

    async def _fetch(self, class_type: str) -> None:
        info = await self._client.object_info(class_type)
        self._known[class_type] = _Known(info, time.monotonic())
