"""Whose run is next. Pure: what waits and what was served before in, an order of queues out.

Interactive runs come before batch ones, except at every fifth run, so that neither starves the other. Of one priority
the owner comes first who was not served for longest, however many runs each has. Of one owner the lane comes first
whose models are in memory already, though not for ever.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ...runs import Priority
from ..topology import QueueName

BATCH_TURN = 5  # every so many runs a batch run comes first
IN_A_ROW = 10  # runs of one lane while others of the same owner wait
OWNERS = 10_000  # that are remembered


class Candidate(NamedTuple):
    """A queue from which this worker may take a run."""

    queue: QueueName
    warm: bool = False  # its models are probably in memory
    empty: bool = False  # nothing was free in it a moment ago


class Row(NamedTuple):
    """Runs of one lane that an owner had one after the other."""

    lane: str
    number: int


@dataclass(frozen=True)
class Turns:
    """What this worker has served."""

    count: int = 0
    last: Mapping[str, int] = field(default_factory=dict)  # owner -> `count` at its last run
    rows: Mapping[str, Row] = field(default_factory=dict)

    def served(self, queue: QueueName) -> "Turns":
        owner, row = queue.owner, self.rows.get(queue.owner, Row("", 0))
        number = row.number + 1 if row.lane == queue.lane else 1
        return replace(
            self,
            count=self.count + 1,
            last=_newest({**self.last, owner: self.count}),
            rows={
                **{name: row for name, row in self.rows.items() if name in self.last},
                owner: Row(queue.lane, number),
            },
        )


def order(candidates: Iterable[Candidate], turns: Turns) -> list[QueueName]:
    """The queues to try, the best one first."""
    first = Priority.BATCH if turns.count % BATCH_TURN == BATCH_TURN - 1 else Priority.INTERACTIVE

    def key(candidate: Candidate) -> tuple[bool, bool, int, bool, bool, str]:
        queue = candidate.queue
        row = turns.rows.get(queue.owner, Row("", 0))
        tired = row.lane == queue.lane and row.number >= IN_A_ROW
        last = turns.last.get(queue.owner, -1)
        return candidate.empty, queue.priority != first, last, tired, not candidate.warm, queue.lane

    return [candidate.queue for candidate in sorted(candidates, key=key)]


def _newest(last: dict[str, int]) -> dict[str, int]:
    if len(last) <= OWNERS:
        return last
    return dict(sorted(last.items(), key=lambda item: item[1])[len(last) - OWNERS :])
