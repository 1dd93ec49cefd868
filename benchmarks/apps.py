"""Apps on a real ComfyUI: what a run costs over ComfyUI's raw API, how late events are, how much it bears.

`make bench NAME=apps`; sections by name: `make bench NAME=apps ARGS="waited events"`.
"""

import asyncio
import itertools
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp

from benchmarks._apps import INPUTS, LINKS, TRIVIAL, Raw, add_tick, chain, resident_mb, settings
from benchmarks._report import Target, conclude, table
from tools.server import ComfyServer

V1 = "/lectern/v1"
ROUNDS = 80
RUNS, CLIENTS = 500, 50
LISTENERS = 1000
STORED = 100_000
LOOKS = 300
SETTINGS = "[apps]\nqueued = 100000\nstreams = 5000\n"

colors = itertools.count(1)  # so that ComfyUI has something to do every time


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


async def publish(raw: Raw, slug: str, graph: dict[str, Any], inputs: list[dict[str, Any]]) -> None:
    await raw.json("PUT", f"{V1}/apps/{slug}", {"prompt": graph, "inputs": inputs})


def colored() -> dict[str, Any]:
    color = next(colors)
    inputs = {**TRIVIAL["1"]["inputs"], "color": color}
    prefix = {**TRIVIAL["2"]["inputs"], "filename_prefix": f"raw/{color}/trivial"}
    return {"1": {**TRIVIAL["1"], "inputs": inputs}, "2": {**TRIVIAL["2"], "inputs": prefix}}


async def waited(server: ComfyServer) -> list[Target]:
    """Milliseconds of one run: raw, over one call of ours, and with the picture fetched besides.

    A caller of ours keeps nothing open, and neither does the baseline; that it might is the stricter line.
    """
    raw_ms: list[float] = []
    open_ms: list[float] = []
    ours_ms: list[float] = []
    fetched_ms: list[float] = []
    async with Raw(server.url) as raw:
        await publish(raw, "trivial", TRIVIAL, INPUTS)
        for number in range(ROUNDS + 10):
            first = time.perf_counter()
            await raw.run_alone(colored())
            begun = time.perf_counter()
            picture = await raw.run(colored())
            between = time.perf_counter()
            run = await raw.json("POST", f"{V1}/apps/trivial/runs", {"input": {"color": next(colors)}}, Prefer="wait")
            done = time.perf_counter()
            async with raw.session.get(server.url + run["outputs"][0]["url"]) as answer:
                ours = await answer.read()
            ended = time.perf_counter()
            assert run["status"] == "succeeded" and len(ours) > 500 and len(picture) > 500
            if number >= 10:
                raw_ms.append((begun - first) * 1000)
                open_ms.append((between - begun) * 1000)
                ours_ms.append((done - between) * 1000)
                fetched_ms.append((ended - between) * 1000)
    rows = [
        ("raw: ws, prompt, history, view", raw_ms),
        ("raw, on an open WebSocket", open_ms),
        ("one waited call", ours_ms),
        ("and its picture", fetched_ms),
    ]
    table(rows, "ms a run", baseline=rows[0][0])
    ours, alone, kept = map(statistics.median, (ours_ms, raw_ms, open_ms))
    return [
        Target("a waited run over the raw sequence", ours / alone, 1.2, "x"),
        Target("a waited run over the raw sequence on an open WebSocket", ours / kept, 1.2, "x"),
    ]


async def events(server: ComfyServer) -> list[Target]:
    """Milliseconds from a raw WebSocket's event at the beginning of a node to ours for the same node."""
    async with Raw(server.url) as raw:
        await publish(raw, "chain", chain(raw.client), [{"node_id": "1", "widget": "number", "name": "first"}])
        heard: dict[int, float] = {}
        told: dict[int, float] = {}
        lags: list[float] = []
        for round_number in range(5):
            heard.clear(), told.clear()
            run = await raw.json("POST", f"{V1}/apps/chain/runs", {"input": {"first": 1000 + round_number}})
            listening = asyncio.create_task(_hear(raw, heard))
            async with raw.session.get(server.url + run["urls"]["events"], timeout=None) as stream:  # type: ignore[arg-type]
                async for line in stream.content:
                    now = time.perf_counter()
                    if line.startswith(b"data: ") and b'"current_node": "tick ' in line:
                        number = int(json.loads(line[6:])["current_node"].removeprefix("tick "))
                        told.setdefault(number, now)
                    if line.startswith(b"event: completed"):
                        break
            listening.cancel()
            lags += [(told[number] - heard[number]) * 1000 for number in heard.keys() & told.keys()]
    assert len(lags) > LINKS, f"only {len(lags)} events could be compared"
    table([("raw WebSocket (0)", [0.0]), ("server-sent event after it", lags)], "ms", baseline="raw WebSocket (0)")
    return [Target("event after the same on a WebSocket", statistics.median(lags), 10, "ms")]


async def _hear(raw: Raw, heard: dict[int, float]) -> None:
    async for message in raw.socket:
        if message.type is aiohttp.WSMsgType.TEXT and '"bench_tick"' in message.data:
            heard[json.loads(message.data)["data"]["number"]] = time.perf_counter()


async def crowd(server: ComfyServer) -> list[Target]:
    """500 runs by 50 clients while ComfyUI executes them; twice, for the memory."""
    submits: list[float] = []
    memory: list[float] = []
    lost = 0
    async with Raw(server.url) as raw:
        await publish(raw, "trivial", TRIVIAL, INPUTS)
        assert server.pid is not None
        await raw.json("POST", f"{V1}/apps/trivial/runs", {"input": {"color": 0}}, Prefer="wait")  # imports happen here
        for _ in range(3):
            ids, taken = await _submit_all(raw, server)
            submits += taken
            ended = await _until_ended(raw, ids)
            lost += len(set(ids)) - sum(status == "succeeded" for status in ended.values())
            memory.append(resident_mb(server.pid))
    table([("submit", submits)], f"ms, {CLIENTS} clients at once", baseline="submit")
    print(f"resident after each {RUNS} runs: {', '.join(f'{mb:.0f} MB' for mb in memory)}")
    return [
        Target("runs that did not succeed", lost, 0, "runs"),
        Target("95th percentile of submits", p95(submits), 100, "ms"),
        Target("memory per run, third round over second", (memory[2] - memory[1]) * 1024 / RUNS, 40, "KB"),
    ]


async def _submit_all(raw: Raw, server: ComfyServer) -> tuple[list[str], list[float]]:
    ids: list[str] = []
    taken: list[float] = []
    work = iter(range(RUNS))

    async def client() -> None:
        async with aiohttp.ClientSession() as session:
            for _ in work:
                begun = time.perf_counter()
                body = {"input": {"color": next(colors)}}
                async with session.post(f"{server.url}{V1}/apps/trivial/runs", json=body) as answer:
                    run = await answer.json()
                    assert answer.status == 201, run
                taken.append((time.perf_counter() - begun) * 1000)
                ids.append(run["id"])

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return ids, taken


async def _until_ended(raw: Raw, ids: list[str]) -> dict[str, str]:
    """Their states, once none waits any more."""
    while True:
        state = await raw.json("GET", f"{V1}/runs?status=queued,running&limit=1")
        if not state["runs"]:
            break
        await asyncio.sleep(0.5)
    return {run_id: (await raw.json("GET", f"{V1}/runs/{run_id}"))["status"] for run_id in ids}


async def listeners(server: ComfyServer) -> list[Target]:
    """A thousand listeners of one run: all hear its end."""
    connector = aiohttp.TCPConnector(limit=0)
    ends: list[float] = []
    async with Raw(server.url) as raw, aiohttp.ClientSession(connector=connector) as session:
        await publish(raw, "chain", chain(raw.client), [{"node_id": "1", "widget": "number", "name": "first"}])
        blocker = await raw.json("POST", f"{V1}/apps/chain/runs", {"input": {"first": 2000}})
        run = await raw.json("POST", f"{V1}/apps/chain/runs", {"input": {"first": 2001}})
        ready = asyncio.Semaphore(0)

        async def listen() -> None:
            async with session.get(server.url + run["urls"]["events"], timeout=None) as stream:  # type: ignore[arg-type]
                ready.release()
                async for line in stream.content:
                    if line.startswith(b"event: completed"):
                        ends.append(time.perf_counter())
                        return

        tasks = [asyncio.create_task(listen()) for _ in range(LISTENERS)]
        for _ in range(LISTENERS):
            await ready.acquire()
        await asyncio.gather(*tasks)
        assert (await raw.json("GET", blocker["urls"]["get"]))["status"] == "succeeded"
    spread = (max(ends) - min(ends)) * 1000
    print(f"{len(ends)} of {LISTENERS} listeners heard the end, the last {spread:.0f} ms after the first")
    return [Target("listeners that did not hear the end", LISTENERS - len(ends), 0, "listeners")]


async def stored(server: ComfyServer) -> list[Target]:
    """Listing and lookup among 100,000 stored runs."""
    ids = _fill(server)
    server.start()
    rows: list[tuple[str, list[float]]] = []
    async with Raw(server.url) as raw:
        await raw.json("GET", f"{V1}/runs?limit=1")
        page = await raw.json("GET", f"{V1}/runs?limit=20")
        asked = {
            "one run": lambda number: f"/runs/{ids[(number * 7919) % len(ids)]}",
            "the newest 20": lambda _: "/runs?limit=20",
            "the next page": lambda _: f"/runs?limit=20&cursor={page['next']}",
            "20 of an app": lambda number: f"/runs?limit=20&app=app-{number % 10}",
            "20 that failed": lambda _: "/runs?limit=20&status=failed",
            "20 of two states": lambda _: "/runs?limit=20&status=failed,canceled",
            "20 of an app that failed": lambda number: f"/runs?limit=20&app=app-{number % 10}&status=failed",
        }
        for name, path in asked.items():
            times = []
            for number in range(LOOKS):
                begun = time.perf_counter()
                await raw.json("GET", V1 + path(number))
                times.append((time.perf_counter() - begun) * 1000)
            rows.append((name, times))
    table(rows, f"ms, {STORED} runs", baseline="one run")
    return [Target(f"{name}, median", statistics.median(times), 20, "ms") for name, times in rows]


def _fill(server: ComfyServer) -> list[str]:
    """While the server stands still: runs of ten apps, one in a hundred failed, one in a thousand canceled."""
    import uuid

    from sqlalchemy import insert

    from lectern.apps.store.database import open_engine
    from lectern.apps.store.migrate import migrate
    from lectern.apps.store.tables import runs, workflows

    server.stop()
    file = server.base / "user" / "__lectern" / "lectern.db"
    engine = open_engine(file)
    migrate(engine)
    ids = [str(uuid.uuid4()) for _ in range(STORED)]
    item = {"output": "image", "node_id": "2", "name": "x_00001_.png", "content_type": "image/png", "size_bytes": 1000}

    def row(number: int, run_id: str) -> dict[str, Any]:
        status = "canceled" if number % 1000 == 0 else "failed" if number % 100 == 0 else "succeeded"
        return {
            "id": run_id, "app": f"app-{number % 10}", "version": 1, "workflow": "w", "status": status,
            "input": {"text": "x" * 200, "seed": number}, "metadata": {}, "attempt": 1, "outputs": [item] * 2,
            "created_ms": number, "started_ms": number, "completed_ms": number,
        }  # fmt: skip

    with engine.begin() as connection:
        connection.execute(insert(workflows).values(digest="w", graph={}, targets={}, outputs={}))
        for begin in range(0, STORED, 5000):
            rows = [row(number, ids[number]) for number in range(begin, min(begin + 5000, STORED))]
            connection.execute(insert(runs), rows)
    engine.dispose()
    return ids


async def idle(server: ComfyServer) -> list[Target]:
    """ComfyUI's own routes with the pack, and without it, in turns."""
    times: dict[str, list[float]] = {"without": [], "with": []}
    with ComfyServer(pack=None) as bare:
        async with Raw(server.url) as ours, Raw(bare.url) as other:
            for number in range(LOOKS + 20):
                order = [("without", other), ("with", ours)]
                for name, raw in order if number % 2 else order[::-1]:
                    begun = time.perf_counter()
                    await raw.json("GET", "/queue")
                    await raw.json("GET", "/object_info/KSampler")
                    if number >= 20:
                        times[name].append((time.perf_counter() - begun) * 1000)
    table(list(times.items()), "ms, GET /queue and /object_info/KSampler", baseline="without")
    ratio = statistics.median(times["with"]) / statistics.median(times["without"])
    return [Target("ComfyUI's own routes with the pack, idle", ratio, 1.05, "x")]


SECTIONS: dict[str, Callable[[ComfyServer], Awaitable[list[Target]]]] = {
    "waited": waited,
    "events": events,
    "crowd": crowd,
    "listeners": listeners,
    "idle": idle,
    "stored": stored,  # last: it fills the store
}


async def measure(names: list[str]) -> list[Target]:
    targets: list[Target] = []
    server = ComfyServer()
    settings(server, SETTINGS)
    add_tick(server)
    with server:
        for name, section in SECTIONS.items():
            if not names or name in names:
                print(f"\n{name}: {(section.__doc__ or '').splitlines()[0]}")
                targets += await section(server)
    print()
    return targets


if __name__ == "__main__":
    sys.exit(conclude(asyncio.run(measure(sys.argv[1:]))))
