"""Runs as values: read, listed, waited for, canceled, deleted, listened to; and what the dispatcher reports of them."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from ..callers import Caller, require_app
from ..errors import NotReady, OutputUnavailable, RunActive, RunExpired, RunNotFound, TooManyStreams
from ..runs import IN_FLIGHT, OutputItem, Run, RunStatus, Workflow
from ..store.listed import Listed
from ..store.storage import Storage
from ..streams import WHOLE, OutputStream, Part
from ..surface.views import iso, run_view
from ..webhooks.delivery import Webhooks
from .dispatcher import now_ms
from .engine import Audience, Engine, Listening, Live, Measure, Seen
from .metrics import Metrics
from .timekeeper import Timekeeper

if TYPE_CHECKING:
    from ..store.stores import Stores

logger = logging.getLogger(__name__)

UNKNOWN_RUN = "There is no run with this id."
DAY_MS = 86_400_000


class Limits(NamedTuple):
    keep_days: int  # 0: for ever
    streams: int  # listeners at once


class RunService:
    """All its coroutines belong to the background loop."""

    def __init__(
        self,
        storage: Storage,
        engine: Callable[[Audience], Engine],
        limits: Callable[[], Limits],
        webhooks: Webhooks,
        chores: Callable[[], Awaitable[None]],
        allow: Callable[[Caller, str], Awaitable[None]],
    ) -> None:
        """`allow` raises Unauthorized or Forbidden when the caller may not use an app."""
        self.metrics = Metrics()
        self._storage = storage
        self._limits = limits
        self._webhooks = webhooks
        self._allow = allow
        self._engine = engine(self)
        self._events = self._engine.events
        self._timekeeper = Timekeeper(storage, self._engine, self, chores)
        self._waiting: defaultdict[str, set[asyncio.Future[Run]]] = defaultdict(set)
        self._hurried = False
        self._telling: asyncio.Task[None] | None = None
        self._sending: asyncio.Task[None] | None = None

    @property
    def streams(self) -> int:
        """Listeners of runs that have not ended."""
        return self._events.streams

    async def check(self, workflow: Workflow, values: Mapping[str, Any]) -> None:
        """Raises MissingModel when nothing that is there could execute it."""
        await self._engine.check(workflow, values)

    async def lacks(self) -> list[str]:
        """Why no run would be executed now; empty when one would."""
        return await self._engine.lacks()

    async def measures(self) -> list[Measure]:
        return await self._engine.measures()

    async def overview(self) -> Mapping[str, Any]:
        """Who executes runs, and what waits for them."""
        return await self._engine.overview()

    def submitted(self, run: Run, workflow: Workflow) -> None:
        """It is stored and waits."""
        self.metrics.submitted(run)
        self._engine.submitted(run, workflow)
        if run.terms.deadline_ms is not None:
            self._timekeeper.wake()

    def wake(self) -> None:
        """A run was queued, or an earlier process may have left some."""
        self._engine.wake()
        self._timekeeper.wake()
        self._webhooks.wake()

    def hurry(self) -> None:
        """This process ends soon: whoever waits for a run is answered with the run as it is, and listeners let go."""
        self._hurried = True
        self._events.dismiss()
        for waiters in self._waiting.values():
            for waiter in waiters:
                waiter.cancel()

    async def close(self) -> None:
        """Lets go of everything; runs stay as they are, for the next process."""
        for task in (self._telling, self._sending):
            if task is not None:
                task.cancel()
        await self._timekeeper.stop()
        await self._engine.stop()

    async def run(self, run_id: str, caller: Caller) -> Seen:
        """Raises RunNotFound, also for a run that is not the caller's business; RunExpired."""
        if not self._storage.exists:
            require_app(caller, "", not caller.guest)
            raise RunNotFound(UNKNOWN_RUN)
        run, positions = await self._storage.call(lambda store: _read(store, run_id))
        if run is None or not caller.sees(run.terms.owner):
            require_app(caller, "", not caller.guest)
            raise RunNotFound(UNKNOWN_RUN)
        await self._allow(caller, run.app)
        if run.status is RunStatus.EXPIRED:
            raise RunExpired("This run is over and its outputs are gone: the time that runs are kept has passed.")
        return Seen(run, self.view(run, positions, await self._live(run)))

    async def list(self, listed: Listed, caller: Caller) -> list[Seen]:
        """Only the caller's own, unless it is an administrator."""
        if not self._storage.exists:
            return []
        own = listed if caller.sees_all else listed._replace(owner=caller.owner)
        found, positions = await self._storage.call(lambda store: _list(store, own))
        lives = await asyncio.gather(*map(self._live, found))
        return [Seen(run, self.view(run, positions, live)) for run, live in zip(found, lives, strict=True)]

    async def wait(self, run_id: str, seconds: float, caller: Caller) -> Seen:
        """The run once it has ended, or as it is after so many seconds. Raises RunNotFound."""
        with self.end_of(run_id) as ended:
            seen = await self.run(run_id, caller)
            return seen if seen.run.finished else await self.until(ended, run_id, seconds, caller)

    @contextmanager
    def end_of(self, run_id: str) -> Iterator["asyncio.Future[Run]"]:
        """What gets the run as soon as it has ended; not when it has before."""
        ended = asyncio.get_running_loop().create_future()
        self._waiting[run_id].add(ended)
        try:
            yield ended
        finally:
            self._forget(run_id, ended)

    async def until(self, ended: "asyncio.Future[Run]", run_id: str, seconds: float, caller: Caller) -> Seen:
        """The run once it has ended, or as it is after so many seconds."""
        done, _ = await asyncio.wait([ended], timeout=0 if self._hurried else seconds)
        if done and not ended.cancelled() and ended.result().status is not RunStatus.EXPIRED:
            run = ended.result()
            return Seen(run, self.view(run, {}))
        return await self.run(run_id, caller)

    async def cancel(self, run_id: str, caller: Caller) -> Seen:
        """Ends a queued run, stops a running one, leaves an ended one. Raises RunNotFound."""
        await self.run(run_id, caller)
        expiry = self.expiry()
        run = await self._storage.call(lambda store: store.runs.cancel(run_id, now_ms(), expiry))
        if run is not None and run.finished:
            self.ended(run)
        elif run is not None:
            self._tell(run)
        self._engine.cancel(run_id)
        self._engine.wake()
        await self._storage.durable()
        return await self.run(run_id, caller)

    async def delete(self, run_id: str, caller: Caller) -> None:
        """Raises RunNotFound, RunActive."""
        run = (await self.run(run_id, caller)).run
        if not await self._storage.call(lambda store: store.upkeep.delete(run_id)):
            raise RunActive("The run has not ended; cancel it first.")
        await self._storage.durable()
        await self._engine.forgotten([run])

    async def output(self, run_id: str, place: int, caller: Caller, part: Part = WHOLE) -> OutputStream:
        """The bytes of one output; the caller closes the stream. Raises RunNotFound, OutputUnavailable, NotReady."""
        outputs = await self.outputs(run_id, caller)
        if place >= len(outputs):
            raise OutputUnavailable(f"The run has {len(outputs)} outputs, counted from 0; there is no {place}.")
        return await self._engine.open(outputs[place], part)

    async def outputs(self, run_id: str, caller: Caller) -> tuple[OutputItem, ...]:
        run = (await self.run(run_id, caller)).run
        return _outputs(run, await self._live(run))

    async def listen(self, run_id: str, last_id: str, caller: Caller) -> Listening:
        """Raises RunNotFound, TooManyStreams."""
        if self._events.streams >= self._limits().streams:
            raise TooManyStreams("Too many listeners are connected already; ask for the run itself now and then.")
        return await self._events.listen(run_id, last_id, lambda: self.run(run_id, caller))

    def view(self, run: Run, positions: Mapping[str, int], live: Live | None = None) -> dict[str, Any]:
        progress = None if live is None else live.progress
        return run_view(run, progress, positions.get(run.id), _outputs(run, live))

    async def _live(self, run: Run) -> Live | None:
        return await self._engine.live(run) if run.status in IN_FLIGHT else None

    # What the engine reports.

    def started(self, run: Run) -> None:
        self._sent(run)
        self.metrics.started(run)
        self._tell(run)
        self._tell_positions()

    def waiting(self, run: Run) -> None:
        self._tell(run)
        self._timekeeper.wake()  # its deadline may have passed while it was in flight

    def advanced(self, run: Run) -> None:
        self._sent(run)
        self._tell(run)

    def ended(self, run: Run) -> None:
        self._sent(run)
        self.metrics.ended(run)
        self._events.completed(run.id, _status(run, None), lambda: self.shown(run))
        self.settled(run)
        self._tell_positions()
        if run.expires_ms is not None:
            self._timekeeper.wake()

    def waited(self) -> Collection[str]:
        return set(self._waiting)

    def settled(self, run: Run) -> None:
        for waiter in self._waiting.pop(run.id, ()):
            if not waiter.done():
                waiter.set_result(run)

    def shown(self, run: Run) -> Mapping[str, Any]:
        return run_view(run, None, None, run.outputs)

    def expiry(self) -> int | None:
        days = self._limits().keep_days
        return now_ms() + days * DAY_MS if days else None

    def _sent(self, run: Run) -> None:
        """The change that was just stored may have left something to send."""
        if run.terms.webhook is not None:
            self._webhooks.wake()

    def progressed(self, run: Run, progress: Mapping[str, Any]) -> None:
        hook = run.terms.webhook
        if hook is not None and "progress" in hook.events and (self._sending is None or self._sending.done()):
            payload = {"type": "run.progress", **run_view(run, progress, None, run.outputs)}
            self._sending = asyncio.create_task(self._webhooks.enqueue(run.id, "progress", hook.url, payload))

    def _tell(self, run: Run) -> None:
        self._events.status(run.id, _status(run, None))

    def _tell_positions(self) -> None:
        """To those who listen to runs that wait."""
        if (self._telling is None or self._telling.done()) and self._events.listened():
            self._telling = asyncio.create_task(self._tell_all())

    async def _tell_all(self) -> None:
        ids = self._events.listened()
        try:
            waiting, positions = await self._storage.call(lambda store: _places(store, ids))
        except NotReady as error:
            logger.debug("positions are not told: %s", error)
            return
        for run in waiting:
            self._events.place(run.id, _status(run, positions[run.id]))

    def _forget(self, run_id: str, waiter: "asyncio.Future[Run]") -> None:
        waiter.cancel()
        waiting = self._waiting.get(run_id)
        if waiting is not None:
            waiting.discard(waiter)
            if not waiting:
                del self._waiting[run_id]


def _status(run: Run, position: int | None) -> dict[str, Any]:
    return {"status": str(run.status), "queue_position": position, "at": iso(now_ms())}


def _outputs(run: Run, live: Live | None) -> tuple[OutputItem, ...]:
    """Stored ones, and those of the take in work that have landed."""
    return run.outputs if live is None or run.finished else (*run.outputs, *live.landed)


def _read(store: "Stores", run_id: str) -> tuple[Run | None, dict[str, int]]:
    """The run and, while it waits, its place in the queue."""
    run = store.runs.get(run_id)
    return run, {} if run is None else store.runs.queue_positions([run])


def _list(store: "Stores", listed: Listed) -> tuple[list[Run], dict[str, int]]:
    found = store.runs.newest(listed)
    return found, store.runs.queue_positions(found)


def _places(store: "Stores", ids: list[str]) -> tuple[list[Run], dict[str, int]]:
    found = [run for run in map(store.runs.get, ids) if run is not None and run.status is RunStatus.QUEUED]
    return found, store.runs.queue_positions(found)
