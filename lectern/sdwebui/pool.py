"""Works a plan off over one server or several, each taking parts as it is free.

Lives on the background loop.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from .building import Part
from .errors import ServerError, Unsuited
from .member import Member
from .plan import Plan, shares
from .progress import Watch

T = TypeVar("T")

_HANDS = 2  # servers that may try one part


class Crew(Generic[T]):
    """The servers at work on one plan."""

    def __init__(
        self, members: Sequence[Member], plan: Plan, watch: Watch, make: Callable[[Member, Part], Awaitable[T]]
    ) -> None:
        """
        Args:
            make: has a part made by a server; a ServerError from it makes another server try, once. Unsuited ones do
                not count, as they tried nothing.
        """
        awake = [member for member in members if not member.health.rests] or list(members)
        self._members = sorted(awake, key=lambda one: (one.slots.locked(), one.health.pace or 0))
        self._plan = plan
        self._watch = watch
        self._make = make
        self._made: dict[Part, T] = {}
        self._tries: dict[Part, int] = {}
        self._out: set[Member] = set()  # failed here: whatever else it takes at once, it gets no other part
        self._under_way = 0
        self._moved = asyncio.Event()
        self._failure: ServerError | None = None

    async def work(self) -> list[tuple[Part, T]]:
        """What was made, in order. The first error that no server can mend ends everything.

        Raises:
            ServerError, or whatever else `make` raised.
        """
        for member in self._members:
            member.enter()
        try:
            return await self._work()
        finally:
            for member in self._members:
                member.leave()

    async def _work(self) -> list[tuple[Part, T]]:
        workers = [
            asyncio.create_task(self._serve(member))
            for member in self._members
            for _ in range(member.server.concurrency)
        ]
        try:
            done, _ = await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
            for worker in done:
                worker.result()
        finally:
            await _ended(workers)
        if self._plan.left and self._failure is not None:
            raise self._failure
        return sorted(self._made.items(), key=lambda item: (item[0].round, item[0].first))

    async def _serve(self, member: Member) -> None:
        """One server's share, until everything is done or the server fails."""
        while (self._plan.left or self._under_way) and member not in self._out:
            moved = self._moved
            try:
                part = await self._next(member)
            except ServerError as error:
                self._failed(member, error)
                return
            if part is None:
                if self._under_way:
                    await moved.wait()  # for a part that a failing server gives back
                continue
            if not await self._attempt(member, part):
                return

    async def _attempt(self, member: Member, part: Part) -> bool:
        """Whether the server may go on. Raises what another server could not mend."""
        self._under_way += 1
        try:
            self._made[part] = await self._make(member, part)
            self._watch.ended(part, part.count)
            return True
        except ServerError as error:
            self._failed(member, error)
            self._watch.ended(part, 0)
            if not isinstance(error, Unsuited):
                self._tries[part] = self._tries.get(part, 0) + 1
            if self._tries.get(part, 0) >= _HANDS or len(self._members) < 2:
                raise
            self._plan.give_back(part)
            return False
        finally:
            self._under_way -= 1
            self._announce()

    def _failed(self, member: Member, error: ServerError) -> None:
        member.forget()
        self._out.add(member)
        if not isinstance(error, Unsuited):
            member.health.failed()
            self._failure = error
        self._failure = self._failure or error
        self._announce()

    def _announce(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    async def _next(self, member: Member) -> Part | None:
        """A part as soon as the server is free: what it cannot begin yet, another may take."""
        while self._plan.left and member.slots.locked() and len(self._members) > 1 and member not in self._out:
            if await self._came_free(member):
                break  # and not look again: of two that wait, each would find it taken by the other for ever
        if not self._plan.left or member in self._out:
            return None
        return self._plan.take(self._share(member), await member.dialect())

    async def _came_free(self, member: Member) -> bool:
        """Waits until the server is free, or something moved among us; whether it was the former."""
        free = asyncio.create_task(member.slots.acquire())
        # Given back whatever becomes of us: a cancel may come at any await below.
        free.add_done_callback(lambda done: None if done.cancelled() else member.slots.release())
        moved = asyncio.create_task(self._moved.wait())
        try:
            done, _ = await asyncio.wait([free, moved], return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _ended([free, moved])
        return free in done

    def _share(self, member: Member) -> float:
        """1 for a server that is alone with its work."""
        if len(self._members) == 1 and member.server.concurrency == 1:
            return 1.0
        paces = {one.name: one.health.pace for one in self._members}
        return min(shares(paces)[member.name] / member.server.concurrency, 0.999)


async def _ended(tasks: Sequence["asyncio.Task[object]"]) -> None:
    """All of them, cancelled where they still run; what they raise was told already."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    for task in tasks:
        if not task.cancelled():
            task.exception()
