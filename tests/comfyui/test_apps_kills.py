"""kill -9 of a real ComfyUI, again and again, at random moments: no run is lost, none is doubled.

LECTERN_KILLS says how often (3 by default), LECTERN_SEED makes the moments those of an earlier time.
"""

import base64
import logging
import os
import random
import sqlite3
import threading
import time
import urllib.error
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

from support.client import Answer, node
from support.faulty.graphs import APPS, WORK_PICKS, publish, publish_work, work_graph
from support.faulty.house import FaultyServer
from support.faulty.sites import Site
from support.serving import ServerThread
from unit.apps.media import picture

logger = logging.getLogger(__name__)

KILLS = int(os.environ.get("LECTERN_KILLS", "3"))
BATCH = 7  # runs between two kills
LATEST = 2.0  # seconds from the first submit of a batch to the kill
LATER = 1.5  # seconds from when a run executes to the kill, every other time
RESUMING = 0.3  # share of the restarts that are killed, too
ENDS = {"succeeded", "failed", "canceled"}
PATIENCE = 120  # seconds for everything that is left to end


@dataclass
class Order:
    """One request, sent until it is answered."""

    slug: str
    body: dict[str, Any]
    key: str
    run: dict[str, Any] | None = None
    tries: int = 0


@dataclass
class Ledger:
    """What was accepted, and what was seen of it."""

    orders: list[Order] = field(default_factory=list)
    contents: dict[str, list[bytes]] = field(default_factory=dict)  # outputs of ended runs, by id
    ends: dict[str, dict[str, Any]] = field(default_factory=dict)  # ended runs as they were first seen


def order(faulty: FaultyServer, one: Order) -> Answer | None:
    """Sends it; None when nobody answers."""
    one.tries += 1
    try:
        answer = faulty.comfy.post(f"{APPS}/{one.slug}/runs", one.body, **{"Idempotency-Key": one.key})
    except (urllib.error.URLError, OSError):
        return None
    assert answer.status in (200, 201), answer.body
    one.run = answer.json
    return answer


def new_order(chance: random.Random, hook: str, number: int) -> Order:
    seed = number * 100  # no two executions alike, so that ComfyUI's cache answers none
    given: dict[str, Any] = {"seconds": round(chance.uniform(0, 0.6), 2), "seed": seed}
    slug = chance.choice(["work", "work", "frail", "pictured"])
    if slug == "pictured":
        color = (number % 256, number // 256, 7)
        given["picture"] = f"data:image/png;base64,{base64.b64encode(picture(color=color)).decode()}"
    body = {"input": given, "n": chance.choice([1, 1, 3]), "webhook": hook, "metadata": {"number": str(number)}}
    return Order(slug, body, f"key {number}")


def send_all(faulty: FaultyServer, orders: list[Order]) -> None:
    for one in orders:
        if order(faulty, one) is None:
            return


def wait_for_execution(faulty: FaultyServer) -> None:
    deadline = time.monotonic() + 10
    while not faulty.comfy.get("/queue").json["queue_running"] and time.monotonic() < deadline:
        time.sleep(0.01)


def look_at_ends(faulty: FaultyServer, ledger: Ledger) -> int:
    """Compares what has ended with what it was when it was first seen; how many have not ended."""
    going = 0
    for one in ledger.orders:
        assert one.run is not None
        run = faulty.comfy.get(one.run["urls"]["get"]).json
        assert run["metadata"] == one.body["metadata"]
        if run["status"] not in ENDS:
            assert run["id"] not in ledger.ends
            going += 1
        elif run["id"] not in ledger.ends:
            ledger.ends[run["id"]] = run
            ledger.contents[run["id"]] = [faulty.comfy.get(item["url"]).body for item in run["outputs"]]
        else:
            assert run == ledger.ends[run["id"]]
    return going


def compare_outputs(faulty: FaultyServer, ledger: Ledger) -> None:
    for run_id, contents in ledger.contents.items():
        items = ledger.ends[run_id]["outputs"]
        assert [faulty.comfy.get(item["url"]).body for item in items] == contents


def attempts(faulty: FaultyServer) -> Counter[int]:
    """How often the last take of each run was given to ComfyUI."""
    with sqlite3.connect(faulty.private / "lectern.db") as database:
        return Counter(number for (number,) in database.execute("SELECT attempt FROM runs"))


@pytest.mark.timeout(60 + 40 * KILLS)
def test_kill_at_any_moment():
    seed = int(os.environ.get("LECTERN_SEED") or time.time_ns() % 10**6)
    chance = random.Random(seed)
    logger.warning(f"seed {seed}")  # shown when the test fails, or with `-o log_cli=true`
    ledger = Ledger()
    kills = 0
    with ServerThread(lambda: Site(pause=0.15)) as hooks:
        settings = f'webhook_hosts = ["{hooks.server.host}"]\nprivate_hosts = ["127.0.0.1"]\nqueued = 1000'
        hook = f"{hooks.server.url}/hook"
        with FaultyServer(settings) as faulty:
            publish_work(faulty.comfy)
            publish_work(faulty.comfy, "frail", retry=False)
            pictured = work_graph(image=["4", 0]) | {"4": node("LoadImage", image="example.png")}
            publish(
                faulty.comfy,
                "pictured",
                pictured,
                [*WORK_PICKS, {"node_id": "4", "widget": "image", "name": "picture"}],
            )
            while kills < KILLS:
                batch = [new_order(chance, hook, len(ledger.orders) + place) for place in range(BATCH)]
                ledger.orders += batch
                sender = threading.Thread(target=send_all, args=(faulty, batch))
                sender.start()
                if chance.random() < 0.5:
                    time.sleep(chance.uniform(0, LATEST))
                else:
                    wait_for_execution(faulty)
                    time.sleep(chance.uniform(0, LATER))
                faulty.server.kill()
                kills += 1
                sender.join()
                if kills < KILLS and chance.random() < RESUMING:
                    faulty.server.launch()
                    time.sleep(chance.uniform(3, 9))
                    faulty.server.kill()
                    kills += 1
                faulty.server.start()
                for one in ledger.orders:  # also those that were answered: the same run comes back
                    known = one.run
                    answer = order(faulty, one) if known is None or one in batch else None
                    assert known is None or answer is None or one.run is None or known["id"] == one.run["id"], one
                look_at_ends(faulty, ledger)
            deadline = time.monotonic() + PATIENCE
            while look_at_ends(faulty, ledger):
                assert time.monotonic() < deadline, "a run did not end"
                time.sleep(0.3)
            compare_outputs(faulty, ledger)
            summary = judge(faulty, ledger, hooks, kills)
    logger.warning(", ".join(f"{name} {value}" for name, value in summary.items()))


def judge(faulty: FaultyServer, ledger: Ledger, hooks: ServerThread[Site], kills: int) -> dict[str, Any]:
    """Everything that was promised; what was counted."""
    accepted = [one.run["id"] for one in ledger.orders if one.run is not None]
    assert len(set(accepted)) == len(accepted) == len(ledger.orders)
    assert sorted(listed(faulty)) == sorted(accepted)
    extra = 0
    for one in ledger.orders:
        assert one.run is not None
        run = ledger.ends[one.run["id"]]
        takes = sorted(item["take"] for item in run["outputs"])
        if run["status"] == "succeeded":
            assert takes == list(range(one.body["n"])) and len(set(ledger.contents[run["id"]])) == len(takes)
        else:
            assert run["status"] == "failed" and run["error"]["code"] == "lost_on_restart", run
            assert takes == list(range(len(takes))) and len(takes) < one.body["n"]
        extra += len(faulty.files(run["id"])) - len(takes)
    lost = Counter(run["app"] for run in ledger.ends.values() if run["status"] == "failed")
    assert lost["frail"] + 2 * (lost.total() - lost["frail"]) <= kills
    assert 0 <= extra <= kills  # a file that was written when the process died, before its end was stored
    hooks.until(lambda site: {told.body["id"] for told in site.told} >= set(accepted), timeout=60)
    told = hooks.server.told
    ids: dict[str, set[str]] = {}
    for one in told:
        assert one.body["type"] == "run.completed"
        ids.setdefault(one.body["id"], set()).add(one.id)
        ended = ledger.ends[one.body["id"]]
        assert (one.body["status"], one.body["outputs"]) == (ended["status"], ended["outputs"])
    assert ids.keys() == set(accepted) and all(len(one) == 1 for one in ids.values())
    return {
        "kills": kills,
        "runs": len(accepted),
        "takes": sum(one.body["n"] for one in ledger.orders),
        "succeeded": sum(run["status"] == "succeeded" for run in ledger.ends.values()),
        "lost (no retry)": lost["frail"],
        "lost twice": lost.total() - lost["frail"],
        "tried twice": attempts(faulty)[2],
        "resent requests": sum(one.tries - 1 for one in ledger.orders),
        "files beside the outputs": extra,
        "webhooks": len(ids),
        "webhooks repeated": len(told) - len(ids),
    }


def listed(faulty: FaultyServer) -> list[str]:
    """The ids of all runs, page by page."""
    found: list[str] = []
    cursor = ""
    while True:
        page = faulty.comfy.get(f"/lectern/v1/runs?limit=50{cursor}").json
        found += [run["id"] for run in page["runs"]]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"
