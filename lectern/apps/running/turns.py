"""Whose turn it is: interactive runs before batches, and within a priority one run of each owner after the other.

So that batches do not starve, every fifth run is one of theirs while any wait. Pure; the store says what waits.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ..runs import Priority

BATCH_EVERY = 5  # of the runs that start while batches wait

Name = tuple[str, str]  # priority and owner


class Queue(NamedTuple):
    """The runs of one owner that wait with one priority."""

    priority: str
    owner: str
    first: int  # sequence of the one that has waited longest
    length: int

    @property
    def name(self) -> Name:
        return self.priority, self.owner


@dataclass(frozen=True)
class Turns:
    """What has to be remembered of the turns so far."""

    count: int = 0
    passed: int = 0  # interactive runs in a row that went before waiting batches
    since: Mapping[Name, int] = field(default_factory=dict)  # turn after which a queue came, or had its last one

    def next(self, waiting: Collection[Queue]) -> "tuple[Queue, Turns]":
        """The queue whose first run is next, one of those given, and what is to be remembered then."""
        batches = any(queue.priority == Priority.BATCH for queue in waiting)
        candidates = [queue for queue in waiting if queue.priority == self._priority(waiting)]
        chosen = min(candidates, key=self._order)
        passed = self.passed + 1 if batches and chosen.priority != Priority.BATCH else 0
        since = {queue.name: self.since.get(queue.name, self.count) for queue in waiting}
        return chosen, Turns(self.count + 1, passed, since | {chosen.name: self.count + 1})

    def position(self, waiting: Iterable[Queue], queue: Queue, place: int) -> int:
        """Which turn comes to the `place`-th run of this queue, 1 is next, if nothing else were to come."""
        waiting = [other for other in waiting if other.name != queue.name]
        peers = [other for other in waiting if other.priority == queue.priority]
        others = sum(other.length for other in waiting if other.priority != queue.priority)
        own = place + sum(
            min(other.length, place if self._order(other) < self._order(queue) else place - 1) for other in peers
        )
        between = BATCH_EVERY - 1
        if queue.priority == Priority.BATCH:
            return own + min(others, max(0, between * own - self.passed))
        return own + min(others, (own - 1 + self.passed) // between)

    def _priority(self, waiting: Collection[Queue]) -> str:
        there = {queue.priority for queue in waiting}
        if len(there) == 1:
            return there.pop()
        return Priority.BATCH if self.passed >= BATCH_EVERY - 1 else Priority.INTERACTIVE

    def _order(self, queue: Queue) -> tuple[int, int]:
        return self.since.get(queue.name, self.count), queue.first
