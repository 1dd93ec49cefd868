"""kill -9 of workers, gateway and nats-server at random moments: no run is lost, none is doubled.

The ComfyUIs are stand-ins that write down what they execute. LECTERN_FLEET_KILLS says how many kills (6 by default),
LECTERN_SEED makes the moments those of an earlier time. More of it, measured: benchmarks/fleet.py, `chaos`.
"""

import asyncio
import logging
import os
import random
import time

import pytest

from support.fleet.apps import TRIVIAL, TRIVIAL_PICKS
from support.fleet.customer import Customer
from support.fleet.house import House, Plan, publish
from support.fleet.judging import Verdict, judge
from support.fleet.killing import Killer

logger = logging.getLogger(__name__)

KILLS = int(os.environ.get("LECTERN_FLEET_KILLS", "6"))
RUNS = 10 * KILLS
RUN_MS = 150
AT_ONCE = 2  # requests: so that runs are still accepted while processes are away
PATIENCE = 60 + KILLS  # seconds for everything that is left to end


async def with_kills(house: House, seed: int) -> Verdict:
    killer = Killer(house, random.Random(seed))
    async with Customer([one.url for one in house.gateways]) as customer:
        kills = asyncio.create_task(killer.work(lambda number: number >= KILLS))
        ids = await customer.submit_all("trivial", [{"color": number} for number in range(RUNS)], AT_ONCE)
        await kills
        await customer.until_ended(PATIENCE)
        assert len(set(ids)) == RUNS
        colors = dict(zip(ids, range(RUNS), strict=True))
        return await judge(house, customer, "trivial", colors, killer.kills)


@pytest.mark.timeout(120 + 10 * KILLS)
def test_kills_lose_no_run_and_double_none():
    seed = int(os.environ.get("LECTERN_SEED") or time.time_ns() % 10**6)
    logger.warning("seed %s", seed)  # shown when the test fails, or with `-o log_cli=true`
    with House(Plan(workers=3, run_ms=RUN_MS)) as house:
        publish(house.api, "trivial", TRIVIAL, TRIVIAL_PICKS)
        verdict = asyncio.run(with_kills(house, seed))
    logger.warning("\n".join(verdict.lines()))
    assert verdict.statuses == {"succeeded": RUNS}
    assert not (verdict.lost or verdict.extra or verdict.doubled or verdict.wrong or verdict.never)
    assert verdict.repeats <= verdict.workers_killed
