"""What a run may ask for beside its inputs: several takes, a deadline, one answer for repeated requests; its end."""

import asyncio
import io
import zipfile

import pytest

from lectern.apps.errors import AppError
from lectern.apps.running.dispatcher import now_ms
from lectern.settings import Apps, Settings
from unit.apps import fake_comfy


async def settle(condition):
    while not condition():  # noqa: ASYNC110  no event of ours announces it; the suite's timeout bounds it
        await asyncio.sleep(0.001)


async def code(answer):
    return answer.status, (await answer.json())["error"]["code"]


class TestTakes:
    async def test_each_has_a_seed_of_its_own_and_all_outputs_come_together(self, world, comfy):
        _, run = await world.submit("wait=5", n=3, seed=40)
        assert (run["status"], run["n"], run["input"]["seed"]) == ("succeeded", 3, 40)
        assert [output["take"] for output in run["output"]["picture"]] == [0, 1, 2]
        seeds = [comfy.submitted.get_nowait() for _ in range(3)]
        assert [comfy.history[p]["prompt"][2]["2"]["inputs"]["noise_seed"] for p in seeds] == [40, 41, 42]
        contents = {await (await world.client.get(output["url"])).read() for output in run["outputs"]}
        assert len(contents) == 3
        assert run["metrics"]["execution_ms"] == 750

    async def test_a_seed_of_64_bits_stays_what_it_is(self, world, comfy):
        _, run = await world.submit("wait=5", n=3, seed=2**64 - 2)
        prompts = [comfy.submitted.get_nowait() for _ in range(3)]
        used = [comfy.history[p]["prompt"][2]["2"]["inputs"]["noise_seed"] for p in prompts]
        assert (run["input"]["seed"], used) == (2**64 - 2, [2**64 - 2, 2**64 - 1, 0])

    async def test_a_crash_in_the_middle_repeats_no_take(self, world, comfy):
        done = []

        async def script(fake, prompt_id):
            done.append(prompt_id)
            if len(done) == 2:
                return  # and now the process dies
            await fake_comfy.complete(fake, prompt_id)

        comfy.script = script
        _, run = await world.submit(n=3)
        await settle(lambda: len(done) == 2)
        await world.stop()
        await comfy.end(done[1])
        await world.start()
        await world.service.resume()
        ended = await world.ended(run["id"])
        assert (ended["status"], [output["take"] for output in ended["outputs"]]) == ("succeeded", [0, 1, 2])
        assert len(done) == 3

    async def test_cancel_between_takes_ends_the_run(self, world, comfy):
        async def script(fake, prompt_id):
            await world.post(f"/runs/{run['id']}/cancel")
            await fake_comfy.complete(fake, prompt_id)

        started = asyncio.Event()

        async def first(fake, prompt_id):
            await started.wait()
            await script(fake, prompt_id)

        comfy.script = first
        _, run = await world.submit(n=4)
        started.set()
        ended = await world.ended(run["id"])
        assert ended["status"] == "canceled" and len(ended["outputs"]) <= 1
        assert comfy.submitted.qsize() == 1

    @pytest.mark.parametrize(("n", "text"), [(9, "at most 8"), (0, "positive"), ("2", "positive"), (True, "positive")])
    async def test_wrong_numbers(self, world, n, text):
        status, body = await world.submit(n=n)
        assert status == 422 and text in body["error"]["message"]

    async def test_without_a_seed_they_would_be_the_same(self, world):
        workflow = {"nodes": []}
        body = {"workflow": workflow, "prompt": GRAPH, "inputs": [{"node_id": "1", "widget": "width"}]}
        assert (await world.client.put("/lectern/v1/apps/plain", json=body)).status == 201
        answer = await world.post("/apps/plain/runs", json={"input": {}, "n": 2})
        assert answer.status == 422 and "no seed" in (await answer.json())["error"]["message"]


GRAPH = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
}


class TestSeeds:
    async def test_one_seed_for_all_that_are_not_named(self, world):
        _, run = await world.submit("wait=5", seed="random")
        assert run["input"]["seed"] != 7
        _, again = await world.submit("wait=5", input={"seed": 3, "width": 64}, seed=5)
        assert again["input"]["seed"] == 3


SMALL = {"input": {"width": 64}}


class TestTime:
    async def test_a_run_that_waits_too_long_is_given_up(self, world, comfy):
        comfy.script = fake_comfy.hold
        await world.submit()
        await comfy.submitted.get()
        answer = await world.post("/apps/tiny/runs", json=SMALL, headers={"Cancel-After": "1s"})
        ended = await world.ended((await answer.json())["id"])
        assert (ended["status"], ended["error"]["code"]) == ("canceled", "deadline_exceeded")

    async def test_a_run_that_executes_too_long_is_stopped(self, world, comfy):
        comfy.script = fake_comfy.begin
        answer = await world.post("/apps/tiny/runs", json=SMALL, headers={"Cancel-After": "1"})
        ended = await world.ended((await answer.json())["id"])
        assert (ended["status"], ended["error"]["code"]) == ("canceled", "deadline_exceeded")
        assert await comfy.cancels.get()

    async def test_an_app_may_bound_each_execution(self, world, comfy):
        comfy.script = fake_comfy.begin
        body = {"workflow": None, "prompt": GRAPH, "options": {"max_seconds": 1}}
        assert (await world.client.put("/lectern/v1/apps/short", json=body)).status == 201
        answer = await world.post("/apps/short/runs", json={}, headers={"Prefer": "wait=5"})
        assert "1 seconds" in (await answer.json())["error"]["message"]

    @pytest.mark.parametrize("text", ["", "0s", "x", "-1", "8d", "169h", "1.5s"])
    async def test_wrong_times(self, world, text):
        answer = await world.post("/apps/tiny/runs", json={}, headers={"Cancel-After": text})
        assert await code(answer) == (400, "bad_request")

    async def test_runs_are_forgotten_when_their_time_is_over(self, world, comfy):
        world.settings = lambda: Settings(apps=Apps(keep_days=1))
        _, run = await world.submit("wait=5")
        assert run["expires_at"] > run["completed_at"]
        await world.service._storage.call(lambda store: store.upkeep.expire(now_ms() + 2 * 86_400_000, 10))
        assert await code(await world.get(f"/runs/{run['id']}")) == (410, "run_expired")
        assert await code(await world.client.get(run["outputs"][0]["url"])) == (410, "run_expired")
        listed = (await (await world.get("/runs?status=expired")).json())["runs"]
        assert [(one["id"], one["input"], one["outputs"]) for one in listed] == [(run["id"], {}, [])]

    async def test_an_ended_run_can_be_deleted(self, world, comfy):
        comfy.script = fake_comfy.hold
        _, run = await world.submit()
        assert await code(await world.client.delete(run["urls"]["get"])) == (409, "run_active")
        await world.post(f"/runs/{run['id']}/cancel")
        await world.ended(run["id"])
        assert (await world.client.delete(run["urls"]["get"])).status == 204
        assert await code(await world.get(f"/runs/{run['id']}")) == (404, "run_not_found")


class TestRepeats:
    async def send(self, world, key, width=64):
        return await world.post(
            "/apps/tiny/runs", json={"input": {"width": width}}, headers={"Idempotency-Key": key, "Prefer": "wait=5"}
        )

    async def test_an_equal_request_gets_the_first_run(self, world, comfy):
        answers = [await self.send(world, "a") for _ in range(3)]
        assert [answer.status for answer in answers] == [200] * 3
        assert len({(await answer.json())["id"] for answer in answers}) == 1
        assert comfy.submitted.qsize() == 1

    async def test_also_all_at_once(self, world, comfy):
        answers = await asyncio.gather(*(self.send(world, "a") for _ in range(8)))
        assert len({(await answer.json())["id"] for answer in answers}) == 1
        assert comfy.submitted.qsize() == 1

    async def test_also_when_nothing_could_be_queued_now(self, world, comfy):
        first = await (await self.send(world, "a")).json()
        await comfy.stop()
        world.service._classes._known.clear()
        assert (await (await self.send(world, "a")).json())["id"] == first["id"]
        await comfy.start(comfy.port)

    async def test_another_request_is_refused(self, world):
        await self.send(world, "a")
        assert await code(await self.send(world, "a", 32)) == (409, "idempotency_key_reuse")
        assert (await self.send(world, "b", 32)).status == 200

    @pytest.mark.parametrize("key", ["", "é", "x" * 256])
    async def test_wrong_keys(self, world, key):
        assert await code(await self.send(world, key)) == (400, "bad_request")


class TestBytes:
    async def test_parts_and_tags_are_comfyuis_own(self, world, comfy):
        _, run = await world.submit("wait=5")
        url = run["outputs"][0]["url"]
        whole = await (await world.client.get(url)).read()
        part = await world.client.get(url, headers={"Range": "bytes=2-5"})
        assert (part.status, await part.read()) == (206, whole[2:6])
        assert part.headers["Content-Range"] == f"bytes 2-5/{len(whole)}"
        tag = (await world.client.get(url)).headers["ETag"]
        unchanged = await world.client.get(url, headers={"If-None-Match": tag})
        assert (unchanged.status, await unchanged.read()) == (304, b"")
        assert "attachment" in (await world.client.get(f"{url}?download=1")).headers["Content-Disposition"]

    async def test_everything_in_one_archive(self, world):
        _, run = await world.submit("wait=5", n=2)
        answer = await world.client.get(run["urls"]["zip"])
        assert answer.headers["Content-Type"] == "application/zip"
        archive = zipfile.ZipFile(io.BytesIO(await answer.read()))
        assert archive.testzip() is None
        assert archive.namelist() == ["deck_00001_.png", "deck_00001_ (2).png"]
        for place, name in enumerate(archive.namelist()):
            assert archive.read(name) == await (await world.client.get(run["outputs"][place]["url"])).read()

    async def test_a_run_without_outputs_has_no_archive(self, world, comfy):
        comfy.script = fake_comfy.fail
        _, run = await world.submit("wait=5")
        assert await code(await world.client.get(run["urls"]["zip"])) == (404, "output_unavailable")


class TestPaging:
    async def test_pages_follow_each_other_while_runs_come_in(self, world):
        ids = [(await world.submit("wait=5"))[1]["id"] for _ in range(5)]
        first = await (await world.get("/runs?limit=2")).json()
        await world.submit("wait=5")
        second = await (await world.get(f"/runs?limit=2&cursor={first['next']}")).json()
        last = await (await world.get(f"/runs?limit=2&cursor={second['next']}")).json()
        found = [run["id"] for page in (first, second, last) for run in page["runs"]]
        assert (found, last["next"]) == (ids[::-1], None)


class TestMonitoring:
    async def test_health_needs_nothing(self, world, comfy):
        await comfy.stop()
        answer = await world.client.get("/lectern/health")
        assert (answer.status, await answer.json()) == (200, {"status": "ok"})
        await comfy.start(comfy.port)

    async def test_ready_says_why_not(self, world, comfy):
        assert (await world.client.get("/lectern/ready")).status == 200
        comfy.script = fake_comfy.hold
        world.settings = lambda: Settings(apps=Apps(queued=1))
        await world.submit()
        await comfy.submitted.get()
        await world.submit()
        answer = await world.client.get("/lectern/ready")
        assert answer.status == 503 and "waiting already" in (await answer.json())["reasons"][0]
        await comfy.stop()
        world.service._classes._known.clear()
        answer = await world.client.get("/lectern/ready")
        assert answer.status == 503 and "does not answer" in (await answer.json())["reasons"][0]
        await comfy.start(comfy.port)

    async def test_metrics_count_what_happened(self, world, comfy):
        await world.submit("wait=5")
        comfy.script = fake_comfy.fail
        await world.submit("wait=5")
        await world.submit(input={"width": 1})
        text = await (await world.client.get("/lectern/metrics")).text()
        assert 'lectern_runs_submitted_total{app="tiny"} 2.0' in text
        assert 'lectern_runs_ended_total{app="tiny",error="node_execution_error",status="failed"} 1.0' in text
        assert 'lectern_run_seconds_count{app="tiny"} 2.0' in text
        assert 'lectern_requests_refused_total{code="invalid_input"} 1.0' in text
        assert "lectern_ready 1.0" in text


async def test_what_is_missing_is_said_before_anything_is_queued(world, comfy):
    del comfy.object_info["Noise"]
    world.service._classes._known.clear()
    answer = await world.post("/apps/tiny/runs", json={"input": {"width": 64}})
    body = await answer.json()
    assert (answer.status, body["error"]["code"]) == (422, "missing_model")
    assert body["error"]["details"][0]["name"] == "Noise" and '"Grain"' in body["error"]["message"]
    assert (await (await world.get("/runs")).json())["runs"] == []


def test_every_error_has_a_code_of_its_own():
    kinds = AppError.__subclasses__()
    same_on_purpose = {"not_ready", "unsupported_media_type"}
    codes = [kind.code for kind in kinds if kind.code not in same_on_purpose]
    assert len(codes) == len(set(codes))
