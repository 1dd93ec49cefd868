"""kill -9 of Lectern alone, while ComfyUI lives on: what ComfyUI has is found again, and nothing is executed twice.

LECTERN_ENGINE_KILLS says how often (4 by default), LECTERN_SEED makes the moments those of an earlier time.
"""

import asyncio
import logging
import os
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from support.faulty.sites import Site
from tools.process import child_environment
from tools.server import free_port
from unit.apps import fake_comfy
from unit.apps.fake_comfy import FakeComfy
from unit.apps.samples import write_app

logger = logging.getLogger(__name__)

KILLS = int(os.environ.get("LECTERN_ENGINE_KILLS", "4"))
BATCH = 4
LATEST = 0.8  # seconds from when the engine answers to its end
PROGRAM = Path(__file__).with_name("engine_process.py")
ROOT = Path(__file__).parents[2]
ENDS = {"succeeded", "failed", "canceled"}


class Engine:
    """One process after another, over one folder."""

    def __init__(self, folder: Path, comfy: FakeComfy, hooks: Site) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self._arguments = [str(PROGRAM), str(folder), comfy.url(), self.url.rpartition(":")[2], hooks.host]
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        environment = {**child_environment(), "PYTHONPATH": str(ROOT)}
        self._process = await asyncio.create_subprocess_exec(sys.executable, *self._arguments, env=environment)

    async def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        await self._process.wait()


async def post(session: aiohttp.ClientSession, url: str, **options: Any) -> dict[str, Any] | None:
    """None when nobody answers."""
    try:
        async with session.post(url, **options) as answer:
            assert answer.status in (200, 201), await answer.text()
            return await answer.json()
    except (aiohttp.ClientError, OSError):
        return None


async def until_answered(session: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                async with session.get(f"{url}/lectern/health"):
                    return
            except (aiohttp.ClientError, OSError):
                await asyncio.sleep(0.02)


@asynccontextmanager
async def site() -> AsyncIterator[Site]:
    made = await Site(pause=0.05).start()
    yield made
    await made.stop()


def successes(comfy: FakeComfy) -> Counter[str]:
    """How often each folder was written to by a prompt that succeeded; every take of a run has one of its own."""
    graphs = [entry["prompt"][2] for entry in comfy.history.values() if entry["status"]["completed"]]
    return Counter(graph["3"]["inputs"]["filename_prefix"] for graph in graphs)


@pytest.mark.timeout(120 + 15 * KILLS)
async def test_kill_at_any_moment(tmp_path: Path, comfy: FakeComfy):
    seed = int(os.environ.get("LECTERN_SEED") or time.time_ns() % 10**6)
    chance = random.Random(seed)
    logger.warning(f"seed {seed}")  # shown when the test fails, or with `-o log_cli=true`

    async def work(fake: FakeComfy, prompt_id: str) -> None:
        await fake_comfy.begin(fake, prompt_id)
        await asyncio.sleep(chance.uniform(0, 0.12))
        if prompt_id in fake.running:
            await fake.end(prompt_id)

    comfy.script = work
    write_app(tmp_path / "workflows")
    orders: dict[str, dict[str, Any]] = {}  # by idempotency key: the request, and the run once it is answered
    canceled: set[str] = set()
    async with site() as hooks, aiohttp.ClientSession() as session:
        engine = Engine(tmp_path, comfy, hooks)
        await engine.start()

        async def submit(key: str) -> None:
            order = orders[key]
            url = f"{engine.url}/lectern/v1/apps/tiny/runs"
            run = await post(session, url, json=order["body"], headers={"Idempotency-Key": key})
            if run is not None:
                assert order["run"] in (None, run["id"])
                order["run"] = run["id"]

        async def cancel_some() -> None:
            for run_id in [order["run"] for order in orders.values() if order["run"]]:
                if chance.random() < 0.005:
                    canceled.add(run_id)  # perhaps: the answer may not come
                    await post(session, f"{engine.url}/lectern/v1/runs/{run_id}/cancel")

        for _ in range(KILLS):
            await until_answered(session, engine.url)
            for _ in range(BATCH):
                number = len(orders)
                body = {
                    "input": {"width": 64, "seed": number * 10},
                    "n": chance.choice([1, 1, 3]),
                    "webhook": f"{hooks.url}/hook",
                }
                orders[f"key {number}"] = {"body": body, "run": None}
            again = [key for key, order in orders.items() if order["run"] is None or chance.random() < 0.05]
            sending = asyncio.gather(*map(submit, again), cancel_some())
            await asyncio.sleep(chance.uniform(0, LATEST))
            await engine.kill()
            await sending
            await engine.start()
        await until_answered(session, engine.url)
        await asyncio.gather(*(submit(key) for key, order in orders.items() if order["run"] is None))
        runs = {}
        async with asyncio.timeout(60 + 2 * KILLS):
            for order in orders.values():
                while True:
                    async with session.get(f"{engine.url}/lectern/v1/runs/{order['run']}") as answer:
                        run = await answer.json()
                    if run["status"] in ENDS:
                        break
                    await asyncio.sleep(0.05)
                runs[run["id"]] = (order, run)
        assert len(runs) == len(orders)
        await hooks.until(lambda site: {told.body["id"] for told in site.told} >= runs.keys(), 60)
        await engine.kill()

    done = successes(comfy)
    assert set(done.values()) <= {1}, "a take was executed to its end twice"
    lost = 0
    for order, run in runs.values():
        takes = [item["take"] for item in run["outputs"]]
        assert takes == list(range(len(takes)))
        if run["status"] == "succeeded":
            assert len(takes) == order["body"]["n"]
        elif run["status"] == "failed":  # killed twice between its note in the store and ComfyUI's getting it
            assert run["error"]["code"] == "lost_on_restart", run
            lost += 1
        else:
            assert run["id"] in canceled and run["error"] is None
    assert lost <= KILLS // 2  # each took two kills
    ids: dict[str, set[str]] = {}
    for told in hooks.told:
        ids.setdefault(told.body["id"], set()).add(told.id)
        assert told.body["status"] == runs[told.body["id"]][1]["status"]
    assert all(len(one) == 1 for one in ids.values()) and ids.keys() == runs.keys()
    ends = Counter(run["status"] for _, run in runs.values())
    logger.warning(
        f"kills {KILLS}, runs {len(runs)}, {dict(ends)}, prompts {len(comfy.history)}, takes done {len(done)},"
        f" webhooks {len(ids)}, repeated {len(hooks.told) - len(ids)}"
    )
