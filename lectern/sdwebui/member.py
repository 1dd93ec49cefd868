"""One server as this process knows it: its kind, its lists, whether it works, and how fast it is.

Lives on the background loop.
"""

import asyncio
import time
from collections import defaultdict
from typing import Any

from ..servers import Server
from .connection import Connection
from .dialects import DIALECTS, Dialect, recognise
from .errors import Missing, Refused, ServerError
from .lists import API, SOURCES, Named, ScriptInfo, load

FRESH = 60.0  # seconds for which a list is not asked for again
_BOOT = 15.0  # seconds for which a server that has just started may lack its API
_BOOT_STEP = 1.0
_COOLDOWN, _LONGEST_COOLDOWN = 15.0, 240.0  # seconds in which a pool passes over a server that failed
_LEARNING = 0.3  # weight of the newest request in the known pace


class Health:
    """Learnt from real requests alone."""

    def __init__(self) -> None:
        self.pace: float | None = None  # seconds for a picture of one megapixel and one step
        self._failures = 0
        self._rests_until = 0.0

    @property
    def rests(self) -> bool:
        return time.monotonic() < self._rests_until

    def worked(self, seconds: float, work: float) -> None:
        """
        Args:
            work: megapixels times steps of all pictures.
        """
        pace = seconds / max(work, 1e-6)
        self.pace = pace if self.pace is None else _LEARNING * pace + (1 - _LEARNING) * self.pace
        self._failures = 0
        self._rests_until = 0.0

    def failed(self) -> None:
        self._rests_until = time.monotonic() + min(_COOLDOWN * 2**self._failures, _LONGEST_COOLDOWN)
        self._failures = min(self._failures + 1, 8)


class Member:
    def __init__(self, name: str, server: Server) -> None:
        self.name = name
        self.server = server
        self.connection = Connection(name, server)
        self.label = self.connection.label
        self.slots = asyncio.Semaphore(server.concurrency)
        self.health = Health()
        self.unused = asyncio.Event()  # no order is at work with it
        self.unused.set()
        self.knows_tasks: bool | None = None  # whether it tells our job from a stranger's; None: not yet tried
        self._dialect: Dialect | None = None
        self._met = False
        self._orders = 0
        self._lists: dict[str, tuple[float, tuple[Any, ...] | None]] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def enter(self) -> None:
        """An order begins to use it."""
        self._orders += 1
        self.unused.clear()

    def leave(self) -> None:
        self._orders -= 1
        if not self._orders:
            self.unused.set()

    async def dialect(self) -> Dialect:
        """Raises ServerError, SettingsError."""
        async with self._locks["dialect"]:
            if self._dialect is None:
                self._dialect = DIALECTS.get(self.server.dialect) or await self._recognised()
            return self._dialect

    def forget(self) -> None:
        """After a failure: another software may answer next time."""
        self._dialect = None
        self.knows_tasks = None
        self._lists.clear()

    async def named(self, which: str) -> tuple[Named, ...]:
        return await self._list(which) or ()

    async def tells(self, which: str) -> bool:
        """Whether the server has this list at all, be it empty."""
        return await self._list(which) is not None

    async def scripts(self) -> tuple[ScriptInfo, ...]:
        return await self._list("scripts") or ()

    async def close(self) -> None:
        await self.connection.close()

    async def _list(self, which: str) -> tuple[Any, ...] | None:
        """One of `SOURCES`; None when the server has no such list. Raises ServerError."""
        async with self._locks[which]:
            kept = self._lists.get(which)
            if kept is None or time.monotonic() - kept[0] > FRESH:
                kept = (time.monotonic(), await self._ask(which))
                self._lists[which] = kept
            return kept[1]

    async def _ask(self, which: str) -> tuple[Any, ...] | None:
        source = SOURCES[which]
        for path in source.paths:
            content = await self._optional(path)
            if content is not None:
                return source.read(content)
        return None

    async def _optional(self, path: str) -> Any:
        """The content, or None when the server refuses the address: many lack some."""
        try:
            return load(await self.connection.get(path))
        except (Missing, Refused):
            return None

    async def _recognised(self) -> Dialect:
        """By samplers, options and schedulers.

        /openapi.json is never asked for: a server that is asked while it starts would remember a document without its
        own API.
        """
        await self._first_contact()
        options, schedulers = await asyncio.gather(
            self._optional(f"{API}/options"), self._optional(f"{API}/schedulers")
        )
        return recognise(options, schedulers)

    async def _first_contact(self) -> None:
        """Waits a little where the API is not there yet: for some seconds after its start a server answers 404."""
        until = time.monotonic() + (0 if self._met else _BOOT)
        while True:
            try:
                await self.connection.get(f"{API}/samplers")
                self._met = True
                return
            except Missing:
                if time.monotonic() >= until:
                    raise
            await asyncio.sleep(_BOOT_STEP)


async def all_lists(member: Member) -> dict[str, tuple[Any, ...]]:
    """Every list of a server, asked for at once. Raises ServerError when it cannot be asked at all."""
    await member.dialect()
    names = list(SOURCES)
    found = await asyncio.gather(*(_or_nothing(member, name) for name in names))
    return dict(zip(names, found, strict=True))


async def _or_nothing(member: Member, name: str) -> tuple[Any, ...]:
    try:
        return await (member.scripts() if name == "scripts" else member.named(name))
    except ServerError:  # one list that breaks does not take the others with it
        return ()
