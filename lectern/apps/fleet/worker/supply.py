"""Where the next run comes from: the queues that this worker's ComfyUI can serve, in turn."""

import time
from collections.abc import Callable
from typing import NamedTuple

from ...nodeinfo import ObjectInfo
from .. import topology
from ..deliveries import Delivery, Queue
from ..link import Link
from ..messages import Requirement
from ..requirements import fits
from ..topology import QueueName
from .kv import Values, answered
from .locks import Locks
from .picking import Candidate, Turns, order

FRESH_SECONDS = 1.0  # that the depths of the queues are believed
EMPTY_SECONDS = 3.0  # that a queue is left alone in which everything is taken already
MEND_SECONDS = 30.0  # between two looks at whether a queue has messages that nobody is given
HINT_SECONDS = 0.03  # that a message may need to reach its queue after it was seen on its way
WARM_LANES = 4  # whose models are taken to be in memory
REMEMBERED = 10_000


class Pulled(NamedTuple):
    delivery: Delivery
    alone: str  # the app whose lock goes with it


class Nodes(NamedTuple):
    """What the worker's ComfyUI has; `digest` changes with it."""

    digest: str
    object_info: ObjectInfo


class Supply:
    """Everything but `hint` may raise NotReady."""

    def __init__(self, link: Link, queue: Queue, locks: Locks, nodes: Callable[[], Nodes]) -> None:
        self._queue = queue
        self._locks = locks
        self._nodes = nodes
        self._lanes = Values(link, topology.LANES)
        self._requirements: dict[str, Requirement] = {}
        self._fitting: dict[tuple[str, str], bool] = {}  # by lane and digest of the nodes
        self._depths: dict[QueueName, int] = {}
        self._asked = float("-inf")  # time.monotonic() of the depths
        self._hinted: set[QueueName] = set()
        self._empty: dict[QueueName, float] = {}  # until when it is left alone
        self._mended: dict[QueueName, float] = {}  # when it was looked whether the queue needs it
        self._turns = Turns()
        self._warm: list[str] = []
        self._idle = False

    @property
    def warm(self) -> tuple[str, ...]:
        return tuple(self._warm)

    def hint(self, queue: QueueName) -> None:
        """A run was put into this queue just now."""
        self._depths[queue] = self._depths.get(queue, 0) + 1
        self._empty.pop(queue, None)
        self._hinted.add(queue)

    async def next(self) -> Pulled | None:
        await self._look()
        hinted = set(self._hinted)
        for queue in order(await self._candidates(), self._turns):
            pulled = await self._try(queue)
            if pulled is not None:
                self._idle = False
                return pulled
        self._hinted -= hinted
        self._idle = True
        return None

    async def _look(self) -> None:
        """How much waits where; not asked for when nothing waited but what has just come."""
        now = time.monotonic()
        if now - self._asked < FRESH_SECONDS or (self._idle and self._hinted):
            return
        with answered():
            self._depths = await self._queue.depths()
        self._asked = now
        for queue in self._hinted:  # the answer may be older than the hint
            self._depths.setdefault(queue, 1)

    async def _candidates(self) -> list[Candidate]:
        now = time.monotonic()
        self._empty = {queue: until for queue, until in self._empty.items() if until > now}
        found = []
        for queue, number in list(self._depths.items()):
            if number > 0 and queue not in self._empty and await self._fits(queue.lane):
                found.append(Candidate(queue, queue.lane in self._warm))
        return found

    async def _try(self, queue: QueueName) -> Pulled | None:
        required = self._requirements.get(queue.lane)
        if required is None:
            return None
        alone = required.alone
        if alone and not await self._locks.take(alone):
            return None
        wait = HINT_SECONDS if queue in self._hinted else 0.0
        with answered():
            delivery = await self._queue.pull(queue, wait)
        self._hinted.discard(queue)
        if delivery is None:
            self._empty[queue] = time.monotonic() + EMPTY_SECONDS
            if alone:
                await self._locks.release(alone)
            await self._mend(queue)
            return None
        self._depths[queue] = max(0, self._depths.get(queue, 0) - 1)
        self._turns = self._turns.served(queue)
        self._warm = [queue.lane, *(lane for lane in self._warm if lane != queue.lane)][:WARM_LANES]
        return Pulled(delivery, alone)

    async def _mend(self, queue: QueueName) -> None:
        """The queue says that it has messages, and gives none: others have them, unless NATS has lost count."""
        now = time.monotonic()
        self._mended = {name: when for name, when in self._mended.items() if now - when < MEND_SECONDS}
        if queue in self._mended:
            return
        self._mended[queue] = now
        with answered():
            if await self._queue.mend(queue):
                self._empty.pop(queue, None)

    async def _fits(self, lane: str) -> bool:
        nodes = self._nodes()
        key = (lane, nodes.digest)
        if key not in self._fitting:
            required = self._requirements.get(lane) or await self._requirement(lane)
            if required is None:
                return False
            if len(self._fitting) > REMEMBERED:
                self._fitting.clear()
            self._fitting[key] = fits(required, nodes.object_info)
        return self._fitting[key]

    async def _requirement(self, lane: str) -> Requirement | None:
        found = await self._lanes.read(lane)
        if found is None or not found.value:
            return None
        if len(self._requirements) > REMEMBERED:
            self._requirements.clear()
            self._fitting.clear()
        required = self._requirements[lane] = Requirement.load(found.value)
        return required
