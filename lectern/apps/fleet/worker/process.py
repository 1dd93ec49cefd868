"""One worker: everything of it put together, from its start until it has drained."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ....settings import Settings
from ...comfy import ComfyClient
from ...errors import NotReady
from ...running.dispatcher import Dispatcher, Pace, now_ms
from ...runs import Run, RunError
from .. import topology
from ..deliveries import Queue
from ..link import Access, Link
from ..messages import Kind
from ..shelves import Documents
from ..topology import read_queue
from .adoption import Adoption
from .advert import Noticeboard
from .claims import Claims, read_reason
from .hands import Hands
from .kv import answered
from .ledger import FleetLedger
from .locks import Locks
from .metrics import WorkerMetrics
from .reporter import Reporter
from .station import Station
from .supply import Supply

if TYPE_CHECKING:
    from nats.aio.msg import Msg

logger = logging.getLogger(__name__)

WAKE_SECONDS = 1.0  # between two looks at the queue while nothing comes
AWAY_SECONDS = 30.0  # that ComfyUI may not answer before its run is given back
TOLD_SECONDS = 1.0  # between two adverts while runs come and go
STOP_SECONDS = 5.0  # for what is still to be said


class Plan(NamedTuple):
    """What a worker is made from."""

    name: str
    version: str  # Lectern's
    folder: Path  # for copies of input files
    access: Callable[[], Access]  # may raise SettingsError
    settings: Callable[[], Settings]  # may raise SettingsError
    replicas: int = 1
    pace: Pace = Pace()


class Worker:
    """Lives on one event loop. Also the dispatcher's Reports."""

    def __init__(self, plan: Plan, client: ComfyClient) -> None:
        self._client = client
        self.metrics = WorkerMetrics()
        self.link = link = Link(plan.access, f"lectern worker {plan.name}", plan.replicas)
        self.station = Station(client)
        queue = Queue(link)
        documents = Documents(link)
        locks = Locks(link, plan.name)
        self._reporter = Reporter(link, queue)
        self._supply = Supply(link, queue, locks, lambda: self.station.nodes)
        self._hands = Hands(link, client, plan.folder, plan.settings, self.progressed)
        self.board = Noticeboard(link, documents, self.station, plan.name, plan.version)
        self.ledger = FleetLedger(
            queue,
            self._supply,
            Claims(link, queue, self._reporter, documents, plan.name),
            Adoption(link, client, queue, documents, locks, plan.name),
            locks,
            self._reporter,
            self._hands.outputs,
            takes_runs=lambda: self.board.open,
            comfy_up=lambda: self.station.up,
            changed=self._changed,
            stop_run=self._stop_run,
        )
        self._dispatcher = Dispatcher(self.ledger, client, self._hands, self, plan.pace)
        self._tasks: list[asyncio.Task[None]] = []
        self._news = asyncio.Event()  # something that the advert says is another
        self._idle = asyncio.Event()
        self._idle.set()
        link.welcome(self._subscribe)

    @property
    def busy(self) -> bool:
        return self.ledger.held is not None

    @property
    def lacks(self) -> list[str]:
        """Why it takes no run now, in sentences; empty when it does."""
        problem = self.link.problem
        told = not problem or not self.station.up  # without NATS nothing else is known
        reasons = [problem, self.board.refused if told else "", "It drains." if self.board.draining else ""]
        return [reason for reason in reasons if reason]

    def start(self) -> None:
        self.link.start()
        for work in (self._watch, self._advertise, self._wake):
            self._tasks.append(asyncio.create_task(work(), name=f"lectern {work.__name__.strip('_')}"))

    async def drain(self) -> None:
        """Takes nothing more; returns when the run that it has is over."""
        self.board.draining = True
        self._news.set()
        await self._idle.wait()
        await self._reporter.settled(STOP_SECONDS)

    def give_up(self) -> None:
        """The run goes back to the queue, for others."""
        self.ledger.give_up(counted=False)
        self._dispatcher.wake()

    async def stop(self) -> None:
        """Leaves what it has as a crash would; ends the connections."""
        await _end(self._tasks)
        await self._dispatcher.stop()
        self.ledger.stop()
        await self._reporter.settled(STOP_SECONDS)
        self._reporter.stop()
        if self.board.draining:
            await _unless_away(self.board.leave)
        self._hands.speaker.stop()
        await self.link.stop()
        await self._client.close()

    async def _watch(self) -> None:
        """Looks at ComfyUI now and then, more often while it is away."""
        while True:
            looked = await self.station.look(self.busy)
            if looked:
                await _unless_away(self.board.show_nodes)
            if self.station.away > AWAY_SECONDS and self.busy:
                logger.warning("Lectern: the run is given back, because ComfyUI has not answered for long.")
                self.ledger.give_up(counted=True)
            self._news.set()
            await asyncio.sleep(topology.ADVERT_SECONDS if self.station.up else WAKE_SECONDS)

    async def _advertise(self) -> None:
        while True:
            await self.link.ready()
            self._news.clear()
            await _unless_away(self._tell)
            await asyncio.sleep(min(TOLD_SECONDS, topology.ADVERT_SECONDS))
            await _within(topology.ADVERT_SECONDS, self._news.wait())

    async def _tell(self) -> None:
        await self.board.check()
        if not self.board.shown:
            await self.board.show_nodes()
        await self.board.tell(self.ledger.held, self._supply.warm)
        if self.board.open:
            self._dispatcher.wake()

    async def _wake(self) -> None:
        """A message that says so may be lost, and a run may have come back to the queue."""
        await self.link.ready()
        while True:
            self._dispatcher.wake()
            await asyncio.sleep(WAKE_SECONDS)

    async def _subscribe(self) -> None:
        client = self.link.client
        with answered():
            await client.subscribe(f"{topology.RUNS}.>", cb=self._queued)
            await client.subscribe(f"{topology.CANCEL}.*", cb=self._canceled)
            await client.subscribe(f"{topology.WATCHED}.*", cb=self._watched)

    async def _queued(self, message: "Msg") -> None:
        queue = read_queue(message.subject)
        if queue is not None:
            self._supply.hint(queue)
            if not self.busy and self.board.open:
                self._dispatcher.wake()

    async def _canceled(self, message: "Msg") -> None:
        try:
            reason = read_reason(message.data)
        except (ValueError, TypeError):
            reason = None
        self.ledger.cancel(message.subject.rpartition(".")[2], reason)

    async def _watched(self, message: "Msg") -> None:
        self._hands.speaker.watch(message.subject.rpartition(".")[2])

    def _stop_run(self, run_id: str, reason: RunError | None) -> None:
        self._dispatcher.cancel(run_id, reason)
        self._dispatcher.wake()

    def _changed(self) -> None:
        held = self.ledger.held
        self._hands.inputs.facts = {} if held is None else held.job.files
        self._news.set()
        if held is None:
            self._idle.set()
        else:
            self._idle.clear()

    # What the dispatcher reports.

    def progressed(self, run: Run, progress: Mapping[str, Any]) -> None:
        held = self.ledger.held
        if held is not None and held.job.progress_hook and held.job.run.id == run.id:
            self._reporter.send_soon(held.report(Kind.PROGRESS, now_ms(), progress=progress))

    def started(self, run: Run) -> None:
        """The ledger has told it."""

    def waiting(self, run: Run) -> None:
        """The ledger has told it."""

    def advanced(self, run: Run) -> None:
        """The ledger has told it."""

    def ended(self, run: Run) -> None:
        self.metrics.ended(str(run.status))

    def expiry(self) -> int | None:
        """The gateways know."""
        return None


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    """Once is not always enough: `asyncio.wait_for`, which nats-py uses, may lose a cancellation in Python 3.11."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=0.5)


async def _unless_away(call: Callable[[], Awaitable[None]]) -> None:
    try:
        await call()
    except NotReady as error:
        logger.debug("it is not told: %s", error)


async def _within(seconds: float, wait: Awaitable[object]) -> None:
    try:
        async with asyncio.timeout(seconds):
            await wait
    except TimeoutError:
        return
