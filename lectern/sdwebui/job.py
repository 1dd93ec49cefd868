"""One generation on one server: sent, watched, and stopped for certain when nobody waits for it any more.

Lives on the background loop. Closing the connection stops none of these servers, so a job that is given up is
interrupted until its request has returned, in a task of its own that outlives the node.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Coroutine
from enum import Enum, auto
from typing import Any

from ..errors import LecternError
from .connection import Answer, Patience
from .dialects import Dialect, Route
from .errors import (
    Busy,
    Disconnected,
    Missing,
    NotAuthorised,
    Refused,
    RequestError,
    ServerTimeout,
)
from .lists import API, load
from .member import Member
from .progress import Glimpse, read_global, read_task

log = logging.getLogger(__name__)

POLL = 1.0  # seconds between two looks at the progress
_SLOWEST_POLL = 16.0
_AGAIN = 1.0  # seconds after which an interrupt is repeated: one that falls between two jobs is lost
_LOST = 60.0  # seconds for which that goes on where the connection is gone and only the progress tells

_LEFT = (ServerTimeout, Disconnected)  # errors after which the server may still be at work

Spawn = Callable[[Coroutine[Any, Any, None]], None]


class Stage(Enum):
    """Of a job whose request was lost."""

    QUEUED = auto()
    RUNNING = auto()
    GONE = auto()
    UNKNOWN = auto()  # the server is asked too often to say


class Job:
    def __init__(self, member: Member, dialect: Dialect, task: str, seen: Callable[[Glimpse], None]) -> None:
        """
        Args:
            task: the id under which the server knows the request, where it knows tasks.
            seen: called with every look at the progress.
        """
        self._member = member
        self._dialect = dialect
        self._task = task
        self._seen = seen
        self._interval = POLL
        self._stamp = ""  # of the server's job while ours was the one that ran
        self._picture_id = -1
        self._tells = member.knows_tasks  # kept here, too: a failure makes the member forget it

    async def run(self, path: str, body: bytes, spawn: Spawn) -> bytearray:
        """The answer's body. The member's slot is held until the server is done, also when this is cancelled.

        Args:
            spawn: starts a task that outlives this one.

        Raises:
            ServerError, RequestError, SettingsError.
        """
        await self._member.slots.acquire()
        post = asyncio.create_task(self._post(path, body))
        poll = asyncio.create_task(self._poll())
        left = False
        try:
            await asyncio.wait([post])  # unlike `await post`, leaves it alone when we are cancelled
            return post.result().body
        except _LEFT:
            left = True
            spawn(self._stop_lost())
            raise
        except asyncio.CancelledError:
            left = True
            spawn(self._stop(post))
            raise
        finally:
            poll.cancel()
            if not left:
                self._member.slots.release()

    async def _post(self, path: str, body: bytes) -> Answer:
        server = self._member.server
        patience = Patience(server.first_byte_seconds, server.total_seconds)
        return await self._member.connection.send("POST", path, body, patience, server.answer_mb * 2**20)

    async def _poll(self) -> None:
        """Until it is cancelled. A look that fails costs nothing but the look."""
        if Route.PROGRESS not in self._dialect.routes:
            return
        while True:
            await asyncio.sleep(self._interval)
            try:
                glimpse = await self._look(previews=True)
                self._interval = POLL
            except Busy as busy:
                self._interval = min(max(2 * self._interval, busy.seconds), _SLOWEST_POLL)
            except LecternError as error:
                log.debug("no progress from %s: %s", self._member.name, error)
                self._interval = min(2 * self._interval, _SLOWEST_POLL)
            else:
                self._stamp = glimpse.stamp or self._stamp
                if glimpse.running:
                    self._seen(glimpse)

    async def _look(self, previews: bool = False) -> Glimpse:
        """By our own task where the server tells tasks apart, else at whatever runs there."""
        task = await self._look_at_task(previews)
        if task is not None:
            return task
        if self._tells:
            return Glimpse(0.0, running=False)  # not begun, or over: what runs there is somebody else's
        path = f"{API}/progress" if previews else f"{API}/progress?skip_current_image=true"
        return read_global(load(await self._member.connection.get(path)))

    async def _look_at_task(self, previews: bool) -> Glimpse | None:
        if Route.TASKS not in self._dialect.routes or self._tells is False:
            return None
        asked = {"id_task": self._task, "id_live_preview": self._picture_id, "live_preview": previews}
        try:
            found = read_task(
                load(await self._member.connection.post("/internal/progress", json.dumps(asked).encode()))
            )
        except Busy:
            raise
        except (Missing, NotAuthorised, Refused, RequestError):  # started without its web page, or that has a login
            self._member.knows_tasks = self._tells = False
            return None
        if found is None:
            return None
        self._member.knows_tasks = self._tells = True
        self._picture_id = max(self._picture_id, found.picture_id)
        return found

    async def _stop(self, post: "asyncio.Task[Answer]") -> None:
        """Interrupts until the request returns, and only while it is ours that runs, where that can be told."""
        try:
            while not post.done() and Route.INTERRUPT in self._dialect.routes:  # the request has its own time limit
                if await self._is_ours():
                    await self._interrupt()
                await asyncio.wait([post], timeout=_AGAIN)
            if post.done() and isinstance(post.exception(), _LEFT):
                await self._until_gone()
        finally:
            post.cancel()
            await asyncio.wait([post])
            if not post.cancelled():
                post.exception()  # looked at, so that nobody is told of it
            self._member.slots.release()

    async def _stop_lost(self) -> None:
        try:
            await self._until_gone()
        finally:
            self._member.slots.release()

    async def _until_gone(self) -> None:
        """Interrupts without the request: until the server no longer works on this job."""
        until = time.monotonic() + _LOST
        while time.monotonic() < until and Route.INTERRUPT in self._dialect.routes:
            stage = await self._stage()
            if stage is Stage.GONE:
                return
            if stage is Stage.RUNNING:
                await self._interrupt()
            if stage is Stage.QUEUED:
                until = time.monotonic() + _LOST
            await asyncio.sleep(_AGAIN)

    async def _is_ours(self) -> bool:
        try:
            found = await self._look_at_task(previews=False)
        except LecternError:
            return not self._tells  # else it is asked again in a moment
        # Unknown to a server that knows tasks: not begun, or over; the request returns by itself then.
        return found.running if found else not self._tells

    async def _stage(self) -> Stage:
        try:
            found = await self._look()
        except Busy:
            return Stage.UNKNOWN
        except LecternError:
            return Stage.GONE
        if found.waiting:
            return Stage.QUEUED
        same = not self._stamp or not found.stamp or found.stamp == self._stamp
        return Stage.RUNNING if found.running and same else Stage.GONE

    async def _interrupt(self) -> None:
        try:
            await self._member.connection.post(f"{API}/interrupt")
        except LecternError as error:
            log.debug("%s did not take the interrupt: %s", self._member.name, error)
