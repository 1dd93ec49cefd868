"""Two real ComfyUIs, each with its worker: one of them runs its apps on the whole fleet, and so does a gateway."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.client import Comfy, node
from support.faulty.graphs import publish
from tools.process import child_environment
from tools.server import ComfyServer, free_port
from unit.fleet.nats import NatsServer

ROOT = Path(__file__).parents[2]
RUNS = "/lectern/v1/apps/plain/runs"
GRAPH = {
    "1": node("EmptyImage", width=64, height=64, batch_size=1, color=255),
    "2": node("SaveImage", images=["1", 0], filename_prefix="x"),
}
PICKS = [{"node_id": "1", "widget": "color"}]


class Fleet:
    """NATS, two ComfyUIs of which the first one's apps go to the fleet, and both their workers."""

    def __init__(self, folder: Path) -> None:
        self.nats = NatsServer(folder)
        asyncio.run(self.nats.start())
        self.variables = {"LECTERN_NATS_URL": self.nats.url}
        self.servers = [ComfyServer(environ=self.variables), ComfyServer(pack=ROOT)]
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        for server in self.servers:
            server.launch()
        for number, server in enumerate(self.servers):
            server.wait_until_ready()
            self.program("worker", "--comfyui", server.url, "--name", f"w{number}", "--port", str(free_port()))

    def program(self, *words: str) -> None:
        with (self._folder / f"{len(self._processes)}.log").open("wb") as log:
            started = subprocess.Popen(
                [sys.executable, "-m", "lectern", *words, "--folder", str(self._folder / words[0])],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=child_environment(self.variables),
            )
        self._processes.append(started)

    def stop(self) -> list[int]:
        """The exit codes of workers and gateways."""
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(30) for process in self._processes]
        for server in self.servers:
            server.close()
        asyncio.run(self.nats.stop())
        return codes


@pytest.fixture(scope="module")
def fleet(tmp_path_factory) -> Iterator[Fleet]:
    made = Fleet(tmp_path_factory.mktemp("fleet"))
    with ExitStack() as undo:
        undo.callback(made.stop)
        made.start()
        yield made


def until(seen, seconds: float = 30) -> None:
    """Returns once it is true."""

    async def look() -> None:
        async with asyncio.timeout(seconds):
            while not seen():  # noqa: ASYNC110 - another process says it when it is asked
                await asyncio.sleep(0.1)

    asyncio.run(look())


def idle(comfy: Comfy) -> list[str]:
    """The workers that would take a run."""
    answer = comfy.get("/lectern/v1/fleet")
    return [worker["name"] for worker in answer.json.get("workers", ()) if worker["state"] == "idle"]


def test_apps_of_a_comfyui_run_on_every_comfyui_of_the_fleet(fleet):
    comfy = Comfy(fleet.servers[0].url)
    until(lambda: idle(comfy) == ["w0", "w1"])
    publish(comfy, "plain", GRAPH, PICKS)
    queued = [comfy.post(RUNS, {"input": {"color": color}}).json for color in range(12)]
    until(lambda: all(comfy.get(f"/lectern/v1/runs/{run['id']}").json["status"] == "succeeded" for run in queued))
    runs = [comfy.get(f"/lectern/v1/runs/{run['id']}").json for run in queued]
    assert {run["worker"] for run in runs} == {"w0", "w1"}
    for run in runs:
        (output,) = run["outputs"]
        assert comfy.get(output["url"]).body.startswith(b"\x89PNG")


def test_a_gateway_serves_the_same_fleet(fleet):
    port = free_port()
    fleet.program("gateway", "--port", str(port))
    gateway = Comfy(f"http://127.0.0.1:{port}")

    def ready() -> bool:
        try:
            return gateway.get("/lectern/ready").status == 200
        except OSError:
            return False

    until(ready)
    publish(gateway, "plain", GRAPH, PICKS)
    answer = gateway.post(RUNS, {"input": {"color": 7}}, Prefer="wait=30")
    assert answer.status == 200 and answer.json["status"] == "succeeded"
    assert gateway.get(answer.json["outputs"][0]["url"]).body.startswith(b"\x89PNG")
    assert gateway.get("/object_info").status == 404
