"""What must not stop the engine: strange answers, mistakes in settings, moments in which two things meet."""

import asyncio
import time

import pytest
from aiohttp import ClientError
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from lectern.apps.callers import HOUSEHOLD, Caller, Scope
from lectern.apps.errors import Forbidden, NotReady
from lectern.apps.running.outputs import collect_outputs
from lectern.apps.running.verdict import invalid_workflow, read_history, refusal
from lectern.errors import SettingsError
from lectern.settings import Apps, Settings
from unit.apps import fake_comfy
from unit.apps.samples import GRAPH
from unit.apps.sse import events
from unit.apps.test_webhooks import Receiver

LONE = "half \ud83d"  # half of a surrogate pair: JSON can say it, UTF-8 cannot
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["1", "2", "3", "errors", "messages", "outputs", "filename", "type", "text", "images"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def at_end(tell: bool = True, **changes):
    """A run that succeeds, with its history entry changed before anybody reads it."""

    async def script(fake, prompt_id):
        await fake_comfy.begin(fake, prompt_id)
        await fake.end(prompt_id, tell=False)
        fake.history[prompt_id] |= changes
        if tell:
            await fake.send("executing", prompt_id, node=None)

    return script


@pytest.fixture
async def receiver():
    made = Receiver()
    await made.start()
    yield made
    await made.server.close()


class TestStrangeAnswers:
    @pytest.mark.parametrize(
        "shown",
        [
            {"text": [LONE]},
            {"images": [{"filename": f"{LONE}.png", "subfolder": LONE, "type": "output"}]},
            {"images": [{"filename": "x.png", "subfolder": "", "type": ["output"]}]},
            {"images": [{"filename": "x\0.png", "subfolder": ["a"], "type": "output"}]},
        ],
    )
    async def test_an_output_that_cannot_be_written_down_ends_its_run_all_the_same(
        self,
        world,
        comfy,
        receiver,
        shown,
    ):
        world.settings = lambda: Settings(apps=receiver.apps)
        comfy.script = at_end(outputs={"3": shown})
        status, run = await world.submit("wait=5", webhook=receiver.url)
        assert (status, run["status"]) == (200, "succeeded")
        (told,) = await receiver.wait_for(1)
        assert told["id"] == run["id"]

    async def test_so_does_an_error(self, world, comfy, receiver):
        world.settings = lambda: Settings(apps=receiver.apps)
        failed = {"node_id": "2", "node_type": "Noise", "exception_type": "E", "exception_message": LONE}
        comfy.script = at_end(status={"status_str": "error", "messages": [["execution_error", failed]]})
        _, run = await world.submit("wait=5", webhook=receiver.url)
        assert (run["status"], run["error"]["code"]) == ("failed", "node_execution_error")
        assert [told["error"]["node_id"] for told in await receiver.wait_for(1)] == ["2"]

    @given(JSON)
    def test_a_history_entry_of_any_shape_can_be_read(self, content):
        entry = content if isinstance(content, dict) else {"outputs": content, "status": content, "meta": content}
        for one in (entry, {"status": {"messages": content}}, {"outputs": {"3": content}}, {"outputs": {"3": entry}}):
            assert read_history(one, GRAPH).status
            collect_outputs(one, {"3": "picture"})

    @given(JSON)
    def test_a_refusal_of_any_shape_can_be_read(self, content):
        for answer in ({"node_errors": content}, {"error": content}, {"node_errors": {"3": content}}):
            assert invalid_workflow(answer, GRAPH).message
            refusal(answer, GRAPH, {"3"})
        for errors in (content, [content], [{"extra_info": content, "message": content, "details": content}]):
            assert invalid_workflow({"node_errors": {"3": {"errors": errors}}}, GRAPH).message

    async def test_a_fault_of_ours_fails_its_run_and_no_other(self, world, comfy, monkeypatch, caplog):
        """Whatever it is: a run that cannot be dealt with must not stand in the way of all others for ever."""
        from lectern.apps.running import attempt

        async def broken(*_):
            raise ZeroDivisionError("nobody thought of it")

        with monkeypatch.context() as patched:
            patched.setattr(attempt.Attempt, "outputs", broken)
            _, run = await world.submit("wait=5")
        assert (run["status"], run["error"]["code"]) == ("failed", "internal_error")
        assert "nobody thought of it" in caplog.text
        assert (await world.submit("wait=5"))[1]["status"] == "succeeded"


class TestSettings:
    async def test_a_mistake_in_them_does_not_lose_the_end_of_a_run(self, world, comfy):
        release = asyncio.Event()

        async def script(fake, prompt_id):
            await release.wait()
            await fake_comfy.complete(fake, prompt_id)

        def wrong():
            raise SettingsError("line 3")

        comfy.script = script
        _, run = await world.submit()
        await comfy.submitted.get()
        world.settings = wrong
        release.set()
        await world.service.runs.wait(run["id"], 0.1, HOUSEHOLD)
        world.settings = Settings
        assert (await world.ended(run["id"]))["status"] == "succeeded"
        assert comfy.submitted.empty()


class TestDeadlines:
    async def test_one_that_passes_between_two_takes_counts(self, world, comfy, monkeypatch):
        from lectern.apps.running import dispatcher

        ahead = 0
        real = dispatcher.now_ms
        for module in ("dispatcher", "timekeeper"):
            monkeypatch.setattr(f"lectern.apps.running.{module}.now_ms", lambda: real() + ahead)
        advanced = world.service.runs.advanced

        def late(run):
            nonlocal ahead
            advanced(run)
            ahead = 3_600_000

        monkeypatch.setattr(world.service.runs, "advanced", late)

        async def script(fake, prompt_id):
            if fake.history:
                await fake_comfy.hold(fake, prompt_id)
            else:
                await fake_comfy.complete(fake, prompt_id)

        comfy.script = script
        answer = await world.post(
            "/apps/tiny/runs", json={"input": {"width": 64}, "n": 3}, headers={"Cancel-After": "1h"}
        )
        run = await world.ended((await answer.json())["id"])
        assert (run["status"], run["error"]["code"], len(run["outputs"])) == ("canceled", "deadline_exceeded", 1)

    async def test_one_that_passes_while_no_process_runs_counts(self, world, comfy, monkeypatch):
        await world.submit("wait=5")  # so that everything is imported, which may take more than the second below
        await comfy.submitted.get()
        comfy.script = fake_comfy.hold
        headers = {"Cancel-After": "1s"}
        answer = await world.post("/apps/tiny/runs", json={"input": {"width": 64}}, headers=headers)
        await comfy.submitted.get()
        run = await answer.json()
        await world.stop()
        await comfy.stop()  # away for the first moments of the next process
        real = time.time_ns
        monkeypatch.setattr("time.time_ns", lambda: real() + 10**10)
        await world.start()
        await world.service.resume()
        for _ in range(50):
            await asyncio.sleep(0)
        await comfy.start(comfy.port)
        run = await world.ended(run["id"])
        assert (run["status"], run["error"]["code"]) == ("canceled", "deadline_exceeded")

    async def test_a_run_that_was_given_up_is_forgotten_in_its_time(self, world, comfy):
        world.settings = lambda: Settings(apps=Apps(keep_days=1))
        comfy.script = fake_comfy.hold
        await world.submit()
        await comfy.submitted.get()
        headers = {"Cancel-After": "1s"}
        answer = await world.post("/apps/tiny/runs", json={"input": {"width": 64}}, headers=headers)
        run = await world.ended((await answer.json())["id"])
        assert run["error"]["code"] == "deadline_exceeded" and run["expires_at"]

    async def test_time_in_comfyuis_queue_is_not_time_of_execution(self, world, comfy):
        """`max_seconds` bounds what an app's execution may take, not what other people's jobs before it take."""
        body = {"workflow": {"nodes": []}, "prompt": GRAPH, "inputs": [], "options": {"max_seconds": 1}}
        assert (await world.client.put("/lectern/v1/apps/short", json=body)).status == 201
        comfy.script = fake_comfy.queue
        answer = await world.post("/apps/short/runs", json={"input": {}})
        run = await answer.json()
        prompt_id = await comfy.submitted.get()
        await world.service.runs.wait(run["id"], 1.3, HOUSEHOLD)
        assert comfy.cancels.empty()
        comfy.running[prompt_id] = comfy.pending.pop(prompt_id)
        await comfy.send("execution_start", prompt_id)
        run = await world.ended(run["id"])
        assert run["error"]["code"] == "deadline_exceeded"


class TestListeners:
    async def test_who_asks_in_the_moment_of_the_end_is_told_of_it(self, world, comfy, monkeypatch):
        release = asyncio.Event()

        async def script(fake, prompt_id):
            await release.wait()
            await fake_comfy.complete(fake, prompt_id)

        comfy.script = script
        _, run = await world.submit()
        await comfy.submitted.get()
        runs = world.service.runs
        real = runs._allow

        async def slow(caller, slug):  # between the read of the run and its answer, the run ends
            monkeypatch.setattr(runs, "_allow", real)
            release.set()
            await world.ended(run["id"])

        monkeypatch.setattr(runs, "_allow", slow)
        async with asyncio.timeout(5), await world.get(f"/runs/{run['id']}/events") as answer:
            assert (await events(answer))[-1].name == "completed"

    async def test_a_channel_that_was_handed_out_is_not_swept_before_somebody_listens(self, world, comfy):
        comfy.script = fake_comfy.hold
        await world.submit()
        await comfy.submitted.get()
        _, waiting = await world.submit()
        runs = world.service.runs
        listening = await runs.listen(waiting["id"], "", HOUSEHOLD)
        runs._engine.events.hub.listened()  # as when another run starts
        await runs.cancel(waiting["id"], HOUSEHOLD)
        async with asyncio.timeout(2):
            told = b"".join([piece async for piece in listening.channel.listen(listening.after)])
        assert b"event: completed" in told

    async def test_nothing_comes_after_completed(self, world, comfy):
        async def script(fake, prompt_id):
            await fake_comfy.begin(fake, prompt_id)
            for value in range(6, 10):
                running = {"value": value, "max": 10, "state": "running", "node_id": "2", "display_node_id": "2"}
                await fake.send("progress_state", prompt_id, nodes={"2": running})
            await fake.end(prompt_id)

        comfy.script = script
        _, run = await world.submit("wait=5")
        channel = world.service.runs._engine.events.hub.find(run["id"])
        count = channel.count
        loop = asyncio.get_running_loop()
        pending = [handle for handle in loop._scheduled if "_tell" in repr(handle) and not handle.cancelled()]
        assert pending == [] and channel.count == count

    async def test_one_who_is_refused_does_not_take_the_channel_from_another(self, world, comfy, monkeypatch):
        comfy.script = fake_comfy.hold
        await world.submit()
        await comfy.submitted.get()
        _, waiting = await world.submit()
        runs = world.service.runs
        answered = asyncio.Event()

        async def allow(caller, slug):
            if caller is not HOUSEHOLD:
                raise Forbidden("not you")
            await answered.wait()

        monkeypatch.setattr(runs, "_allow", allow)
        first = asyncio.create_task(runs.listen(waiting["id"], "", HOUSEHOLD))
        stranger = Caller(name="stranger", scopes=frozenset({Scope.ADMIN}))
        with pytest.raises(Forbidden):
            await runs.listen(waiting["id"], "", stranger)
        answered.set()
        listening = await first
        await runs.cancel(waiting["id"], HOUSEHOLD)
        async with asyncio.timeout(2):
            told = b"".join([piece async for piece in listening.channel.listen(listening.after)])
        assert b"event: completed" in told

    async def test_asking_for_runs_that_are_not_there_leaves_nothing(self, world):
        await world.submit("wait=5")
        for number in range(20):
            answer = await world.get(f"/runs/00000000-0000-4000-8000-{number:012}/events")
            assert answer.status == 404
        assert world.service.runs._engine.events.hub._open == {}

    async def test_a_run_that_is_canceled_while_it_is_prepared_leaves_nothing(self, world, comfy, monkeypatch):
        runs = world.service.runs
        real = runs._engine._preparer.prepare

        async def slow(run, workflow):
            await runs.cancel(run.id, HOUSEHOLD)
            return await real(run, workflow)

        monkeypatch.setattr(runs._engine._preparer, "prepare", slow)
        _, run = await world.submit("wait=5")
        assert run["status"] == "canceled"
        monkeypatch.undo()
        await world.submit("wait=5")
        runs._engine.events.hub.listened()
        assert runs._engine.events.hub._open == {} and runs._engine.events.hub._working == set()

    async def test_hundreds_of_short_runs_leave_nothing_behind(self, world, comfy):
        runs = world.service.runs
        world.settings = lambda: Settings(apps=Apps(queued=2000))
        for _ in range(5):
            await asyncio.gather(*(world.submit("wait=5") for _ in range(50)))
        hub = runs._engine.events.hub
        hub.listened()
        assert hub._open == {} and len(hub._ended) <= 64
        assert dict(runs._waiting) == {} and runs._engine._dispatcher._current is None


async def test_a_run_that_begins_while_the_wire_hangs_up_has_a_wire(world, comfy):
    """The idle WebSocket is being closed in the very moment in which the next run wants it."""
    await world.submit("wait=5")
    wire = world.service.runs._engine._dispatcher._wire
    closing = asyncio.create_task(wire._stop())
    await asyncio.sleep(0)
    await wire.attach(lambda _: None, lambda: None)
    await closing
    assert wire.open and wire._task is not None
    wire.detach()


async def test_a_workflow_whose_first_run_could_not_be_stored_can_be_run_later(world, comfy, monkeypatch):
    """As after a full disk: nothing may be taken for stored that was rolled back."""
    from lectern.apps.store import runs

    def full(*_):
        raise OSError("No space left on device")

    headers = {"Idempotency-Key": "k"}
    with monkeypatch.context() as patched:
        patched.setattr(runs, "remember", full)
        answer = await world.post("/apps/tiny/runs", json={"input": {"width": 64}}, headers=headers)
        assert answer.status == 503
    answer = await world.post("/apps/tiny/runs", json={"input": {"width": 64}}, headers=headers)
    assert answer.status == 201


async def test_an_hourly_chore_that_fails_does_not_end_deadlines(world, comfy, monkeypatch):
    def broken(*_):
        raise PermissionError("the folder is another one's")

    monkeypatch.setattr(world.service.files, "sweep", broken)
    comfy.script = fake_comfy.hold
    answer = await world.post("/apps/tiny/runs", json={"input": {"width": 64}}, headers={"Cancel-After": "1s"})
    run = await world.ended((await answer.json())["id"])
    assert run["error"]["code"] == "deadline_exceeded"


class TestAnswersThatBreakOff:
    async def test_an_archive_whose_file_cannot_be_read_is_no_whole_archive(self, world, comfy, monkeypatch):
        _, run = await world.submit("wait=5", n=2)
        real = world.service.runs.output

        async def away(run_id, place, caller, *rest):
            if place == 1:
                raise NotReady("ComfyUI does not answer.")
            return await real(run_id, place, caller, *rest)

        monkeypatch.setattr(world.service.runs, "output", away)
        with pytest.raises(ClientError):
            await (await world.get(f"/runs/{run['id']}/outputs.zip")).read()

    async def test_a_run_whose_events_nobody_may_hear_any_more_is_queued_and_told_so(self, world, comfy):
        world.settings = lambda: Settings(apps=Apps(streams=1))
        comfy.script = fake_comfy.hold
        _, first = await world.submit()
        async with await world.get(f"/runs/{first['id']}/events") as listener:
            await events(listener, "status")
            headers = {"Accept": "text/event-stream"}
            answer = await world.post("/apps/tiny/runs", json={"input": {"width": 64}}, headers=headers)
            assert (answer.status, (await answer.json())["status"]) == (201, "queued")

    async def test_a_key_of_a_run_that_expired_is_free_again(self, world, comfy, monkeypatch):
        world.settings = lambda: Settings(apps=Apps(keep_days=1))
        headers = {"Idempotency-Key": "k", "Prefer": "wait=5"}
        first = await (await world.post("/apps/tiny/runs", json={"input": {"width": 64}}, headers=headers)).json()
        later = time.time_ns() // 1_000_000 + 2 * 86_400_000
        await world.service._storage.call(lambda store: store.upkeep.expire(later, 10))
        assert (await world.get(f"/runs/{first['id']}")).status == 410
        second = await world.post("/apps/tiny/runs", json={"input": {"width": 64}}, headers=headers)
        assert second.status == 200 and (await second.json())["id"] != first["id"]


@pytest.mark.parametrize(
    ("path", "statuses"),
    [
        ("/apps/%ED%A0%BD", {404}),
        ("/apps?q=%FF", {200}),
        ("/runs?app=%FF", {200}),
        ("/runs?app=%ED%A0%BD", {200}),
        ("/runs?cursor=%ED%A0%BD", {400}),
        ("/runs?status=%ED%A0%BD", {400}),
        ("/runs?limit=%D9%A1", {400}),
        ("/apps/tiny?version=%D9%A1", {404}),
        ("/files/%ED%A0%BD", {404}),
    ],
)
async def test_addresses_that_are_no_text(world, path, statuses):
    await world.submit("wait=5")
    answer = await world.client.get(URL(f"/lectern/v1{path}", encoded=True))
    assert answer.status in statuses, await answer.text()


@pytest.mark.parametrize(
    "text", ["你好 ☕ \U0001f600", "a\u202eb", "\ufeff", "<script>&amp;", "'; --", "e\u0301", "\x7f"]
)
async def test_texts_of_every_script_come_back_as_they_went(world, comfy, text):
    _, run = await world.submit("wait=5", input={"width": 64, "text": text}, metadata={text: text})
    assert (run["status"], run["input"]["text"], run["metadata"]) == ("succeeded", text, {text: text})
    prompt_id = await comfy.submitted.get()
    assert comfy.history[prompt_id]["prompt"][2]["2"]["inputs"]["text"] == text


HOSTILE: list[bytes] = [
    b"[]",
    b'"text"',
    b"5",
    b"null",
    b"{}",
    b'{"nodes": 5}',
    b'{"nodes": [5, null, {}], "links": 7, "extra": []}',
    b'{"nodes": [{"id": [], "type": {}, "inputs": 5}], "extra": {"linearData": {"inputs": [[], 5, [[], {}]]}}}',
    b'{"nodes": [], "extra": {"linearData": 5, "lectern": {"app": []}}, "definitions": {"subgraphs": 5}}',
    b'{"nodes": [], "extra": {"lectern": {"app": {"title": 5, "slug": [], "description": {}, "outputs": []}}}}',
    b'{"1": {"class_type": "SaveImage", "inputs": {"images": [[], 0], "filename_prefix": NaN}}}',
    b'{"1": {"class_type": "SaveImage", "inputs": {"images": ["9", 0], "filename_prefix": "\\ud83d"}}}',
    b'{"1": {"class_type": "SaveImage", "inputs": {}, "_meta": {"title": 5}}}',
    b'{"1": {"class_type": "\\u0000", "inputs": {}}}',
    b"[" * 100_000,
    b"\xff\xfe",
]


@pytest.mark.parametrize("content", HOSTILE, ids=lambda content: content[:40].decode("latin-1"))
async def test_a_file_of_any_content_publishes_or_is_refused(world, comfy, content):
    comfy.saved["x.app.json"] = content
    comfy.modified += 1
    assert (await world.get("/workflows")).status == 200
    answer = await world.client.put("/lectern/v1/apps/x", json={"from": "x.app.json"})
    assert answer.status < 500, await answer.text()
    if answer.status == 201:
        assert (await world.get("/apps/x/export")).status == 200
        assert (await world.get("/openapi.json")).status == 200
        assert (await world.post("/apps/x/runs", json={"input": {}}, headers={"Prefer": "wait=5"})).status < 500


@pytest.mark.parametrize("content", HOSTILE[:-2], ids=lambda content: content[:40].decode("latin-1"))
@pytest.mark.parametrize("path", ["/propose", "/apps/x"])
@pytest.mark.parametrize("key", ["workflow", "prompt"])
async def test_a_workflow_of_any_shape_publishes_or_is_refused(world, content, path, key):
    other = b"null" if key == "workflow" else b'{"nodes": []}'
    body = b'{"workflow": %s, "prompt": %s}' % ((content, b"null") if key == "workflow" else (other, content))
    method = "POST" if path == "/propose" else "PUT"
    headers = {"Content-Type": "application/json"}
    answer = await world.client.request(method, f"/lectern/v1{path}", data=body, headers=headers)
    assert answer.status < 500, await answer.text()


async def test_a_webhook_may_hear_of_progress(world, comfy, receiver, monkeypatch):
    """Now and then, whether or not anybody listens."""
    monkeypatch.setattr("lectern.apps.running.watching.TOLD_SECONDS", 0.0)
    world.settings = lambda: Settings(apps=receiver.apps)
    comfy.script = fake_comfy.begin
    _, run = await world.submit(webhook=receiver.url, webhook_events_filter=["progress"])
    (told, *_) = await receiver.wait_for(1)
    assert (told["type"], told["id"], told["progress"]["nodes_total"]) == ("run.progress", run["id"], 3)
    await world.post(f"/runs/{run['id']}/cancel")
