"""The verbs of a fleet: `gateway` serves apps without a ComfyUI beside them, `fleet` tells how the fleet is."""

import argparse
import asyncio
import logging
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SettingsError
from .client import V1
from .console import note, tell, tell_json, tell_table
from .errors import SUCCEEDED, NotSucceeded, WrongUse
from .verbs import Verbs, client_of
from .worker import FOLDER_VARIABLE, URL_VARIABLE, comfyui_address, port_refused

if TYPE_CHECKING:
    from ..gateway import Plan

NOTHING_BEHIND = (
    f"Name what executes the runs: a fleet's NATS (--nats URL, the variable {URL_VARIABLE}, or nats of [fleet]),"
    " or one ComfyUI (--comfyui URL)."
)
NO_PACKAGE = "A gateway needs the Python package {name}; install {package} with pip."
PACKAGES = {"nats": "nats-py", "PIL": "Pillow", "prometheus_client": "prometheus-client"}


def add_to(verbs: Verbs) -> None:
    about = "serve apps, pages and APIs in front of a fleet or of one ComfyUI"
    verb = verbs.add("gateway", serve, about, online=False)
    verb.add_argument("--nats", metavar="URL", help=f"the fleet's NATS; default: ${URL_VARIABLE}, else [fleet]")
    verb.add_argument("--comfyui", metavar="URL", help="one ComfyUI, such as http://127.0.0.1:8188")
    about = f"for settings, the store and files; default: ${FOLDER_VARIABLE}, else lectern in your home folder"
    verb.add_argument("--folder", metavar="DIR", help=about)
    verb.add_argument("--host", default="127.0.0.1", help="where it listens; default: 127.0.0.1")
    verb.add_argument("--port", type=int, default=8190, help="default: 8190")
    verbs.json(verbs.add("fleet", show, "the workers, gateways and queues of a fleet; needs a key for admins"))


def serve(asked: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    if not 0 <= asked.port < 65536:
        raise WrongUse(f"--port must be 0 to 65535; got {asked.port}.")
    try:
        return asyncio.run(_serve(_plan(asked), asked.host, asked.port))
    except ImportError as error:
        name = (error.name or "").partition(".")[0]
        raise WrongUse(NO_PACKAGE.format(name=name, package=PACKAGES.get(name, name))) from None
    except SettingsError as error:
        raise WrongUse(str(error)) from None


def show(asked: argparse.Namespace) -> int:
    fleet = client_of(asked).get(f"{V1}/fleet")
    if asked.json:
        tell_json(fleet)
        return SUCCEEDED
    if fleet["engine"] != "fleet":
        note("There is no fleet: runs execute in one ComfyUI.")
        return SUCCEEDED
    workers = [_worker_row(worker) for worker in fleet["workers"]]
    _show("Workers", workers, "none; start one beside each ComfyUI")
    _show("Gateways", [(one["name"], one["version"]) for one in fleet["gateways"]], "none")
    _show("In the queue", [(one["priority"], one["runs"]) for one in fleet["queues"]], "nothing")
    if fleet["dead"]:
        _show("Given up", [(one["run"], one["app"], one["at"]) for one in fleet["dead"]], "nothing")
    return SUCCEEDED


def _worker_row(worker: dict[str, Any]) -> tuple[Any, ...]:
    free = sum(device["vram_free"] for device in worker["devices"])
    memory = f"{free / 2**30:.1f} GB free" if worker["devices"] else ""
    return worker["name"], worker["state"], worker["version"], memory, worker["app"] or worker["reason"]


def _show(title: str, rows: list[tuple[Any, ...]], nothing: str) -> None:
    if not rows:
        tell(f"{title}: {nothing}")
        return
    tell(f"{title}:")
    tell_table(rows)


def _plan(asked: argparse.Namespace) -> "Plan":
    """Raises SettingsError, WrongUse, ImportError."""
    from ..apps.fleet.credentials import URL, addresses, store_url
    from ..gateway import Plan
    from ..settings import SettingsFile

    folder = Path(asked.folder or os.environ.get(FOLDER_VARIABLE) or Path.home() / "lectern").absolute()
    if asked.nats:
        os.environ[URL] = asked.nats  # as everything reads it
    fleet = SettingsFile(folder).read().fleet
    nats = bool(addresses(fleet))
    comfyui = comfyui_address(asked.comfyui) if asked.comfyui else ""
    if not (nats or comfyui):
        raise WrongUse(NOTHING_BEHIND)
    if nats:
        import nats as _  # noqa: F401 - now, because a fleet that is never there is not what an operator expects
    return Plan(folder, nats, comfyui, store_url(fleet))


async def _serve(plan: "Plan", host: str, port: int) -> int:
    from ..apps.errors import NewerStore
    from ..gateway import Gateway

    gateway = Gateway(plan)
    stopping = _signals()
    try:
        address = await gateway.start(host, port)
        note(f"Lectern answers at {address}/lectern/")
        await stopping.wait()
    except NewerStore as error:
        raise NotSucceeded(str(error)) from None
    except OSError as error:
        raise NotSucceeded(port_refused(host, port, error)) from None
    finally:
        await gateway.stop()
    return SUCCEEDED


def _signals() -> asyncio.Event:
    """Set by SIGTERM and Ctrl+C."""
    heard = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            asyncio.get_running_loop().add_signal_handler(number, heard.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: heard.set())
    return heard
