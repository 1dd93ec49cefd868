"""kill -9 at random moments, and starts at others."""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from .house import House
from .programs import Program

logger = logging.getLogger(__name__)

BETWEEN = (0.5, 1.5)  # seconds between two kills
AWAY = (0.05, 1.5)  # seconds that a killed process stays away


class Kill(NamedTuple):
    program: str
    at: float  # seconds since 1970
    worker: int | None = None  # its number, when it is one


@dataclass
class Killer:
    """Workers are killed as often as everything else together."""

    house: House
    chance: random.Random
    kills: list[Kill] = field(default_factory=list)
    _starts: set[asyncio.Task[None]] = field(default_factory=set)

    async def work(self, enough: Callable[[int], bool]) -> None:
        """Until there were enough of them; returns when everything runs again."""
        while not enough(len(self.kills)):
            await asyncio.sleep(self.chance.uniform(*BETWEEN))
            self._kill(self._victim())
        await asyncio.gather(*self._starts)

    def _victim(self) -> Program:
        others = [*self.house.gateways, self.house.nats]
        group = self.house.workers if self.chance.random() < 0.5 else others
        return self.chance.choice(group)

    def _kill(self, program: Program) -> None:
        if not program.running:  # it is away already
            return
        workers = self.house.workers
        number = workers.index(program) if program in workers else None
        program.kill()
        self.kills.append(Kill(program.name, time.time(), number))
        logger.info("killed %s", program.name)
        start = asyncio.create_task(self._start(program, self.chance.uniform(*AWAY)))
        self._starts.add(start)
        start.add_done_callback(self._starts.discard)

    async def _start(self, program: Program, after: float) -> None:
        await asyncio.sleep(after)
        program.launch()
