"""Following a run to its end by its events; where they break off, by asking for the run, until nobody answers."""

import time
from collections.abc import Mapping
from typing import Any

from .client import Client, Event
from .console import Status
from .errors import OutOfReach, Refused

ENDED = ("succeeded", "failed", "canceled", "expired")
PAUSE_SECONDS = 1.0
PATIENCE_SECONDS = 180.0  # without an answer; ComfyUI takes a while to start again, and then goes on with the run
TOO_MANY = 429


def follow(client: Client, run: Mapping[str, Any], pause: float = PAUSE_SECONDS) -> Mapping[str, Any]:
    """The run once it has ended. Raises OutOfReach, Refused."""
    status = Status()
    try:
        return _follow(client, run, status, pause)
    finally:
        status.close()


def _follow(client: Client, run: Mapping[str, Any], status: Status, pause: float) -> Mapping[str, Any]:
    last_id = ""
    heard = time.monotonic()
    while run["status"] not in ENDED:
        try:
            for event in client.events(run["urls"]["events"], last_id):
                last_id, heard = event.id or last_id, time.monotonic()
                if event.name == "completed":
                    run = event.data
                    break
                show(event, status)
            else:
                run = client.get(run["urls"]["get"])
                heard = time.monotonic()
        except (OutOfReach, Refused) as error:
            if not _passes(error, time.monotonic() - heard):
                raise
            status.show("waiting for the server", "away")
        if run["status"] not in ENDED:
            time.sleep(pause)
    return run


def _passes(error: OutOfReach | Refused, seconds: float) -> bool:
    if isinstance(error, Refused):
        return error.status == TOO_MANY and seconds < PATIENCE_SECONDS
    return seconds < PATIENCE_SECONDS


def show(event: Event, status: Status) -> None:
    if event.name == "status":
        status.show(words_of_status(event.data), event.data.get("status"))
    elif event.name == "progress" and event.data:
        status.show(words_of_progress(event.data), (event.data.get("take"), event.data.get("current_node")))


def words_of_status(data: Mapping[str, Any]) -> str:
    position = data.get("queue_position")
    return f"{data.get('status')}, place {position}" if position else str(data.get("status"))


def words_of_progress(data: Mapping[str, Any]) -> str:
    """Such as ` 45%  3/8 nodes  KSampler 4/20`."""
    share = min(1.0, max(0.0, float(data.get("value") or 0)))
    steps = f" {data['step']}/{data['steps']}" if data.get("steps") else ""
    nodes = f"  {data.get('nodes_done')}/{data['nodes_total']} nodes" if data.get("nodes_total") else ""
    return f"{share:4.0%}{nodes}  {data.get('message') or data.get('current_node') or ''}{steps}".rstrip()
