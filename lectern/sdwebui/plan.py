"""Divides an order over servers so that every picture keeps its place and its seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .building import Part
from .dialects import Dialect


@dataclass
class Plan:
    """What is still to be made, in order. Servers come and take as they are free, so a slower one takes less.

    A server takes half of its fair share of what is left: large parts first, small ones in the end, so that all end at
    about the same time whatever their pace turns out to be.
    """

    rounds: int
    per_round: int
    batch: int  # pictures that the person lets a server make at once
    whole: bool = False  # never divide a round where there are scripts: one may make any number of pictures
    repeats: bool = True  # a request may make several such batches, one after another, where the server can
    _open: list[Part] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._open = [Part(number, 0, self.per_round) for number in range(self.rounds)]

    @property
    def total(self) -> int:
        return self.rounds * self.per_round

    @property
    def left(self) -> int:
        return sum(part.count for part in self._open)

    def take(self, share: float, dialect: Dialect) -> Part | None:
        """The next part for a server; None when there is nothing left.

        Args:
            share: of the work of all servers, 0 to 1; 1 for a server alone, which takes what it can at once.
        """
        if not self._open:
            return None
        part = self._open.pop(0)
        whole = self.whole and dialect.takes("script_name")
        count = part.count if whole else self._count(part, share, dialect)
        if count < part.count:
            self._open.insert(0, Part(part.round, part.first + count, part.count - count))
        return Part(part.round, part.first, count)

    def give_back(self, part: Part) -> None:
        self._open.insert(0, part)

    def _count(self, part: Part, share: float, dialect: Dialect) -> int:
        most = min(part.count, dialect.most_images)
        if share < 1:
            fair = (part.count + self.left) * share
            most = min(most, max(1, -int(-fair // 2)))
        batch = min(self.batch, dialect.most_images)
        if most < batch:
            return most
        return min(batch, most) if not (self.repeats and dialect.iterations) else most // batch * batch


def shares(paces: Mapping[str, float | None]) -> dict[str, float]:
    """How much of the work each server gets, from the seconds that each needs; unknown ones count as average."""
    known: Sequence[float] = [pace for pace in paces.values() if pace]
    usual = sum(known) / len(known) if known else 1.0
    speeds = {name: 1 / (pace or usual) for name, pace in paces.items()}
    whole = sum(speeds.values())
    return {name: speed / whole for name, speed in speeds.items()}
