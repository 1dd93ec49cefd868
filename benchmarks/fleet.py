"""A fleet on loopback: what NATS adds to a run, how workers add up, and what kills and cancels do.

Real processes throughout: nats-server, `python -m lectern gateway` and `worker`; only the ComfyUIs are stand-ins that
take a fixed time. `make bench NAME=fleet`; sections by name: `make bench NAME=fleet ARGS="added scale"`, and for chaos
`ARGS="chaos runs=2000 seed=7 run_ms=20 gateways=2"` (two gateways need PostgreSQL).
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp

from benchmarks._fleet import AT_ONCE, alone, chaos, customer, database, fleet, until
from benchmarks._report import Target, conclude, table

V1 = "/lectern/v1"
ROUNDS = 100
WARM = 10  # rounds that do not count
QUEUED, RUN_MS = 200, 200
DEATHS, CANCELS = 2, 10
Options = Mapping[str, str]


async def added(options: Options) -> list[Target]:
    """Milliseconds of one waited run that computes nothing: one process, and gateway, NATS and worker; in turns."""
    times: dict[str, list[float]] = {"one process": [], "gateway, NATS, worker": []}
    with fleet(workers=1) as made, alone(made) as single:
        async with aiohttp.ClientSession() as session:
            for number in range(ROUNDS + WARM):
                pairs = list(zip(times, (single.url, made.url), strict=True))
                for name, url in pairs if number % 2 else pairs[::-1]:
                    seconds = await waited(session, url, number)
                    if number >= WARM:
                        times[name].append(seconds * 1000)
    table(list(times.items()), "ms a waited run", baseline="one process")
    one, many = map(statistics.median, times.values())
    return [Target("a fleet adds to a waited run", many - one, 15, "ms")]


async def waited(session: aiohttp.ClientSession, url: str, number: int) -> float:
    begun = time.perf_counter()
    body = {"input": {"color": number}}
    async with session.post(f"{url}{V1}/apps/trivial/runs", json=body, headers={"Prefer": "wait"}) as answer:
        run = await answer.json()
    assert run["status"] == "succeeded" and len(run["outputs"]) == 1, run
    return time.perf_counter() - begun


async def scale(options: Options) -> list[Target]:
    """Runs a second with 1, 2 and 4 workers whose ComfyUIs take 200 ms for each."""
    rates: dict[int, float] = {}
    for workers in (1, 2, 4):
        rates[workers] = await drained(workers)
        ideal = workers * 1000 / RUN_MS
        share = f"{rates[workers] / rates[1]:.2f} times one worker, {rates[workers] / ideal:.0%} of the ComfyUIs' own"
        print(f"{workers} workers: {rates[workers]:.2f} runs a second, {share}")
    # Limits are upper ones, so the gain is said the other way round.
    return [Target("one worker's rate over a quarter of four's", 4 * rates[1] / rates[4], 4 / 3.8, "x")]


async def drained(workers: int) -> float:
    """Runs a second, from the first that begins to the last that ends, by the ComfyUIs' own clock."""
    runs = QUEUED * workers // 4  # so that each measurement takes about as long
    with fleet(workers=workers, run_ms=RUN_MS) as made:
        async with customer(made.url) as one:
            ids = await one.submit_all("trivial", [{"color": number} for number in range(runs)], AT_ONCE)
            await one.until_ended(patience=60 + runs)
        done = [execution for number in range(workers) for execution in made.executions(number)]
    assert {execution.run for execution in done} == set(ids) and len(done) == runs
    return runs / (max(execution.ended for execution in done) - min(execution.begun for execution in done))


async def faults(options: Options) -> list[Target]:
    """A worker dies while it has a run; a run on another machine is canceled."""
    deaths = [await death() for _ in range(DEATHS)]
    table([("worker killed, runs elsewhere", deaths)], "s", baseline="worker killed, runs elsewhere")
    cancels = await canceled()
    table([("cancel, ComfyUI stopped", cancels)], "ms", baseline="cancel, ComfyUI stopped")
    return [
        Target("a dead worker's run runs elsewhere, longest", max(deaths), 30, "s"),
        Target("cancel reaches a remote run, longest", max(cancels), 1000, "ms"),
    ]


async def death() -> float:
    """Seconds from the kill of the worker until the other one's ComfyUI has the run."""
    with fleet(workers=2) as made:
        async with aiohttp.ClientSession() as session, customer(made.url) as one:
            await one.submit("work", {"color": 1, "ms": 300_000}, "death")
            await until(lambda: any_busy(session, made), 10)
            dead = 0 if await busy(session, made.comfies[0].url) else 1
            made.workers[dead].kill()
            return await until(lambda: busy(session, made.comfies[1 - dead].url), 60)


async def canceled() -> list[float]:
    """Milliseconds from the request until the ComfyUI has nothing any more."""
    times = []
    with fleet(workers=2) as made:
        async with aiohttp.ClientSession() as session, customer(made.url) as one:
            for number in range(CANCELS):
                run = await one.submit("work", {"color": number, "ms": 300_000}, f"cancel {number}")
                await until(lambda: any_busy(session, made), 10)
                begun = time.perf_counter()
                async with session.post(f"{made.url}{V1}/runs/{run}/cancel") as answer:
                    assert answer.status == 200, await answer.text()
                await until(lambda: none_busy(session, made), 10)
                times.append((time.perf_counter() - begun) * 1000)
            await one.until_ended(patience=10)
            assert {found["status"] for found in (await one.all_runs()).values()} == {"canceled"}
    return times


async def busy(session: aiohttp.ClientSession, url: str) -> bool:
    async with session.get(f"{url}/queue") as answer:
        return bool((await answer.json())["queue_running"])


async def any_busy(session: aiohttp.ClientSession, made: Any) -> bool:
    return any([await busy(session, comfy.url) for comfy in made.comfies])


async def none_busy(session: aiohttp.ClientSession, made: Any) -> bool:
    return not await any_busy(session, made)


async def kills(options: Options) -> list[Target]:
    """Runs while workers, gateways and nats-server are killed at random: none lost, none doubled."""
    runs, seed = int(options.get("runs", 10_000)), int(options.get("seed", time.time_ns() % 10**6))
    run_ms, gateways = float(options.get("run_ms", 20)), int(options.get("gateways", 2))
    print(f"runs={runs} seed={seed} run_ms={run_ms:g} gateways={gateways}, 4 workers")
    begun = time.perf_counter()
    if gateways > 1:
        with database() as url:
            verdict = await chaos(runs, seed, run_ms, url)
    else:
        verdict = await chaos(runs, seed, run_ms)
    print("\n".join(verdict.lines()))
    print(f"all of it took {time.perf_counter() - begun:.0f} s")
    return [
        Target("runs lost", len(verdict.lost), 0, "runs"),
        Target("outputs doubled", len(verdict.doubled), 0, "runs"),
        Target("outputs wrong or missing", len(verdict.wrong), 0, "runs"),
        Target("runs that nobody asked for", len(verdict.extra), 0, "runs"),
        Target("runs that succeeded unexecuted", len(verdict.never), 0, "runs"),
        Target("executions that no killed worker explains", verdict.repeats - verdict.workers_killed, 0, "executions"),
    ]


SECTIONS: dict[str, Callable[[Options], Awaitable[list[Target]]]] = {
    "added": added,
    "scale": scale,
    "faults": faults,
    "chaos": kills,  # last: it takes minutes
}


async def measure(words: list[str]) -> list[Target]:
    options = dict(word.split("=", 1) for word in words if "=" in word)
    names = [word for word in words if "=" not in word]
    targets: list[Target] = []
    for name, section in SECTIONS.items():
        if not names or name in names:
            print(f"\n{name}: {(section.__doc__ or '').splitlines()[0]}")
            targets += await section(options)
    print()
    return targets


if __name__ == "__main__":
    sys.exit(conclude(asyncio.run(measure(sys.argv[1:]))))
