"""Two real ComfyUIs, a worker beside each, a nats-server and a gateway: runs as an integrator has them.

The first test kills a worker; by the last one the run that it had must have ended on the other machine.
"""

import io
import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from PIL import Image

from support.client import Comfy, node
from support.faulty.graphs import WORK_PICKS, work_graph
from support.fleet.house import House, Plan, launch, publish, wait_until_ready
from support.fleet.machines import machines
from tools.server import ComfyServer, direct
from unit.apps.media import picture

V1 = "/lectern/v1"
DONE = {"succeeded", "failed", "canceled"}
PLAIN = {
    "1": node("EmptyImage", width=16, height=16, batch_size=1, color=0),
    "2": node("SaveImage", images=["1", 0], filename_prefix="x"),
}
COLOR = [{"node_id": "1", "widget": "color"}]


class Fleet(NamedTuple):
    house: House
    servers: list[ComfyServer]

    @property
    def api(self) -> Comfy:
        return self.house.api

    def submit(self, slug: str, given: dict[str, Any], **headers: str) -> dict[str, Any]:
        answer = self.api.post(f"{V1}/apps/{slug}/runs", {"input": given}, **headers)
        assert answer.status in (200, 201), answer.body
        return answer.json

    def made(self, slug: str, given: dict[str, Any]) -> dict[str, Any]:
        run = self.submit(slug, given, Prefer="wait")
        assert run["status"] == "succeeded", run
        return run

    def picture(self, run: dict[str, Any]) -> Image.Image:
        return Image.open(io.BytesIO(self.api.get(run["outputs"][0]["url"]).body)).convert("RGB")

    def get(self, run: dict[str, Any]) -> dict[str, Any]:
        return self.api.get(run["urls"]["get"]).json

    def executing(self) -> list[int]:
        """The machines whose ComfyUI executes something."""
        return [n for n, one in enumerate(self.servers) if Comfy(one.url).get("/queue").json["queue_running"]]

    def executed(self, machine: int) -> int:
        return len(Comfy(self.servers[machine].url).get("/history").json)


def eventually(true: Callable[[], Any], patience: float) -> float:
    """Seconds until it was true."""
    begun = time.monotonic()
    while not true():
        assert time.monotonic() - begun < patience, "it did not happen in time"
        time.sleep(0.01)
    return time.monotonic() - begun


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with machines() as servers:
        house = House(Plan(comfies=tuple(server.url for server in servers)))
        try:
            launch([house.nats, *house.gateways])  # while the ComfyUIs start
            for server in servers:
                server.wait_until_ready()
            launch(house.workers)
            wait_until_ready(house.gateways)
            fleet = Fleet(house, servers)
            eventually(lambda: len(workers(fleet)) == 2, 20)
            publish(house.api, "plain", PLAIN, COLOR)
            publish(house.api, "work", work_graph(), WORK_PICKS)
            yield fleet
        finally:
            house.close()


def workers(fleet: Fleet) -> list[dict[str, Any]]:
    """Those that could take runs."""
    told = fleet.api.get(f"{V1}/fleet").json["workers"]
    return [one for one in told if one["state"] in ("idle", "busy")]


class Orphan(NamedTuple):
    run: dict[str, Any]
    machine: int  # whose worker was killed
    at: float  # seconds, of the monotonic clock


@pytest.fixture(scope="module")
def orphan(fleet: Fleet) -> Orphan:
    """A run whose worker is killed. The worker comes back under another name, so that the run is nobody's."""
    run = fleet.submit("work", {"seconds": 2, "seed": 1})
    eventually(fleet.executing, 10)
    machine = fleet.executing()[0]
    fleet.house.workers[machine].kill()
    killed = time.monotonic()
    fleet.house.replace_worker(machine, fleet.servers[machine].url)
    fleet.house.workers[machine].launch()
    return Orphan(run, machine, killed)


def test_a_worker_dies_while_it_has_a_run(fleet: Fleet, orphan: Orphan):
    assert fleet.get(orphan.run)["status"] in ("queued", "running")
    fleet.house.workers[orphan.machine].wait()


def test_one_call_gives_a_picture(fleet: Fleet):
    run = fleet.made("plain", {"color": 0x336699})
    (item,) = run["outputs"]
    answer = fleet.api.get(item["url"])
    assert item["content_type"] == "image/png" and item["size_bytes"] == len(answer.body)
    assert fleet.picture(run).getpixel((3, 3)) == (0x33, 0x66, 0x99)
    part = fleet.api.request("GET", item["url"], headers={"Range": "bytes=1-3"})
    assert part.status == 206 and part.body == b"PNG"
    same = fleet.api.request("GET", item["url"], headers={"If-None-Match": answer.headers["ETag"]})
    assert same.status == 304


def test_its_events_come_from_another_machine(fleet: Fleet):
    run = fleet.submit("work", {"seconds": 0.3, "seed": 2})
    told: list[tuple[str, dict[str, Any]]] = []
    with direct.open(urllib.request.Request(fleet.house.url + run["urls"]["events"]), timeout=20) as stream:
        name = ""
        for line in stream:
            name = line.decode().strip().removeprefix("event: ") if line.startswith(b"event: ") else name
            if line.startswith(b"data: "):
                told.append((name, json.loads(line[6:])))
    assert told[-1][0] == "completed" and told[-1][1]["status"] == "succeeded"
    assert {"status", "progress", "output", "completed"} <= {name for name, _ in told}
    assert any(data.get("current_node") == "Kettle" for name, data in told if name == "progress")


def test_a_file_of_the_caller_reaches_the_machine(fleet: Fleet):
    graph = {"1": node("LoadImage", image="x.png"), "2": node("SaveImage", images=["1", 0], filename_prefix="x")}
    publish(fleet.api, "pictured", graph, [{"node_id": "1", "widget": "image", "name": "picture"}])
    content, boundary = picture(color=(10, 200, 30)), "b0undary"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n'
    body = f"{head}Content-Type: image/png\r\n\r\n".encode() + content + f"\r\n--{boundary}--\r\n".encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    kept = fleet.api.request("POST", f"{V1}/files", body, kind)
    assert kept.status == 201, kept.body
    run = fleet.made("pictured", {"picture": kept.json["url"]})
    assert fleet.picture(run).getpixel((2, 2)) == (10, 200, 30)


def test_cancel_stops_it_within_a_second(fleet: Fleet, orphan: Orphan):
    eventually(lambda: not fleet.executing(), 10)  # what the dead worker had begun
    run = fleet.submit("work", {"seconds": 60, "seed": 3})
    eventually(fleet.executing, 10)
    assert fleet.api.post(run["urls"]["cancel"], {}).status == 200
    assert eventually(lambda: not fleet.executing(), 5) < 1
    eventually(lambda: fleet.get(run)["status"] in DONE, 5)
    assert fleet.get(run)["status"] == "canceled"


@pytest.mark.parametrize("owner", ["A", "B"])
def test_a_run_goes_where_its_nodes_are(fleet: Fleet, owner: str):
    graph = {**PLAIN, "3": node(f"FleetOwn{owner}", image=["1", 0])}
    graph["2"] = node("SaveImage", images=["3", 0], filename_prefix="x")
    publish(fleet.api, f"own-{owner.lower()}", graph, COLOR)
    machine = "AB".index(owner)
    before = fleet.executed(machine)
    for number in range(3):
        fleet.made(f"own-{owner.lower()}", {"color": number})
    assert fleet.executed(machine) == before + 3


def test_a_run_goes_where_its_model_is(fleet: Fleet):
    graph = {**PLAIN, "3": node("FleetModel", image=["1", 0], model="common.safetensors")}
    graph["2"] = node("SaveImage", images=["3", 0], filename_prefix="x")
    publish(fleet.api, "modelled", graph, [*COLOR, {"node_id": "3", "widget": "model"}])
    for number, machine in enumerate((0, 1, 1, 0)):
        before = fleet.executed(machine)
        fleet.made("modelled", {"color": 100 + number, "model": f"{'AB'[machine]}.safetensors"})
        assert fleet.executed(machine) == before + 1
    refused = fleet.api.post(f"{V1}/apps/modelled/runs", {"input": {"model": "C.safetensors"}})
    assert refused.status == 422 and "C.safetensors" in refused.json["error"]["message"]


def test_what_no_single_machine_has_is_refused_with_its_names(fleet: Fleet):
    graph = {**PLAIN, "3": node("FleetOwnA", image=["1", 0]), "4": node("FleetOwnB", image=["3", 0])}
    graph["2"] = node("SaveImage", images=["4", 0], filename_prefix="x")
    publish(fleet.api, "impossible", graph, COLOR)
    refused = fleet.api.post(f"{V1}/apps/impossible/runs", {"input": {"color": 1}})
    assert refused.status == 422 and refused.json["error"]["code"] == "missing_model"
    assert "FleetOwnA" in refused.json["error"]["message"] and "FleetOwnB" in refused.json["error"]["message"]


def test_the_run_of_the_dead_worker_ended_elsewhere(fleet: Fleet, orphan: Orphan):
    eventually(lambda: fleet.get(orphan.run)["status"] in DONE, orphan.at + 40 - time.monotonic())
    run = fleet.get(orphan.run)
    assert run["status"] == "succeeded" and len(run["outputs"]) == 1
    assert fleet.picture(run).size == (16, 16)
