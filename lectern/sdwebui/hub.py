"""All servers of `lectern.toml` as this process knows them, for as long as it lives.

Lives on the background loop.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from ..errands import Errands
from ..errors import LecternError
from ..servers import Server
from ..settings import Settings
from .errors import UnknownServer
from .member import Member


class Hub:
    def __init__(self, settings: Callable[[], Settings]) -> None:
        self.settings = settings
        self._members: dict[str, Member] = {}
        self._errands = Errands()

    def entry(self, name: str) -> Server:
        """Raises UnknownServer, SettingsError."""
        servers = self.settings().servers
        if name not in servers:
            raise UnknownServer(
                f"lectern.toml has no server {name[:64]!r}. It has: {', '.join(servers)}. Choose one of them, or add a"
                " [servers] entry."
            )
        return servers[name]

    def members(self, name: str) -> list[Member]:
        """The server, or those of a pool. Raises UnknownServer, SettingsError."""
        entry = self.entry(name)
        return [self._member(one) for one in entry.pool or [name]]

    def stamp(self, name: str) -> str:
        """Changes with the entry, and with those of a pool; empty while there is none. Never to be shown."""
        try:
            return "\n".join(repr(self.entry(one)) for one in (name, *self.entry(name).pool))
        except LecternError:
            return ""

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs what must be finished although nobody waits for it."""
        self._errands.spawn(work)

    async def close(self) -> None:
        """Ends what still runs, and every connection."""
        await self._errands.end()
        for member in self._members.values():
            await member.close()
        self._members.clear()

    def _member(self, name: str) -> Member:
        """The one that is known, unless its entry was changed."""
        server = self.entry(name)
        known = self._members.get(name)
        if known is None or known.server != server:
            if known is not None:
                self.spawn(_closed_when_idle(known))
            known = self._members[name] = Member(name, server)
        return known


async def _closed_when_idle(member: Member) -> None:
    """Orders that are under way keep their connection, also for what they have yet to send."""
    slots = range(member.server.concurrency)
    try:
        await member.unused.wait()
        for _ in slots:
            await member.slots.acquire()  # what is being stopped there holds them
        for _ in slots:
            member.slots.release()  # who came late with a question still gets its turn
    finally:
        await member.close()
