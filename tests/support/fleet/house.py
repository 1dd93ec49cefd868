"""nats-server, gateways, workers, and a ComfyUI beside each worker."""

import shutil
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

from support.client import Comfy
from support.contract_comfy.executions import Execution, read_executions
from tools.server import free_port

from .programs import Program, python

NATS = shutil.which("nats-server") or "/usr/sbin/nats-server"
# Many runs at once are the point.
SETTINGS = "[apps]\nqueued = 100000\nstreams = 5000\n"
HEALTH = "/lectern/health"
READY = "/lectern/ready"


class Plan(NamedTuple):
    workers: int = 2
    gateways: int = 1
    run_ms: float = 0  # of every prompt
    store: str = ""  # URL of a database that all gateways share; else each has its own
    comfies: tuple[str, ...] = ()  # addresses of ComfyUIs that are there already, one for each worker


class House:
    """`with House(Plan(workers=4)) as house:` - everything answers within the block."""

    def __init__(self, plan: Plan) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lectern-fleet-"))
        self.nats = nats(self.folder)
        self.comfies = [] if plan.comfies else [contract(self.folder, n, plan.run_ms) for n in range(plan.workers)]
        addresses = plan.comfies or [comfy.url for comfy in self.comfies]
        self.workers = [self._worker(number, address) for number, address in enumerate(addresses)]
        self.gateways = [self._gateway(number, plan.store) for number in range(plan.gateways)]

    @property
    def programs(self) -> list[Program]:
        return [self.nats, *self.comfies, *self.workers, *self.gateways]

    @property
    def url(self) -> str:
        return self.gateways[0].url

    @property
    def api(self) -> Comfy:
        """The first gateway, to be called as a ComfyUI is."""
        return Comfy(self.url)

    def executions(self, worker: int) -> list[Execution]:
        """What the ComfyUI beside that worker really did."""
        return read_executions(self.folder / f"comfy{worker}.runs")

    def start(self) -> Self:
        try:
            launch(self.programs)
            wait_until_ready([*self.gateways, *self.workers])
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        for program in reversed(self.programs):
            program.terminate()
        for program in reversed(self.programs):
            program.stop(grace=5)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def replace_worker(self, number: int, comfy: str) -> None:
        """By one of another name, which does not run yet."""
        self.workers[number].kill()
        self.workers[number] = self._worker(number, comfy, f"new{number}")

    def _worker(self, number: int, comfy: str, name: str = "") -> Program:
        name = name or f"w{number}"
        port, folder = free_port(), settings(self.folder / name)
        command = python("lectern", "worker", "--comfyui", comfy, "--name", name, "--port", port)
        command += ["--nats", f"nats://127.0.0.1:{self.nats.port}", "--folder", str(folder)]
        return Program(f"worker {number}", command, port, self.folder / f"{name}.log", "/health")

    def _gateway(self, number: int, store: str) -> Program:
        environ = {"LECTERN_STORE_URL": store} if store else {}
        return gateway(self.folder, f"gateway{number}", ["--nats", f"nats://127.0.0.1:{self.nats.port}"], environ)


def gateway(folder: Path, name: str, arguments: list[str], environ: Mapping[str, str] | None = None) -> Program:
    port = free_port()
    command = python("lectern", "gateway", "--port", port, "--folder", settings(folder / name), *arguments)
    return Program(name, command, port, folder / f"{name}.log", HEALTH, environ)


def contract(folder: Path, number: int, run_ms: float) -> Program:
    """A contract ComfyUI, with a log of what it executes."""
    port, log = free_port(), folder / f"comfy{number}.runs"
    command = python("support.contract_comfy", "--port", port, "--run-ms", run_ms, "--log", log)
    return Program(f"comfy {number}", command, port, folder / f"comfy{number}.log", "/queue")


def nats(folder: Path) -> Program:
    port = free_port()
    command = [NATS, "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", str(folder / "nats")]
    return Program("nats-server", command, port, folder / "nats.log")


def settings(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lectern.toml").write_text(SETTINGS, "utf-8")
    return folder


def launch(programs: Iterable[Program]) -> None:
    for program in programs:
        program.launch()
    for program in programs:
        program.wait()


def wait_until_ready(programs: Iterable[Program]) -> None:
    """Gateways: until a run that is given to one of them would be executed. Workers: until they would execute one."""
    deadline = time.monotonic() + 30
    for one in programs:
        path = READY if "gateway" in one.name else "/ready"
        while (answer := Comfy(one.url).get(path)).status != 200:
            assert time.monotonic() < deadline, (one.name, answer.body)
            time.sleep(0.02)


def publish(api: Comfy, slug: str, graph: Mapping[str, Any], picks: list[dict[str, Any]], **more: Any) -> None:
    """An app of the whole fleet. An answer that is no 201 fails with Lectern's words."""
    answer = api.request("PUT", f"/lectern/v1/apps/{slug}", {"prompt": graph, "inputs": picks, **more})
    assert answer.status == 201, answer.body
