"""A worker: runs from the queue, executed on its ComfyUI, reported to whoever stores them."""

import asyncio
import json
from base64 import b64decode

from lectern.apps.files.names import file_url
from lectern.apps.fleet import topology
from lectern.apps.fleet.messages import Kind, Shown
from lectern.apps.fleet.worker import outputs, process
from lectern.apps.fleet.worker.kv import Values
from lectern.apps.graph import Target
from lectern.apps.running import watching
from lectern.apps.runs import RunError, RunStatus, Workflow
from unit.apps.fake_comfy import begin, complete, fail, land
from unit.fleet.worker_house import VERSION


async def test_a_run_is_executed_and_its_output_lies_in_nats(office, crew):
    worker = crew.worker(await crew.comfy())
    run = await office.submit()
    ended = await office.ended(run)
    assert ended.result.status is RunStatus.SUCCEEDED
    (item,) = ended.result.outputs
    assert (item.output, item.folder, item.subfolder) == ("picture", "fleet", f"{run}.0.0")
    assert await office.outputs.read(item.subfolder) == f"\x89PNG lectern/tiny/{run}".encode("latin-1")
    assert [report.kind for report in office.of(run)] == [Kind.STARTED, Kind.ENDED]
    await worker._reporter.settled(5)
    assert await office.messages(run) == 0 and (await office.state(run)).ended


async def test_runs_follow_each_other(office, crew):
    comfy = await crew.comfy()
    crew.worker(comfy)
    runs = [await office.submit() for _ in range(30)]
    await asyncio.gather(*map(office.ended, runs))
    assert comfy.submitted.qsize() == 30 and not office.repeated


async def test_every_take_is_reported(office, crew):
    crew.worker(await crew.comfy())
    run = await office.submit(takes=3)
    ended = await office.ended(run)
    advanced = office.of(run, Kind.ADVANCED)
    assert [report.take for report in advanced] == [0, 1] and ended.take == 2
    names = [item.subfolder for report in (*advanced, ended) for item in report.result.outputs]
    assert names == [f"{run}.0.0", f"{run}.1.0", f"{run}.2.0"]
    assert [item.take for report in (*advanced, ended) for item in report.result.outputs] == [0, 1, 2]
    assert (await office.state(run)).given == 2


async def test_a_run_that_fails_says_why(office, crew):
    comfy = await crew.comfy()
    comfy.script = fail
    crew.worker(comfy)
    ended = await office.ended(await office.submit())
    assert ended.result.status is RunStatus.FAILED and "no grain" in ended.result.error.message


async def test_listeners_hear_of_progress_and_of_outputs_that_are_there(office, crew):
    async def slowly(comfy, prompt_id):
        await begin(comfy, prompt_id)
        await land(comfy, prompt_id)
        await go_on.wait()
        await comfy.end(prompt_id)

    go_on = asyncio.Event()
    comfy = await crew.comfy()
    comfy.script = slowly
    crew.worker(comfy)
    run = await office.submit()
    event = await office.until(lambda: next((e for _, e in office.events if e.name == "output"), None))
    assert event.data["url"] == f"/lectern/v1/runs/{run}/outputs/0"
    assert await office.outputs.read(event.item.subfolder) is not None
    go_on.set()
    ended = await office.ended(run)
    assert [item.subfolder for item in ended.result.outputs] == [event.item.subfolder]
    told = [event for about, event in office.events if about == run]
    assert {"progress", "output", "log"} <= {event.name for event in told}
    assert all(event.data["take"] == 0 for event in told if event.name == "progress")


async def test_previews_are_shown_while_somebody_watches(office, crew):
    shown = asyncio.Queue()
    comfy = await crew.comfy()
    comfy.script = begin
    crew.worker(comfy)

    async def show(message):
        shown.put_nowait(Shown.load(message.data).data)

    run = await office.submit()
    await office.link.client.subscribe(f"{topology.PREVIEWS}.{run}", cb=show)
    prompt = await comfy.submitted.get()
    await office.report(run, Kind.STARTED)
    await comfy.preview(prompt, "2", b"\xff\xd8 nobody")
    await office.link.client.publish(f"{topology.WATCHED}.{run}", b"")
    await office.until(lambda: any(event.name == "log" for about, event in office.events if about == run))
    async with asyncio.timeout(5):
        while shown.empty():
            await comfy.preview(prompt, "2", b"\xff\xd8 somebody")
            await asyncio.sleep(0.02)
    assert b64decode(shown.get_nowait()["data_base64"]) == b"\xff\xd8 somebody"


async def test_files_of_callers_are_brought_along(office, crew):
    comfy = await crew.comfy()
    crew.worker(comfy)
    picture, notes = "a" * 32, "b" * 32
    await office.inputs.put(picture, b"\x89PNG\r\n\x1a\n and more")
    await office.inputs.put(notes, b"just words")
    plain = office.workflow()
    graph = {**plain.graph, "7": {"class_type": office.only, "inputs": {"image": "x", "notes": "x"}}}
    targets = {"image": Target("7", "image", "image"), "notes": Target("7", "notes", "file")}
    workflow = Workflow(graph, targets, plain.outputs)
    values = {"image": file_url(picture), "notes": file_url(notes)}
    files = {notes: ("notes.txt", "text/plain")}
    ended = await office.ended(await office.submit(workflow=workflow, run_input=values, files=files))
    assert ended.result.status is RunStatus.SUCCEEDED, ended.result.error
    assert sorted(comfy.uploads) == [f"{picture}.png", f"{notes}.txt"]
    assert comfy.files["input", "lectern", f"{notes}.txt"] == b"just words"


async def test_a_file_that_is_gone_fails_the_run(office, crew):
    crew.worker(await crew.comfy())
    plain = office.workflow()
    workflow = Workflow(plain.graph, {"text": Target("2", "text", "image")}, plain.outputs)
    ended = await office.ended(await office.submit(workflow=workflow, run_input={"text": file_url("c" * 32)}))
    assert ended.result.error.code == "missing_file"


async def test_progress_is_reported_where_a_webhook_wants_it(office, crew, monkeypatch):
    async def slowly(comfy, prompt_id):
        for node in ("1", "2", "3"):
            await comfy.send("executing", prompt_id, node=node)
            await asyncio.sleep(0.005)

    monkeypatch.setattr(watching, "TOLD_SECONDS", 0)
    comfy = await crew.comfy()
    comfy.script = slowly
    crew.worker(comfy)
    run = await office.submit(hook=True)
    await office.until(lambda: len(office.of(run, Kind.PROGRESS)) > 1)
    assert office.of(run, Kind.PROGRESS)[-1].progress["take"] == 0


async def test_large_texts_become_files(office, crew, monkeypatch):
    monkeypatch.setattr(outputs, "TEXT_CHARACTERS", 10)

    async def say(comfy, prompt_id):
        await comfy.end(prompt_id)
        comfy.history[prompt_id]["outputs"]["3"] = {"text": ["short", "long enough"]}

    comfy = await crew.comfy()
    comfy.script = say
    crew.worker(comfy)
    ended = await office.ended(await office.submit())
    short, long = ended.result.outputs
    assert (short.text, long.text) == ("short", None)
    assert await office.outputs.read(long.subfolder) == b"long enough"


async def test_a_cancel_reaches_a_run_within_a_second(office, crew):
    comfy = await crew.comfy()
    comfy.script = begin
    crew.worker(comfy)
    run = await office.submit()
    await comfy.submitted.get()
    reason = RunError("deadline_exceeded", "Too late.")
    await office.cancel(run, json.dumps(reason._asdict()).encode())
    ended = await office.ended(run, seconds=1)
    assert (ended.result.status, ended.result.error) == (RunStatus.CANCELED, reason)
    assert not comfy.running


async def test_a_cancel_that_nobody_heard_is_found(office, crew, hasty):
    comfy = await crew.comfy()
    comfy.script = begin
    crew.worker(comfy)
    run = await office.submit()
    await comfy.submitted.get()
    await office.cancel(run, tell=False)
    assert (await office.ended(run, seconds=2)).result.status is RunStatus.CANCELED


async def test_a_run_canceled_before_it_begins_never_reaches_comfyui(office, crew):
    comfy = await crew.comfy()
    run = await office.submit()
    await office.cancel(run)
    crew.worker(comfy)
    assert (await office.ended(run)).result.status is RunStatus.CANCELED
    assert comfy.submitted.empty()


async def test_only_what_its_comfyui_has_is_taken(office, crew):
    rare = f"{office.only}rare"
    usual, special = await crew.comfy(), await crew.comfy(rare)
    crew.worker(usual)
    elsewhere = await office.submit(rare)
    await office.ended(await office.submit())
    assert not office.of(elsewhere)
    crew.worker(special)
    await office.ended(elsewhere)
    assert usual.submitted.qsize() == 1


async def test_its_advert_says_what_it_has(office, crew, hasty):
    comfy = await crew.comfy()
    comfy.script = begin
    worker = crew.worker(comfy)
    run = await office.submit()
    advert = await seen(office, worker, lambda advert: advert.run == run)
    assert (advert.comfyui, advert.app, advert.version) == ("0.30.0", "tiny", VERSION)
    assert advert.devices[0].vram_free == comfy.vram_free and len(advert.warm) == 1
    nodes = await office.documents.get(f"nodes.{advert.nodes}")
    assert office.only in nodes


async def test_without_a_gateway_of_its_version_it_takes_nothing(office, crew, hasty):
    gateways = Values(office.link, topology.GATEWAYS)
    await gateways.put("new", b"9.9.9")
    try:
        worker = crew.worker(await crew.comfy())
        run = await office.submit()
        advert = await seen(office, worker, lambda advert: "9.9.9" in advert.refused)
        assert (
            advert.refused == f"It is Lectern {VERSION}, and the gateways are 9.9.9; install the same version on both."
        )
        assert advert.refused in worker.lacks and not office.of(run)
        await gateways.put("old", VERSION.encode())
        await office.ended(run)
    finally:
        await gateways.delete("new")
        await gateways.delete("old")


async def test_two_workers_of_one_name_are_told_so(office, crew, hasty):
    first = crew.worker(await crew.comfy(), "twin")
    await seen(office, first, lambda advert: True)
    second = crew.worker(await crew.comfy(), "twin")
    async with asyncio.timeout(5):
        while not any("twin" in reason for reason in first.lacks):  # noqa: ASYNC110 - nobody says when
            await asyncio.sleep(0.02)
    assert not second.board.draining


async def test_draining_lets_the_run_end_and_takes_no_other(office, crew, hasty):
    comfy = await crew.comfy()
    comfy.script = begin
    worker = crew.worker(comfy)
    run = await office.submit()
    prompt = await comfy.submitted.get()
    drained = asyncio.create_task(worker.drain())
    await seen(office, worker, lambda advert: advert.draining)
    other = await office.submit()
    await comfy.end(prompt)
    await drained
    assert (await office.ended(run)).result.status is RunStatus.SUCCEEDED
    assert not office.of(other) and comfy.submitted.empty()


async def test_a_run_that_is_given_back_goes_elsewhere(office, crew, hasty):
    slow, quick = await crew.comfy(), await crew.comfy()
    slow.script = begin
    worker = crew.worker(slow)
    run = await office.submit()
    await slow.submitted.get()
    drained = asyncio.create_task(worker.drain())
    await asyncio.sleep(0)
    worker.give_up()
    await drained
    assert not slow.running
    await office.report(run, Kind.WAITING)
    crew.worker(quick)
    ended = await office.ended(run)
    assert (ended.result.status, ended.attempt) == (RunStatus.SUCCEEDED, 2)
    assert (await office.state(run)).lost_by == ()


async def test_a_run_whose_comfyui_stays_away_goes_elsewhere(office, crew, hasty, monkeypatch):
    monkeypatch.setattr(process, "AWAY_SECONDS", 0.1)
    gone, other = await crew.comfy(), await crew.comfy()
    gone.script = begin
    worker = crew.worker(gone)
    run = await office.submit()
    await gone.submitted.get()
    await gone.stop()
    await office.report(run, Kind.WAITING)
    assert worker.lacks == ["Its ComfyUI does not answer."]
    crew.worker(other)
    assert (await office.ended(run)).result.status is RunStatus.SUCCEEDED
    assert (await office.state(run)).lost_by == (worker.board.name,)


async def test_a_run_that_comfyui_lost_is_tried_once_more(office, crew, hasty):
    comfy = await crew.comfy()
    comfy.script = begin
    crew.worker(comfy)
    run = await office.submit()
    await comfy.submitted.get()
    comfy.script = complete
    await comfy.restart()
    assert (await office.ended(run)).attempt == 2


async def test_runs_of_an_app_that_wants_to_be_alone_never_overlap(office, crew):
    busy, most = 0, 0

    async def count(comfy, prompt_id):
        nonlocal busy, most
        busy, most = busy + 1, max(most, busy + 1)
        await asyncio.sleep(0.01)
        busy -= 1
        await comfy.end(prompt_id)

    for _ in range(3):
        comfy = await crew.comfy()
        comfy.script = count
        crew.worker(comfy)
    runs = [await office.submit(alone="solo") for _ in range(6)]
    await asyncio.gather(*map(office.ended, runs))
    assert most == 1


async def seen(office, worker, wanted):
    """The worker's advert, once it is as wanted."""
    async with asyncio.timeout(5):
        while True:
            advert = await office.advert(worker.board.name)
            if advert is not None and wanted(advert):
                return advert
            await asyncio.sleep(0.02)
