"""What the editor asks to fill its lists: the chat entries of `lectern.toml`, and the models of each.

Names only: no address and no secret ever leaves. Nothing is asked of a server more than once a second,
however often these routes are called.

With `quiet=1` a server that has no list to give is no error but a note beside an empty one: a browser writes every
failed request on its console, and a server that is off is nothing unusual.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from ...envelope import Call, Meanings, answered, noted
from ...errors import AppError
from ..errors import ChatError, UnknownChat
from .hub import ChatHub
from .member import Member

PREFIX = "/lectern/v1/prompts"
_REST = 1.0  # seconds in which the same question gets the same answer


class ChatNotFound(AppError):
    status = 404
    code = "chat_not_found"


class ChatUnavailable(AppError):
    """The server cannot be asked; the message says why."""

    status = 502
    code = "chat_unavailable"


MEANINGS: Meanings = {UnknownChat: ChatNotFound, ChatError: ChatUnavailable}


def add_chat_routes(routes: web.RouteTableDef, hub: ChatHub, call: Call) -> None:
    offers = Offers(hub)

    @routes.get(f"{PREFIX}/chats")
    async def chats(request: web.Request) -> web.Response:
        return await answered(call(offers.chats()), MEANINGS)

    @routes.get(f"{PREFIX}/models")
    async def models(request: web.Request) -> web.Response:
        chat, fresh = request.query.get("chat", ""), request.query.get("refresh") == "1"
        answer = call(offers.models(chat, fresh))
        if request.query.get("quiet") == "1":
            return await noted(answer, {"chat": chat, "models": []}, MEANINGS)
        return await answered(answer, MEANINGS)


class Offers:
    """Lives on the background loop."""

    def __init__(self, hub: ChatHub) -> None:
        self._hub = hub
        self._asked: dict[Member, tuple[float, asyncio.Task[tuple[str, ...]]]] = {}

    async def chats(self) -> Mapping[str, Any]:
        entries = self._hub.settings().chat
        return {"chats": [{"name": name, "model": entry.model} for name, entry in entries.items()]}

    async def models(self, chat: str, fresh: bool) -> Mapping[str, Any]:
        """Raises UnknownChat, SettingsError, ChatError."""
        member = self._hub.member(chat)
        asked, task = self._asked.get(member, (0.0, None))
        if task is None or (task.done() and time.monotonic() - asked > _REST):
            task = asyncio.create_task(member.models(fresh))
            task.add_done_callback(_looked_at)
            self._asked = {one: kept for one, kept in self._asked.items() if self._hub.known(one.name) is one}
            self._asked[member] = (time.monotonic(), task)
        return {"chat": chat, "models": list(await asyncio.shield(task))}


def _looked_at(task: asyncio.Task[tuple[str, ...]]) -> None:
    """A browser that has gone leaves nobody to look at an error; asyncio would complain of that."""
    if not task.cancelled():
        task.exception()
