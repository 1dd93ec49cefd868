"""Whole fleets for the benchmark: processes on loopback, and calls to them."""

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module
from typing import Any

from tools.cache import CHECKOUT

sys.path.append(str(CHECKOUT / "tests"))
house: Any = import_module("support.fleet.house")
apps: Any = import_module("support.fleet.apps")
customers: Any = import_module("support.fleet.customer")
killing: Any = import_module("support.fleet.killing")
judging: Any = import_module("support.fleet.judging")

AT_ONCE = 16  # requests


@contextmanager
def fleet(**plan: Any) -> Iterator[Any]:
    """A fleet whose gateways have the apps `trivial` and `work`."""
    with house.House(house.Plan(**plan)) as made:
        publish(made.api)
        yield made


def publish(api: Any) -> None:
    house.publish(api, "trivial", apps.TRIVIAL, apps.TRIVIAL_PICKS)
    house.publish(api, "work", apps.WORK, apps.WORK_PICKS)


@contextmanager
def alone(made: Any) -> Iterator[Any]:
    """The engine of one process: a gateway in front of one ComfyUI, without NATS; beside a fleet."""
    comfy = house.contract(made.folder, len(made.comfies), 0)
    gateway = house.gateway(made.folder, "alone", ["--comfyui", comfy.url])
    try:
        house.launch([comfy, gateway])
        api = house.Comfy(gateway.url)
        publish(api)
        yield gateway
    finally:
        gateway.stop()
        comfy.stop()


@contextmanager
def database() -> Iterator[str]:
    """The address of an empty PostgreSQL database."""
    with import_module("support.postgres").running() as server:
        yield server.empty()


@asynccontextmanager
async def customer(*urls: str) -> AsyncIterator[Any]:
    async with customers.Customer(urls) as one:
        yield one


async def until(true: Any, patience: float) -> float:
    """Waits for it, looking often; seconds that it took."""
    begun = time.perf_counter()
    while not await true():
        assert time.perf_counter() - begun < patience, "it did not happen in time"
        await asyncio.sleep(0.002)
    return time.perf_counter() - begun


async def chaos(runs: int, seed: int, run_ms: float, store: str = "") -> Any:
    """Kills while runs are submitted and executed; what became of them."""
    with fleet(workers=4, gateways=2 if store else 1, run_ms=run_ms, store=store) as made:
        async with customer(*(one.url for one in made.gateways)) as one:
            killer = killing.Killer(made, random.Random(seed))
            over = asyncio.Event()
            task = asyncio.create_task(killer.work(lambda _: over.is_set()))
            given = [{"color": number} for number in range(runs)]
            ids = await one.submit_all("trivial", given, AT_ONCE)
            assert len(set(ids)) == runs
            await one.until_ended(patience=120 + runs / 5)
            over.set()
            await task
            await one.until_ended(patience=60)
            colors = dict(zip(ids, range(runs), strict=True))
            return await judging.judge(made, one, "trivial", colors, killer.kills)
