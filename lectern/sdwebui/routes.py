"""What the editor asks to fill its lists: the servers of `lectern.toml`, and what each has to offer.

Names only: no address and no secret ever leaves. Nothing is asked of a server more than once a second,
however often these routes are called.

With `quiet=1` a server that has no lists to give is no error but a note beside empty lists: a browser writes every
failed request on its console, and a server that is off is nothing unusual.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from ..envelope import Call, Meanings, answered, noted
from ..errors import AppError
from .adetailer import MODELS
from .errors import RequestError, ServerError, UnknownServer
from .hub import Hub
from .lists import Named, ScriptInfo
from .member import Member, all_lists

PREFIX = "/lectern/v1/sdwebui"
_REST = 1.0  # seconds in which the same question gets the same answer


class ServerNotFound(AppError):
    status = 404
    code = "server_not_found"


class ServerUnavailable(AppError):
    """The server cannot be asked; the message says why."""

    status = 502
    code = "server_unavailable"


MEANINGS: Meanings = {
    UnknownServer: ServerNotFound,
    ServerError: ServerUnavailable,
    RequestError: ServerUnavailable,
}


def add_server_routes(routes: web.RouteTableDef, hub: Hub, call: Call) -> None:
    offers = Offers(hub)

    @routes.get(f"{PREFIX}/servers")
    async def servers(request: web.Request) -> web.Response:
        return await answered(call(offers.servers()), MEANINGS)

    @routes.get(f"{PREFIX}/lists")
    async def lists(request: web.Request) -> web.Response:
        server, fresh = request.query.get("server", ""), request.query.get("refresh") == "1"
        answer = call(offers.lists(server, fresh))
        if request.query.get("quiet") == "1":
            return await noted(answer, {"server": server, "dialects": [], "lists": {}}, MEANINGS)
        return await answered(answer, MEANINGS)


class Offers:
    """Lives on the background loop."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._asked: dict[str, tuple[float, asyncio.Task[Mapping[str, Any]]]] = {}

    async def servers(self) -> Mapping[str, Any]:
        entries = self._hub.settings().servers
        return {"servers": [{"name": name, "pool": list(entry.pool)} for name, entry in entries.items()]}

    async def lists(self, server: str, fresh: bool) -> Mapping[str, Any]:
        """What a server offers; of a pool, what all of its servers that answer have in common.

        Raises UnknownServer, SettingsError, ServerError when none answers.
        """
        members = self._hub.members(server)
        asked, task = self._asked.get(server, (0.0, None))
        if task is None or (task.done() and time.monotonic() - asked > _REST):
            task = asyncio.create_task(_offers(members, fresh))
            self._asked[server] = (time.monotonic(), task)
        return {"server": server, **await asyncio.shield(task)}


async def _offers(members: Iterable[Member], fresh: bool) -> Mapping[str, Any]:
    found = await asyncio.gather(*(_of_one(member, fresh) for member in members), return_exceptions=True)
    answered = [one for one in found if not isinstance(one, BaseException)]
    if not answered:
        raise next(one for one in found if isinstance(one, BaseException))
    names, kinds = answered[0][0], list(dict.fromkeys(kind for _, kind in answered))
    common = {key: [one for one in names[key] if all(one in other[key] for other, _ in answered)] for key in names}
    return {"dialects": kinds, "lists": common}


async def _of_one(member: Member, fresh: bool) -> tuple[dict[str, list[str]], str]:
    """The names that the widgets show, by the lists' names in the schemas."""
    if fresh:
        member.forget()
    dialect = await member.dialect()
    lists = await all_lists(member)
    names = {key: [_name(one) for one in values] for key, values in lists.items()}
    names["hires_upscalers"] = [*names["latent_upscalers"], *names["upscalers"]]
    names["scripts"] = list(dict.fromkeys(names["scripts"]))
    names["interrogators"] = list(dialect.interrogators)
    names["adetailer_models"] = list(MODELS)
    return names, dialect.label


def _name(one: Named | ScriptInfo) -> str:
    return one.name if isinstance(one, Named) else one.title
