"""Runs over a fake ComfyUI: what happens to each of them, whatever goes wrong."""

import asyncio
from typing import cast

import pytest

from lectern.apps.comfy import ComfyClient
from lectern.apps.running.attempt import Attempt, Watcher
from lectern.apps.running.wire import Wire
from unit.apps import fake_comfy


async def test_a_waited_run_gives_its_pictures(world, comfy):
    status, run = await world.submit("wait=5", metadata={"job": "7"})
    assert status == 200
    assert run["status"] == "succeeded"
    assert (run["app"], run["version"], run["error"], run["metadata"]) == ("tiny", 1, None, {"job": "7"})
    assert run["input"] == {"text": "secret prompt", "strength": 0.5, "seed": 7, "width": 64}
    (picture,) = run["outputs"]
    assert picture == {
        "output": "picture",
        "url": f"/lectern/v1/runs/{run['id']}/outputs/0",
        "content_type": "image/png",
        "name": "deck_00001_.png",
        "size_bytes": len(b"\x89PNG lectern/tiny/") + 36,
        "node_id": "3",
        "take": 0,
    }
    assert run["output"] == {"picture": [{k: v for k, v in picture.items() if k != "output"}]}
    assert (run["metrics"]["execution_ms"], run["metrics"]["cached_nodes"]) == (250, 1)
    assert run["progress"] is None
    assert run["queue_position"] is None
    assert run["created_at"] <= run["started_at"] <= run["completed_at"]
    assert run["created_at"].endswith("Z")
    answer = await world.client.get(picture["url"])
    assert await answer.read() == b"\x89PNG lectern/tiny/" + run["id"].encode()


async def test_inputs_reach_the_graph_and_a_random_seed_is_told(world, comfy):
    _, run = await world.submit("wait=5", input={"width": 32, "seed": "random", "text": "hi"})
    prompt_id = await comfy.submitted.get()
    graph = comfy.history[prompt_id]["prompt"][2]
    assert graph["1"]["inputs"]["width"] == 32
    assert graph["2"]["inputs"]["text"] == "hi"
    assert graph["2"]["inputs"]["noise_seed"] == run["input"]["seed"] != "random"
    assert graph["3"]["inputs"]["filename_prefix"] == f"lectern/tiny/{run['id']}/deck"


async def test_a_run_that_is_not_waited_for_is_queued(world, comfy):
    comfy.script = fake_comfy.hold
    status, first = await world.submit()
    assert (status, first["status"], first["queue_position"], first["progress"]) == (201, "queued", 1, None)
    await comfy.submitted.get()
    _, second = await world.submit()
    _, third = await world.submit()
    assert (second["queue_position"], third["queue_position"]) == (1, 2)
    assert (await world.run(first["id"]))["status"] == "running"


async def test_a_wait_that_elapses_answers_202_with_progress(world, comfy):
    reached = asyncio.Event()

    async def half(fake, prompt_id):
        await fake_comfy.begin(fake, prompt_id)
        reached.set()

    comfy.script = half
    status, run = await world.submit("wait=0")
    assert status == 202
    assert run["status"] in ("queued", "running")
    await reached.wait()
    await _until(lambda: world.service.runs._engine._dispatcher.progress(run["id"]).step == 5)
    progress = (await world.run(run["id"]))["progress"]
    assert progress == {
        "value": 0.5,
        "nodes_done": 1,
        "nodes_total": 3,
        "current_node": "Grain",
        "step": 5,
        "steps": 10,
        "message": "Grain: step 5 of 10",
        "take": 0,
    }


@pytest.mark.parametrize("script", [fake_comfy.end_silently, fake_comfy.end_without_socket])
async def test_a_lost_event_or_websocket_does_not_hang_a_run(world, comfy, script):
    comfy.script = script
    status, run = await world.submit("wait=5")
    assert (status, run["status"], len(run["outputs"])) == (200, "succeeded", 1)


async def test_comfyui_without_a_websocket_still_runs(world, comfy):
    comfy.websockets = False
    _, run = await world.submit("wait=5")
    assert run["status"] == "succeeded"


async def test_ended_is_not_succeeded(world, comfy):
    """The event "executing: null" comes after failures too; only the history tells."""
    comfy.script = fake_comfy.fail
    status, run = await world.submit("wait=5")
    assert (status, run["status"], run["outputs"]) == (200, "failed", [])
    assert run["error"] == {
        "code": "node_execution_error",
        "message": 'Node "Grain" failed: no grain',
        "node_id": "2",
        "class_type": "Noise",
        "title": "Grain",
    }


async def test_a_refused_workflow_fails_with_comfyuis_reason(world, comfy):
    errors = [{"message": "Value not in list", "details": "mode: 'x'", "extra_info": {"input_name": "mode"}}]
    nodes = {"2": {"errors": errors, "dependent_outputs": ["3"], "class_type": "Noise"}}
    comfy.prompt_answer = (400, {"error": {"message": "Prompt outputs failed validation"}, "node_errors": nodes})
    status, run = await world.submit("wait=5")
    assert (status, run["status"], run["error"]["code"]) == (200, "failed", "invalid_workflow")
    assert run["error"]["message"] == """Node "Grain", input "mode": Value not in list (mode: 'x')."""


async def test_a_server_error_of_comfyui_is_not_hidden(world, comfy):
    comfy.prompt_answer = (500, None)
    _, run = await world.submit("wait=5")
    assert (run["status"], run["error"]["code"]) == ("failed", "not_ready")
    assert "HTTP 500" in run["error"]["message"]


async def test_a_partial_rejection_that_loses_an_output_fails_and_is_stopped(world, comfy):
    comfy.script = fake_comfy.hold
    comfy.node_errors = {"3": {"errors": [{"message": "Bad"}], "dependent_outputs": ["3"], "class_type": "SaveImage"}}
    _, run = await world.submit("wait=5")
    assert (run["status"], run["error"]["code"]) == ("failed", "invalid_workflow")
    assert await comfy.cancels.get() == await comfy.submitted.get()


async def test_a_partial_rejection_of_something_else_does_not_matter(world, comfy):
    comfy.node_errors = {"9": {"errors": [{"message": "Bad"}], "dependent_outputs": ["9"], "class_type": "PreviewAny"}}
    _, run = await world.submit("wait=5")
    assert run["status"] == "succeeded"


async def test_cancel_of_a_queued_run_ends_it_at_once(world, comfy):
    comfy.script = fake_comfy.hold
    await world.submit()
    await comfy.submitted.get()
    _, queued = await world.submit()
    for _ in range(2):  # idempotent
        answer = await world.post(f"/runs/{queued['id']}/cancel")
        run = await answer.json()
        assert (answer.status, run["status"], run["error"], run["started_at"]) == (200, "canceled", None, None)
        assert run["completed_at"] is not None


@pytest.mark.parametrize("script", [fake_comfy.begin, fake_comfy.queue, fake_comfy.hold])
async def test_cancel_of_a_running_run_stops_it_in_comfyui(world, comfy, script):
    comfy.script = script
    _, run = await world.submit()
    prompt_id = await comfy.submitted.get()
    answer = await (await world.post(f"/runs/{run['id']}/cancel")).json()
    assert answer["status"] in ("canceling", "canceled")
    run = await world.ended(run["id"])
    assert (run["status"], run["error"]) == ("canceled", None)
    assert await comfy.cancels.get() == prompt_id


async def test_a_canceled_run_makes_room_for_the_next(world, comfy):
    comfy.script = fake_comfy.hold
    _, first = await world.submit()
    await comfy.submitted.get()
    _, second = await world.submit()
    comfy.script = fake_comfy.complete
    await world.post(f"/runs/{first['id']}/cancel")
    assert (await world.ended(second["id"]))["status"] == "succeeded"


async def test_a_run_interrupted_or_dequeued_in_comfyui_is_canceled_and_says_so(world, comfy):
    comfy.script = fake_comfy.hold
    _, run = await world.submit()
    await comfy.end(await comfy.submitted.get(), "execution_interrupted", node_id="2")
    run = await world.ended(run["id"])
    assert (run["status"], run["error"]["code"]) == ("canceled", "canceled")
    comfy.script = fake_comfy.queue
    _, run = await world.submit()
    prompt_id = await comfy.submitted.get()
    await _until(lambda: prompt_id in comfy.pending)
    del comfy.pending[prompt_id]
    run = await world.ended(run["id"])
    assert (run["status"], run["error"]["message"]) == ("canceled", "The run was removed from ComfyUI's queue.")


async def test_a_run_waits_while_comfyui_is_away(world, comfy):
    await world.submit("wait=5")
    await comfy.submitted.get()
    url = comfy.url()
    await world.get("/apps/tiny")  # the node classes are still known for a moment
    await comfy.stop()
    assert url == comfy.url()
    status, run = await world.submit("wait=0")
    assert status == 202
    await comfy.start(comfy.port)
    run = await world.ended(run["id"])
    assert run["status"] == "succeeded"


async def test_a_run_that_comfyui_lost_is_tried_once_more(world, comfy):
    comfy.script = fake_comfy.hold
    _, run = await world.submit()
    first = await comfy.submitted.get()
    comfy.script = fake_comfy.complete
    await comfy.restart()
    run = await world.ended(run["id"])
    assert run["status"] == "succeeded"
    assert await comfy.submitted.get() != first
    assert comfy.submitted.empty()


async def test_a_run_that_comfyui_lost_twice_fails(world, comfy):
    comfy.script = fake_comfy.hold
    _, run = await world.submit()
    for _ in range(2):
        await comfy.submitted.get()
        await comfy.restart()
    run = await world.ended(run["id"])
    assert (run["status"], run["error"]["code"]) == ("failed", "lost_on_restart")


async def test_queued_runs_go_on_after_a_restart(world, comfy):
    comfy.script = fake_comfy.hold
    ids = [(await world.submit())[1]["id"] for _ in range(3)]
    await comfy.submitted.get()
    comfy.script = fake_comfy.complete
    await comfy.restart()
    await world.restart()
    for run_id in ids:
        assert (await world.ended(run_id))["status"] == "succeeded"
    again = [await comfy.submitted.get() for _ in range(3)]
    assert [comfy.history[p]["prompt"][2]["3"]["inputs"]["filename_prefix"].split("/")[2] for p in again] == ids
    assert comfy.submitted.empty()


async def test_a_run_that_ended_while_nobody_looked_is_not_run_again(world, comfy):
    comfy.script = fake_comfy.hold
    _, run = await world.submit()
    prompt_id = await comfy.submitted.get()
    await world.stop()
    await comfy.end(prompt_id)
    await world.start()
    await world.service.resume()
    run = await world.ended(run["id"])
    assert (run["status"], len(run["outputs"])) == ("succeeded", 1)
    assert comfy.submitted.empty()


async def test_a_run_that_still_executes_elsewhere_is_followed(world, comfy):
    comfy.script = fake_comfy.hold
    _, run = await world.submit()
    prompt_id = await comfy.submitted.get()
    await world.restart()
    assert (await world.run(run["id"]))["status"] == "running"
    await comfy.end(prompt_id)
    assert (await world.ended(run["id"]))["status"] == "succeeded"
    assert comfy.submitted.empty()


async def test_a_cancel_that_a_restart_interrupted_is_completed(world, comfy):
    comfy.script = fake_comfy.hold
    _, run = await world.submit()
    await comfy.submitted.get()
    await world.service._storage.call(lambda store: store.runs.cancel(run["id"], 1))
    await comfy.restart()
    await world.restart()
    run = await world.ended(run["id"])
    assert (run["status"], run["error"]) == ("canceled", None)
    assert comfy.submitted.empty()


async def test_a_first_start_opens_and_writes_nothing(world, comfy):
    await world.service.resume()
    assert await (await world.get("/runs")).json() == {"runs": [], "next": None}
    assert not (world.folder / "private").exists()
    await world.submit("wait=5")
    assert (world.folder / "private" / "lectern.db").exists()


async def test_a_store_that_cannot_be_opened_does_not_stop_the_start(world, caplog):
    (world.folder / "private").mkdir()
    (world.folder / "private" / "lectern.db").write_bytes(b"not a database" * 100)
    await world.service.resume()
    assert "file is not a database" in caplog.text
    answer = await world.get("/runs")
    assert (answer.status, (await answer.json())["error"]["code"]) == (503, "not_ready")


async def test_inputs_are_in_no_log(world, comfy, caplog):
    caplog.set_level("DEBUG", "lectern")
    comfy.script = fake_comfy.fail
    await world.submit("wait=5", input={"width": 64, "text": "very private"})
    await world.submit("wait=5", input={"width": 640, "text": "very private"})
    assert "very private" not in caplog.text


async def _until(condition):
    """Polls a state that no event of ours announces; the suite's timeout bounds it."""
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.001)


class Unanswering:
    """A ComfyUI that takes connections and never says anything."""

    async def events(self, _prompt_id):
        return None

    async def cancel(self, _prompt_id):
        await asyncio.Event().wait()

    history = cancel


@pytest.mark.parametrize("turns", range(6))
@pytest.mark.parametrize("inside", [True, False])
async def test_stopping_works_in_the_very_turn_in_which_a_wait_ends(turns, inside):
    """asyncio.wait_for loses a cancellation there, in Python 3.11; the dispatcher would never stop."""
    client = cast(ComfyClient, Unanswering())
    attempt = Attempt(client, Wire(client, 5), "p", {}, {}, Watcher(), poll=5)

    async def work():
        async with attempt.watching():
            if inside:
                await attempt.follow()
        await asyncio.Event().wait()

    task = asyncio.create_task(work())
    if inside:
        for _ in range(5):
            await asyncio.sleep(0)
        attempt.cancel()
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    ended, _ = await asyncio.wait([task], timeout=2)
    task.cancel()
    assert ended
    assert task.cancelled()
