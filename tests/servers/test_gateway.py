"""A gateway: runs go to workers by way of NATS, and callers see no difference to one ComfyUI."""

import asyncio
import io
import json
import logging
import shutil

from lectern.apps.fleet import outbox, topology
from lectern.apps.fleet.messages import Kind, Report, State
from lectern.apps.fleet.worker.kv import Values
from lectern.apps.runs import Result, RunStatus
from lectern.apps.store.runs import Bounds
from lectern.fleets import Fleet
from unit.apps.fake_comfy import FakeComfy, begin, complete, hold, land
from unit.apps.media import picture
from unit.apps.samples import GRAPH, workflow
from unit.apps.sse import Event, events
from unit.fleet.gateway_house import Town, a_new_run, engine_of, kinds_at, problem, until, workers_at
from unit.fleet.nats import NatsServer


async def test_a_run_is_executed_by_a_worker(town):
    gate = await town.gate()
    await town.worker()
    await town.ready(gate)
    status, run = await gate.submit(wait="wait=10")
    assert (status, run["status"], run["worker"]) == (200, "succeeded", "w1")
    (output,) = run["outputs"]
    answer = await gate.client.get(output["url"])
    assert await answer.read() == f"\x89PNG lectern/tiny/{run['id']}".encode("latin-1")


async def test_parts_of_an_output_and_the_word_that_it_is_the_same(town):
    gate = await town.gate()
    await town.worker()
    await town.ready(gate)
    _, run = await gate.submit(wait="wait=10")
    url = run["outputs"][0]["url"]
    whole = await gate.client.get(url)
    content = await whole.read()
    part = await gate.client.get(url, headers={"Range": "bytes=1-3"})
    assert (part.status, await part.read()) == (206, content[1:4])
    assert part.headers["Content-Range"] == f"bytes 1-3/{len(content)}"
    end = await gate.client.get(url, headers={"Range": "bytes=-5"})
    assert await end.read() == content[-5:]
    beyond = await gate.client.get(url, headers={"Range": f"bytes={len(content)}-"})
    assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{len(content)}")
    same = await gate.client.get(url, headers={"If-None-Match": whole.headers["ETag"]})
    assert same.status == 304


async def test_events_are_replayed_by_another_gateway(town):
    first, second = await town.gate(), await town.gate()
    comfy = await town.worker()
    comfy.script = hold
    await town.ready(second)
    _, run = await first.submit()
    prompt = await comfy.submitted.get()
    path = f"/runs/{run['id']}/events"
    response = await first.get(path)
    await begin(comfy, prompt)
    seen = (await events(response, until="progress"))[-1]
    await land(comfy, prompt)
    await comfy.end(prompt)
    told = await events(await second.get(path, headers={"Last-Event-ID": seen.id}))
    assert [event.name for event in told][-3:] == ["output", "status", "completed"]
    assert told[-1].data["status"] == "succeeded" and all(event.id.startswith("js-") for event in told)
    assert await events(await first.get(path, headers={"Last-Event-ID": told[0].id})) == told[1:]
    plain = await events(await first.get(path))
    assert [event.name for event in plain] == ["status", "output", "completed"]


async def test_a_listener_is_told_of_everything_as_it_happens(town):
    gate = await town.gate()
    comfy = await town.worker()
    comfy.script = hold
    await town.ready(gate)
    response = await gate.post(
        "/apps/tiny/runs", json={"input": {"width": 64}}, headers={"Accept": "text/event-stream"}
    )
    told: list[Event] = []
    listening = asyncio.create_task(events(response, into=told))
    prompt = await comfy.submitted.get()
    await begin(comfy, prompt)
    await until(lambda: gate.service.runs.streams)
    for _ in range(200):  # the worker has to hear first that somebody looks
        await comfy.preview(prompt, "2", b"\xff\xd8small")
        if any(event.name == "preview" for event in told):
            break
        await asyncio.sleep(0.05)
    await land(comfy, prompt)
    await comfy.end(prompt)
    await listening
    names = [event.name for event in told]
    assert names[0] == "status" and names[-1] == "completed" and {"progress", "preview", "output"} <= set(names)
    view = await gate.run(told[-1].data["id"])
    assert view["status"] == "succeeded"


async def test_a_running_run_shows_its_progress_at_every_gateway(town):
    first, second = await town.gate(), await town.gate()
    comfy = await town.worker()
    comfy.script = begin
    await town.ready(first)
    _, run = await first.submit()
    await comfy.submitted.get()

    async def moving():
        progress = (await second.run(run["id"]))["progress"]
        return progress and progress["step"] == 5

    await until(moving)


async def test_whoever_waits_at_another_gateway_is_answered(town):
    gates = [await town.gate() for _ in range(3)]
    comfy = await town.worker()
    comfy.script = hold
    await town.ready(gates[0])
    _, run = await gates[0].submit()
    waiting = [asyncio.create_task(gate.ended(run["id"])) for gate in gates]
    prompt = await comfy.submitted.get()
    await comfy.end(prompt)
    assert {view["status"] for view in await asyncio.gather(*waiting)} == {"succeeded"}


async def test_cancel_reaches_the_worker(town):
    gate = await town.gate()
    comfy = await town.worker()
    comfy.script = hold
    await town.ready(gate)
    _, run = await gate.submit()
    await comfy.submitted.get()
    async with asyncio.timeout(1):
        await gate.post(f"/runs/{run['id']}/cancel")
        await comfy.cancels.get()
        assert (await gate.ended(run["id"]))["status"] == "canceled"


async def test_a_cancel_waits_for_nats(town, hasty):
    gate = await town.gate()
    comfy = await town.worker()
    comfy.script = hold
    await town.ready(gate)
    _, run = await gate.submit()
    await comfy.submitted.get()

    async def running() -> bool:
        return (await gate.run(run["id"]))["status"] == "running"

    await until(running)
    await town.nats.kill()
    await until(lambda: problem(gate))
    assert (await (await gate.post(f"/runs/{run['id']}/cancel")).json())["status"] == "canceling"
    await town.nats.start()
    await comfy.cancels.get()
    assert (await gate.ended(run["id"]))["status"] == "canceled"


async def test_a_run_that_waits_is_canceled_at_once_and_never_executed(town):
    gate = await town.gate()
    comfy = await town.worker()
    comfy.script = hold
    await town.ready(gate)
    await gate.submit()
    prompt = await comfy.submitted.get()
    _, second = await gate.submit()
    answer = await gate.post(f"/runs/{second['id']}/cancel")
    assert (await answer.json())["status"] == "canceled"
    await comfy.end(prompt)
    _, third = await gate.submit()
    await comfy.end(await comfy.submitted.get())
    assert (await gate.ended(third["id"]))["status"] == "succeeded" and comfy.submitted.empty()


async def test_a_run_that_was_stored_and_not_published_is_found(town, monkeypatch):
    monkeypatch.setattr(outbox, "SETTLE_MS", -1)
    gate = await town.gate()
    await town.worker()
    await town.ready(gate)
    await gate.close()
    town.gates.remove(gate)
    new = a_new_run()
    await town.storage.call(lambda store: store.runs.insert(new, Bounds(10)))
    later = await town.gate()
    assert (await later.ended(new.id))["status"] == "succeeded"


async def test_a_run_that_the_one_comfyui_had_before_there_was_a_fleet_is_executed_by_it(town, monkeypatch):
    monkeypatch.setattr(outbox, "STRANDED_MS", -1)
    await town.worker()
    new = a_new_run()
    placed = await town.storage.call(lambda store: store.runs.insert(new, Bounds(10)))
    await town.storage.call(lambda store: store.runs.take(placed.run, "p", 1))
    gate = await town.gate()
    assert (await gate.ended(new.id))["status"] == "succeeded"


async def test_an_end_whose_report_was_lost_is_read_from_the_runs_state(town):
    first = await town.gate()
    await until(lambda: not problem(first))
    new = a_new_run()
    await town.storage.call(lambda store: store.runs.insert(new, Bounds(10)))
    await town.storage.call(lambda store: store.fleet.place([(new.id, 5)]))
    report = Report(Kind.ENDED, new.id, "w9", 1, 0, 2, 1, "p", Result(RunStatus.SUCCEEDED))
    state = State("w9", 1, 0, ended=True, report=report.dump().decode())
    await Values(engine_of(first)._link, topology.STATES).put(new.id, state.dump())
    second = await town.gate()
    assert (await second.ended(new.id))["worker"] == "w9"


async def test_runs_wait_while_nats_is_away(town, monkeypatch, hasty):
    monkeypatch.setattr(outbox, "SETTLE_MS", -1)
    gate = await town.gate()
    await town.worker()
    await town.ready(gate)
    await town.nats.kill()
    await until(lambda: problem(gate))
    status, run = await gate.submit()
    assert (status, run["status"]) == (201, "queued")
    answer = await gate.client.get("/lectern/ready")
    assert answer.status == 503 and "NATS" in (await answer.json())["reasons"][0]
    await town.nats.start()
    assert (await gate.ended(run["id"]))["status"] == "succeeded"


async def test_a_nats_that_lost_its_disk_loses_no_run(town, monkeypatch, hasty):
    monkeypatch.setattr(outbox, "SETTLE_MS", -1)
    gate = await town.gate()
    comfy = await town.worker()
    comfy.script = hold
    await town.ready(gate)
    runs = [(await gate.submit())[1]["id"] for _ in range(3)]
    prompt = await comfy.submitted.get()

    async def placed() -> bool:
        return len(await town.storage.call(lambda store: store.fleet.placed(0, 10))) == 3

    await until(placed)
    await town.nats.kill()
    shutil.rmtree(town.nats.store)
    await town.nats.start()
    comfy.script = complete
    if prompt in comfy.running:  # on a busy machine NATS is away so long that the worker lets go of it
        await comfy.end(prompt)
    for run in runs:
        assert (await gate.ended(run))["status"] == "succeeded"


async def test_a_run_that_no_worker_could_execute_is_refused_with_what_each_lacks(town):
    gate = await town.gate()
    for name, gone in (("one", "Noise"), ("two", "EmptyImage")):
        comfy = FakeComfy()
        del comfy.object_info[gone]
        await town.worker(name, comfy)
    await until(lambda: kinds_at(gate) == 2)
    status, answer = await gate.submit()
    assert (status, answer["error"]["code"]) == (422, "missing_model")
    assert "one lacks Noise; two lacks EmptyImage" in answer["error"]["message"]


async def test_a_fleet_without_workers_takes_runs_and_says_that_it_is_not_ready(town):
    gate = await town.gate()
    await until(lambda: not problem(gate))
    assert "no worker" in (await (await gate.client.get("/lectern/ready")).json())["reasons"][0].lower()
    status, answer = await gate.submit()
    assert (status, answer["error"]["code"]) == (503, "not_ready")
    comfy = await town.worker()
    await town.ready(gate)
    await town.dismiss("w1")
    await until(lambda: not workers_at(gate))
    status, run = await gate.submit()
    assert status == 201
    answer = await gate.client.get("/lectern/ready")
    assert (answer.status, (await answer.json())["reasons"]) == (
        503,
        ["There is no worker; start one beside a ComfyUI."],
    )
    await town.worker("w2", comfy)
    assert (await gate.ended(run["id"]))["worker"] == "w2"


async def test_what_a_deleted_run_left_on_nats_is_gone(town):
    gate = await town.gate()
    await town.worker()
    await town.ready(gate)
    _, run = await gate.submit(wait="wait=10")
    name = f"{run['id']}.0.0"
    assert await engine_of(gate)._outputs._shelf.version(name) is not None
    assert (await gate.client.delete(f"/lectern/v1/runs/{run['id']}")).status == 204
    assert await engine_of(gate)._outputs._shelf.version(name) is None
    state = await Values(engine_of(gate)._link, topology.STATES).read(run["id"])
    assert state is not None and not state.value


async def test_wrong_credentials_are_told_once_and_corrected_ones_are_used_at_once(tmp_path, town, caplog):
    await town.nats.stop()
    town.nats = NatsServer(tmp_path, "--user", "lectern", "--pass", "right", port=town.nats.port)
    await town.nats.start()
    secret = tmp_path / "password"
    secret.write_text("wrong-one")
    town.fleet = Fleet(nats=[town.nats.url], user="lectern", password_file=secret)
    with caplog.at_level(logging.INFO):
        gate = await town.gate()
        await until(lambda: "refuses" in problem(gate))
        answer = await (await gate.client.get("/lectern/ready")).json()
        assert not answer["ready"] and any("refuses the credentials" in reason for reason in answer["reasons"])
        secret.write_text("right")
        await until(lambda: not problem(gate))
    told = [record.message for record in caplog.records if "refuses" in record.message]
    assert len(told) == 1 and "wrong-one" not in caplog.text


async def test_a_nats_that_is_not_there_is_told_when_it_starts_and_when_it_goes(town, caplog):
    def told(words: str) -> int:
        return sum(words in record.message for record in caplog.records)

    await town.nats.stop()
    with caplog.at_level(logging.INFO):
        gate = await town.gate()
        await until(lambda: "no server answers" in problem(gate))
        assert told("no server answers") == 1
        await town.nats.start()
        await until(lambda: told("NATS answers.") == 1)
        await town.nats.stop()
        await until(lambda: told("does not answer any more") == 1)
        await town.nats.start()
        await until(lambda: told("NATS answers.") == 2)


async def test_the_fleet_at_a_glance(town, hasty):
    gate = await town.gate("gate-1")
    comfy = await town.worker()
    comfy.script = hold
    await town.ready(gate)
    _, run = await gate.submit()
    await comfy.submitted.get()
    await gate.submit()

    async def seen():
        fleet = await (await gate.get("/fleet")).json()
        return fleet if fleet["workers"][0]["run"] == run["id"] else None

    fleet = await until(seen)
    assert fleet["workers"][0] | {"since": None} == fleet["workers"][0] | {
        "name": "w1",
        "state": "busy",
        "run": run["id"],
        "app": "tiny",
        "since": None,
    }
    assert [one["name"] for one in fleet["gateways"]] == ["gate-1"]
    assert fleet["queues"] == [{"priority": "interactive", "runs": 2}, {"priority": "batch", "runs": 0}]
    assert "127.0.0.1" not in json.dumps(fleet)
    text = await (await gate.client.get("/lectern/metrics")).text()
    assert 'lectern_fleet_queue_depth{priority="interactive"} 2.0' in text
    assert 'lectern_fleet_workers{state="busy"} 1.0' in text
    for name in ("oldest_seconds", "dead_letters", "redeliveries_total", "nats_connected"):
        assert f"lectern_fleet_{name} " in text


async def test_files_of_callers_reach_the_worker(town):
    graph = GRAPH | {"5": {"class_type": "LoadImage", "inputs": {"image": "own.png"}}}
    picks = [["aaaa:1:width", "width"], ["5", "image"]]
    (town.folder / "workflows" / "tiny.json").write_text(json.dumps(workflow(picks)))
    (town.folder / "workflows" / "api" / "tiny.json").write_text(json.dumps(graph))
    gate = await town.gate()
    comfy = FakeComfy()
    comfy.object_info["LoadImage"] = {"input": {"required": {"image": [["own.png"], {"image_upload": True}]}}}
    await town.worker(comfy=comfy)
    await town.ready(gate)
    content = picture()
    kept = await (await gate.post("/files", data={"file": io.BytesIO(content)})).json()
    status, run = await gate.submit(wait="wait=10", input={"width": 64, "image": kept["url"]})
    assert (status, run["status"]) == (200, "succeeded")
    assert content in comfy.files.values()


async def test_gateways_of_two_stores_share_nats_and_workers_and_hear_of_their_own_runs_alone(town, tmp_path):
    other = Town(tmp_path / "other", town.nats)
    try:
        comfy = await town.worker()
        comfy.script = complete
        gates = [await town.gate(), await other.gate()]
        for gate in gates:
            await town.ready(gate)
        for _ in range(4):
            for gate in gates:
                status, run = await gate.submit("wait=5")
                assert (status, run["status"], run["worker"]) == (200, "succeeded", "w1")
        assert await engine_of(gates[0])._reporting.pending() == 0
    finally:
        await other.stop()
