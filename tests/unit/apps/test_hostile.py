"""What hostile callers send: it is refused in one sentence, changes nothing, and holds up nobody else."""

import asyncio
import base64
import io
import json
import threading
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import make_mocked_request

from lectern.apps.callers import GUEST, HOUSEHOLD
from lectern.apps.files import keeper
from lectern.apps.files.keeper import DECODED_AT_ONCE
from lectern.apps.publishing.converting import MOST_NODES
from lectern.apps.publishing.proposals import proposal_view
from lectern.apps.running.progress import Track, advance
from lectern.apps.surface.monitoring import MonitoringHandlers
from lectern.apps.surface.routes import here
from lectern.apps.webhooks.delivery import new_delivery
from lectern.apps.webhooks.records import DeliveryState
from lectern.settings import Apps, Settings
from unit.apps.conftest import V1
from unit.apps.media import picture
from unit.apps.samples import GRAPH, OBJECT_INFO

HOOK = "https://hook.example/x"


def form(**fields: str) -> aiohttp.MultipartWriter:
    with aiohttp.MultipartWriter("form-data") as writer:
        for name, value in fields.items():
            writer.append(value).set_content_disposition("form-data", name=name)
    return writer


async def raw(port: int | None, request: bytes) -> bytes:
    """Everything that the server sends until it closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(-1), 10)
    finally:
        writer.close()


@pytest.mark.parametrize(
    "fields, status",
    [
        pytest.param({"_metadata": '{"a": "\\ud800"}'}, 422, id="half of a pair in metadata"),
        pytest.param({"_metadata": '{"a": "\\u0000"}'}, 422, id="NUL in metadata"),
        pytest.param({"text": "a\0b"}, 400, id="NUL in an input"),
    ],
)
async def test_a_form_may_not_hold_what_cannot_be_stored(world, fields, status):
    world.settings = lambda: Settings(apps=Apps(webhook_hosts=["hook.example"]))
    answer = await world.post("/apps/tiny/runs", data=form(width="64", _webhook=HOOK, **fields))
    assert answer.status == status
    _, run = await world.submit("wait=5")
    assert run["status"] == "succeeded"


def test_an_event_can_always_be_stored_with_its_run():
    assert new_delivery("r", "completed", HOOK, {"a": "\ud800é"}, 0).payload == '{"a": "?é"}'


@pytest.mark.parametrize("part", ["events", "outputs.zip"])
async def test_the_answer_to_head_has_no_body(world, part):
    """A body would be read as the next answer on the same connection, and its content is a caller's own."""
    _, run = await world.submit("wait=5")
    path = f"{V1}/runs/{run['id']}/{part}".encode()
    after = b"GET /lectern/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    heads = (await raw(world.client.port, b"HEAD " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n" + after)).split(b"\r\n\r\n")
    assert [head.split(b"\r\n")[0] for head in heads[:2]] == [b"HTTP/1.1 200 OK"] * 2
    assert heads[2] == b'{"status": "ok"}'


async def test_a_host_that_is_none(world):
    sent = b"GET /lectern/v1/openapi.json HTTP/1.1\r\nHost: [\r\nConnection: close\r\n\r\n"
    assert (await raw(world.client.port, sent)).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "body, status",
    [
        pytest.param(json.dumps({"prompt": GRAPH}).replace("0.5", "1e999"), 400, id="a number no JSON can hold"),
        pytest.param(json.dumps({"prompt": GRAPH, "picture": "data:image/png;base64,é"}), 422, id="a picture of é"),
    ],
)
async def test_what_cannot_be_published(world, body, status):
    answer = await world.client.put(f"{V1}/apps/x", data=body, headers={"Content-Type": "application/json"})
    assert answer.status == status
    assert (await world.get("/apps/x")).status == 404


async def test_a_password_of_other_characters(house):
    assert await house.status("GET", "/of/run", {"Authorization": "Basic é"}) == 401


@pytest.fixture
async def loader(world, comfy):
    """An app that takes one picture, of at most 1 MB."""
    comfy.object_info["LoadImage"] = {"input": {"required": {"image": [["a.png"], {"image_upload": True}]}}}
    graph = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "a.png"}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
    }
    inputs = [{"node_id": "1", "widget": "image"}]
    body = {"prompt": graph, "inputs": inputs, "options": {"max_mb": 1}}
    assert (await world.client.put(f"{V1}/apps/loader", json=body)).status == 201
    return world


async def large_by_url(world, content):
    kept = await (await world.post("/files", data=io.BytesIO(content), headers={"Content-Type": "image/png"})).json()
    return {"json": {"input": {"image": kept["url"]}}}


async def large_by_data_url(world, content):
    url = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    body = io.BytesIO(json.dumps({"input": {"image": url}}).encode())
    return {"data": body, "headers": {"Content-Type": "application/json"}}


async def large_by_form(world, content):
    data = aiohttp.FormData()
    data.add_field("image", io.BytesIO(content), filename="a.png", content_type="image/png")
    return {"data": data}


@pytest.mark.parametrize("way, status", [(large_by_url, 422), (large_by_data_url, 422), (large_by_form, 413)])
async def test_an_apps_own_limit_holds_however_a_file_comes(loader, way, status):
    small, large = picture(), picture() + b"\0" * 1_100_000
    assert (await loader.post("/apps/loader/runs", **await way(loader, small))).status == 201
    answer = await loader.post("/apps/loader/runs", **await way(loader, large))
    assert (answer.status, "1 MB" in await answer.text()) == (status, True)


@pytest.fixture
def synced(world, monkeypatch):
    """How often somebody waited for the disk since it was asked last."""
    times = 0
    durable = world.service._storage.durable

    async def counted() -> None:
        nonlocal times
        times += 1
        await durable()

    def asked() -> int:
        nonlocal times
        seen, times = times, 0
        return seen

    monkeypatch.setattr(world.service._storage, "durable", counted)
    return asked


async def test_no_2xx_before_the_disk_has_what_it_promises(world, comfy, synced):
    async def synced_by(method: str, path: str, **options: Any) -> bool:
        synced()
        answer = await world.client.request(method, V1 + path, **options)
        assert answer.status < 300
        return synced() > 0

    once = {"json": {"input": {"width": 64}}, "headers": {"Idempotency-Key": "k"}}
    assert await synced_by("POST", "/apps/tiny/runs", **once)
    assert await synced_by("POST", "/apps/tiny/runs", **once)
    run = (await (await world.get("/runs")).json())["runs"][0]["id"]
    assert await synced_by("POST", f"/runs/{run}/cancel")
    await world.ended(run)
    assert await synced_by("DELETE", f"/runs/{run}")
    assert await synced_by("POST", "/files", data=picture(), headers={"Content-Type": "image/png"})


async def test_a_key_and_its_end_are_on_the_disk(house, monkeypatch):
    done: list[str] = []
    durable = house.storage.durable

    async def noted() -> None:
        done.append("synced")
        await durable()

    monkeypatch.setattr(house.storage, "durable", noted)
    key = await house.key()
    await house.gate.keys.revoke(key.key.id)
    assert done == ["synced", "synced"]


def bulky(slots: int, hosts: int, links: int, picks: int, definitions: int = 1) -> dict[str, Any]:
    """A workflow of a few megabytes that says far more by repetition."""
    linked = [{"id": n, "origin_id": -10, "target_id": 1, "target_slot": 0} for n in range(links)]
    subgraph = {
        "id": "s",
        "nodes": [{"id": 1, "type": "X", "inputs": [{"name": "a"}]}],
        "inputs": [{"name": f"w{n}", "linkIds": list(range(links))} for n in range(slots)],
        "links": linked,
    }
    chain = [{"id": f"d{n}", "nodes": [{"id": 1, "type": f"d{n + 1}"}]} for n in range(definitions - 1)]
    return {
        "nodes": [{"id": n, "type": "s"} for n in range(hosts)],
        "definitions": {"subgraphs": [subgraph, *chain]},
        "extra": {"linearData": {"inputs": [["1", "a"], ["gone", "a"]] * (picks // 2)}},
    }


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "workflow",
    [
        pytest.param(bulky(slots=3000, hosts=2000, links=1, picks=2), id="widgets"),
        pytest.param(bulky(slots=300, hosts=2000, links=300, picks=2), id="links"),
        pytest.param(bulky(slots=3, hosts=2000, links=1, picks=100_000), id="picks"),
        pytest.param(bulky(slots=3, hosts=2, links=1, picks=2, definitions=20_000), id="a chain of subgraphs"),
    ],
)
def test_a_workflow_cannot_hold_up_the_service(workflow):
    assert proposal_view(GRAPH, OBJECT_INFO, workflow)["stale"]


@pytest.mark.timeout(30)
def test_a_graph_of_many_links_cannot_either():
    links = {f"i{n}": ["0", 0] for n in range(100)}
    graph = {str(n): {"class_type": "Noise", "inputs": {"text": "a", **links}} for n in range(MOST_NODES)}
    assert proposal_view(graph, OBJECT_INFO, None)["inputs"]


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize(
    "body, status",
    [
        pytest.param(json.dumps({"prompt": GRAPH}).replace("0.5", nested(300)), 400, id="nested"),
        pytest.param(json.dumps({"prompt": {str(n): GRAPH["1"] for n in range(MOST_NODES + 1)}}), 422, id="too many"),
    ],
)
async def test_a_graph_that_could_not_run_is_not_published(world, body, status):
    for method, path in (("PUT", "/apps/x"), ("POST", "/propose")):
        headers = {"Content-Type": "application/json"}
        answer = await world.client.request(method, V1 + path, data=io.BytesIO(body.encode()), headers=headers)
        assert answer.status == status
    assert (await world.get("/apps/x")).status == 404


@pytest.mark.parametrize("levels", [101, 900, 960, 980, 990, 5000])
async def test_an_input_that_is_nested_is_no_fault(world, levels):
    body = '{"input": {"width": ' + nested(levels) + "}}"
    answer = await world.post("/apps/tiny/runs", data=body, headers={"Content-Type": "application/json"})
    assert answer.status == 400


@pytest.mark.parametrize("value", ["Infinity", "NaN", "-1e999"])
def test_progress_of_a_node_that_cannot_count(value):
    nodes = {"1": {"state": "running", "value": json.loads(value), "max": 10}}
    seen = advance(Track(GRAPH), "progress_state", {"nodes": nodes}).view()
    assert (seen.current_node, seen.value, seen.step) == ("Canvas", 0, 0)


async def test_strangers_learn_whether_it_works_but_not_why_not(world):
    world.settings = lambda: Settings(apps=Apps(queued=1))
    monitoring, asked = MonitoringHandlers(world.service, here), make_mocked_request("GET", "/lectern/ready")
    await world.comfy.stop()
    told = [json.loads((await monitoring.ready(asked, caller)).text) for caller in (GUEST, HOUSEHOLD)]
    assert [one["ready"] for one in told] == [False, False]
    assert told[0]["reasons"] == [] and told[1]["reasons"]


async def test_few_pictures_are_decoded_at_once(world, monkeypatch):
    now = most = 0
    lock = threading.Lock()
    both = threading.Barrier(DECODED_AT_ONCE, timeout=10)

    def decode(*_: object) -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        both.wait()
        with lock:
            now -= 1

    monkeypatch.setattr(keeper, "check_picture", decode)
    files = [picture(size=(8 + n, 8)) for n in range(3 * DECODED_AT_ONCE)]
    kept = await asyncio.gather(
        *(world.post("/files", data=one, headers={"Content-Type": "image/png"}) for one in files)
    )
    assert {answer.status for answer in kept} == {201} and most == DECODED_AT_ONCE


async def test_a_run_that_is_deleted_leaves_nothing_of_its_events(world):
    world.settings = lambda: Settings(apps=Apps(webhook_hosts=["hook.example"]))
    _, run = await world.submit("wait=5", webhook=HOOK, webhook_events_filter=["start", "completed"])
    storage = world.service._storage

    def settle(store: Any) -> None:
        first = store.deliveries.due(2**60, ())[0]
        store.deliveries.settle(first.id, DeliveryState.DELIVERED, 1, 200)

    await world.service.webhooks.stop()  # which would go on trying
    await storage.call(settle)
    assert (await world.client.delete(f"{V1}/runs/{run['id']}")).status == 204
    left = await storage.call(lambda store: store.deliveries.of_run(run["id"]))
    assert [event for event, *_ in left] == ["completed"]
