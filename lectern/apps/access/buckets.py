"""How often something may happen: a bucket for each name that fills up steadily. In memory, of bounded size."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

MOST = 4096  # names


class Buckets:
    """Each holds `per_minute` at most and starts full. The names longest unused are forgotten first."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: int = MOST) -> None:
        self._clock = clock
        self._most = most
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()  # what is left, and when (seconds)

    def take(self, name: str, per_minute: int) -> int:
        """Takes one and returns 0; when there is none, seconds until there is, at least 1."""
        level, now = self._level(name, per_minute)
        if level < 1:
            return max(1, math.ceil((1 - level) * 60 / per_minute))
        self._keep(name, level - 1, now)
        return 0

    def give_back(self, name: str, per_minute: int) -> None:
        """Undoes one `take`."""
        level, now = self._level(name, per_minute)
        self._keep(name, min(per_minute, level + 1), now)

    def _level(self, name: str, per_minute: int) -> tuple[float, float]:
        now = self._clock()
        level, then = self._levels.get(name, (float(per_minute), now))
        return min(per_minute, level + (now - then) * per_minute / 60), now

    def _keep(self, name: str, level: float, now: float) -> None:
        self._levels[name] = (level, now)
        self._levels.move_to_end(name)
        if len(self._levels) > self._most:
            self._levels.popitem(last=False)
