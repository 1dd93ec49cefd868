"""The verb `worker`: executes the runs of a fleet on the ComfyUI that it names, until it is stopped."""

import argparse
import asyncio
import logging
import os
import re
import signal
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from ..errors import SettingsError
from .console import note
from .errors import SUCCEEDED, NotSucceeded, WrongUse
from .verbs import Verbs

if TYPE_CHECKING:
    from ..apps.fleet.worker.process import Plan, Worker
    from ..settings import Settings

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
FOLDER_VARIABLE = "LECTERN_FOLDER"
URL_VARIABLE = "LECTERN_NATS_URL"
DRAIN_SECONDS = 24 * 3600.0
NO_NATS = f"Name the NATS server of the fleet: --nats URL, the variable {URL_VARIABLE}, or nats of [fleet]."
NO_PACKAGE = "A worker needs the Python package {name}; install {package} with pip."
PACKAGES = {"nats": "nats-py"}


class Options(NamedTuple):
    comfyui: str  # http://host:port
    name: str
    folder: Path
    nats: str | None
    host: str
    port: int
    drain_seconds: float


def add_to(verbs: Verbs) -> None:
    about = "execute the runs of a fleet on the ComfyUI beside this process"
    verb = verbs.add("worker", work, about, online=False)
    verb.add_argument("--comfyui", metavar="URL", required=True, help="the ComfyUI, such as http://127.0.0.1:8188")
    verb.add_argument("--nats", metavar="URL", help=f"the fleet's NATS; default: ${URL_VARIABLE}, else [fleet]")
    verb.add_argument("--name", help="unique in the fleet; default: this machine's name and ComfyUI's port")
    verb.add_argument("--folder", metavar="DIR", help=f"for settings and copies of files; default: ${FOLDER_VARIABLE}")
    verb.add_argument("--host", default="127.0.0.1", help="where /health, /ready and /metrics answer")
    verb.add_argument("--port", type=int, default=8191, help="their port; default: 8191")
    about = "that a run may go on after SIGTERM, before it is given back"
    verb.add_argument("--drain-seconds", type=float, metavar="N", default=DRAIN_SECONDS, help=about)


def work(asked: argparse.Namespace) -> int:
    options = read_options(asked)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("nats").setLevel(logging.CRITICAL)  # its lines hold addresses; the link tells what is wrong
    try:
        return asyncio.run(_work(options))
    except ImportError as error:
        name = (error.name or "").partition(".")[0]
        raise WrongUse(NO_PACKAGE.format(name=name, package=PACKAGES.get(name, name))) from None
    except SettingsError as error:
        raise WrongUse(str(error)) from None


def read_options(asked: argparse.Namespace) -> Options:
    """Raises WrongUse."""
    comfyui = comfyui_address(asked.comfyui)
    name = asked.name if asked.name is not None else _own_name(comfyui)
    if not NAME.fullmatch(name):
        raise WrongUse(f"--name must be 1 to 64 letters, digits, - and _; got {name[:80]}.")
    if not 0 <= asked.port < 65536:
        raise WrongUse(f"--port must be 0 to 65535; got {asked.port}.")
    if not asked.drain_seconds >= 0:
        raise WrongUse(f"--drain-seconds must be 0 or more; got {asked.drain_seconds}.")
    folder = Path(asked.folder or os.environ.get(FOLDER_VARIABLE) or Path(tempfile.gettempdir()) / f"lectern-{name}")
    return Options(comfyui, name, folder, asked.nats, asked.host, asked.port, asked.drain_seconds)


def comfyui_address(url: str) -> str:
    """Raises WrongUse."""
    parts = urlsplit(url)
    try:
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid or parts.username or parts.password or parts.query or parts.fragment:
        raise WrongUse("--comfyui must be an address such as http://127.0.0.1:8188, without user and password.")
    return url.rstrip("/")


def port_refused(host: str, port: int, error: OSError) -> str:
    """asyncio's own text repeats the address."""
    reason = os.strerror(error.errno).lower() if error.errno and error.errno > 0 else str(error)
    return f"The port {port} of {host} cannot be used ({reason}); choose another one with --port or --host."


def _own_name(comfyui: str) -> str:
    parts = urlsplit(comfyui)
    return re.sub(r"[^A-Za-z0-9_-]", "-", f"{socket.gethostname()[:50]}-{parts.port or parts.scheme}")


async def _work(options: Options) -> int:
    """Raises SettingsError, WrongUse, ImportError."""
    import nats  # noqa: F401 - now, because a fleet that is never there is not what an operator expects

    from ..apps.comfy import ComfyClient
    from ..apps.fleet.worker.process import Worker
    from ..apps.fleet.worker.status import serve

    plan = _plan(options)
    worker = Worker(plan, ComfyClient(lambda: options.comfyui, lambda: None))
    stopping, hurrying = _signals()
    try:
        runner = await serve(worker, options.host, options.port)
    except OSError as error:
        raise NotSucceeded(port_refused(options.host, options.port, error)) from None
    worker.start()
    note(f"The worker {options.name} executes runs on {options.comfyui}; {_ports(runner)}.")
    try:
        await stopping.wait()
        await _drain(worker, hurrying, options.drain_seconds)
    finally:
        await worker.stop()
        await runner.cleanup()
    return SUCCEEDED


def _plan(options: Options) -> "Plan":
    """Raises SettingsError, WrongUse."""
    from .. import __version__
    from ..apps.fleet.credentials import URL, access, addresses
    from ..apps.fleet.worker.process import Plan
    from ..settings import SettingsFile

    file = SettingsFile(options.folder)
    environment = {**os.environ, **({URL: options.nats} if options.nats else {})}
    if not addresses(file.read().fleet, environment):
        raise WrongUse(NO_NATS)
    settings: Callable[[], Settings] = file.read
    return Plan(
        name=options.name,
        version=__version__,
        folder=options.folder,
        access=lambda: access(settings().fleet, environment),
        settings=settings,
        replicas=file.read().fleet.replicas,
    )


def _signals() -> tuple[asyncio.Event, asyncio.Event]:
    """Set by the first SIGTERM or Ctrl+C, and by the second."""
    first, second = asyncio.Event(), asyncio.Event()

    def heard() -> None:
        (second if first.is_set() else first).set()

    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            asyncio.get_running_loop().add_signal_handler(number, heard)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: heard())
    return first, second


async def _drain(worker: "Worker", hurrying: asyncio.Event, seconds: float) -> None:
    """Lets the run end; gives it back when that takes too long, or when somebody is in a hurry."""
    if worker.busy:
        note("The worker takes no more runs and ends when its run has; stop it once more to give the run back.")
    drained = asyncio.create_task(worker.drain())
    hurried = asyncio.create_task(hurrying.wait())
    await asyncio.wait([drained, hurried], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    if not drained.done():
        worker.give_up()
        await asyncio.wait([drained], timeout=10)
    for task in (drained, hurried):
        task.cancel()


def _ports(runner: Any) -> str:
    return ", ".join(f"http://{host}:{port}/ready" for host, port, *_ in runner.addresses)
