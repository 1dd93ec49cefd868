"""`make serve` and `make stop`: ComfyUI with the pack, left running until it is stopped."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.cache import cache_path, checkout_key, lock, write_atomically
from tools.console import say, step
from tools.environment import Environment, prepare
from tools.process import fingerprint, is_same_process, stop_process
from tools.server import ComfyServer, free_port, is_free

USUAL_PORT = 8188  # ComfyUI's own default


@dataclass(frozen=True)
class Served:
    """What is known of the server left running."""

    pid: int
    mark: str  # its fingerprint, see tools.process
    port: int
    url: str
    log: str


def serve(_: Sequence[str]) -> int:
    """Start the server, or restart it so that it loads the code as it is now."""
    served = start(prepare())
    say(f"\nComfyUI with Lectern: {served.url}\nIts log: {served.log}\nStop it: make stop")
    return 0


def stop(_: Sequence[str]) -> int:
    """Stop the server if it runs."""
    with lock(f"serve-{checkout_key()}"):
        stopped = stop_recorded()
    say(f"Stopped the ComfyUI at {stopped.url}." if stopped else "No ComfyUI of this checkout is running.")
    return 0


def start(environment: Environment) -> Served:
    """(Re)start the server of this checkout and wait until it answers."""
    with lock(f"serve-{checkout_key()}"):
        if stopped := stop_recorded():
            say(f"  stopped the ComfyUI that was running at {stopped.url}")
        server = make_server(environment, stopped)
        with step("starting ComfyUI with Lectern"):
            return start_recorded(server)


def make_server(environment: Environment, former: Served | None) -> ComfyServer:
    """On the port it had before, so that open browser tabs find it again; else the usual one; else any."""
    base = base_folder()
    base.mkdir(parents=True, exist_ok=True)
    wanted = former.port if former and wait_until_free(former.port) else USUAL_PORT
    port = wanted if is_free(wanted) else free_port()
    return ComfyServer(environment.comfyui.path, environment.python, base=base, port=port, detached=True)


def wait_until_free(port: int, seconds: float = 5.0) -> bool:
    """The kernel may close a process's sockets a moment after it counts as ended."""
    deadline = time.monotonic() + seconds
    while not is_free(port) and time.monotonic() < deadline:
        time.sleep(0.05)
    return is_free(port)


def start_recorded(server: ComfyServer) -> Served:
    """Start and write down which process it is at once: should this one be killed, `make stop` still finds it."""
    server.log.unlink(missing_ok=True)
    pid = server.launch()
    served = Served(pid, fingerprint(pid) or "", server.port, server.url, str(server.log))
    write_atomically(record_file(), json.dumps(asdict(served)))
    try:
        server.wait_until_ready()
    except BaseException:
        server.stop()
        record_file().unlink(missing_ok=True)
        raise
    return served


def stop_recorded() -> Served | None:
    """Stop the recorded server; None when there is none or its process id now belongs to something else."""
    served = read_record(record_file())
    stopped = served is not None and stop_process(served.pid, served.mark)
    record_file().unlink(missing_ok=True)
    return served if stopped else None


def running() -> Served | None:
    """The recorded server if it still runs."""
    served = read_record(record_file())
    return served if served and is_same_process(served.pid, served.mark) else None


def read_record(file: Path) -> Served | None:
    """A record as written by start_recorded(); None when there is none that can be read."""
    try:
        return Served(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def base_folder() -> Path:
    """The served ComfyUI's own folders: they stay, so that saved workflows and results survive a restart."""
    return cache_path("serve", checkout_key(), "base")


def record_file() -> Path:
    return cache_path("serve", checkout_key(), "server.json")
