"""All chat entries of `lectern.toml` as this process knows them, for as long as it lives.

Lives on the background loop.
"""

import secrets
from collections.abc import Callable
from hashlib import blake2b

from ...chats import Chat
from ...errands import Errands
from ...errors import LecternError
from ...settings import Settings
from ..errors import UnknownChat
from .member import Member


class ChatHub:
    def __init__(self, settings: Callable[[], Settings]) -> None:
        self.settings = settings
        self._members: dict[str, Member] = {}
        self._errands = Errands()
        self._salt = secrets.token_bytes(16)

    def entry(self, name: str) -> Chat:
        """Raises UnknownChat, SettingsError."""
        chats = self.settings().chat
        if name not in chats:
            raise UnknownChat(
                f"lectern.toml has no chat model {name[:64]!r}. It has: {', '.join(chats)}. Choose one of them, or add"
                " a [chat] entry."
            )
        return chats[name]

    def stamp(self, name: str) -> str:
        """Changes with the entry; empty while there is none. Tells nothing of it, and means something in this process
        alone."""
        try:
            entry = self.entry(name)
        except LecternError:
            return ""
        return blake2b(repr(entry).encode(), digest_size=16, key=self._salt).hexdigest()

    def member(self, name: str) -> Member:
        """The one that is known, unless its entry was changed. Raises UnknownChat, SettingsError."""
        entry = self.entry(name)
        known = self._members.get(name)
        if known is None or known.entry != entry:
            if known is not None:
                self._errands.spawn(_closed_when_unused(known))
            known = self._members[name] = Member(name, entry)
        return known

    def known(self, name: str) -> Member | None:
        """The one that is known already; for other threads, too."""
        return self._members.get(name)

    async def close(self) -> None:
        """Ends what still runs, and every connection."""
        await self._errands.end()
        for member in self._members.values():
            await member.close()
        self._members.clear()


async def _closed_when_unused(member: Member) -> None:
    """Questions that are under way keep their connection."""
    try:
        await member.unused.wait()
    finally:
        await member.close()
