"""What listeners of a run are told, and that nothing of it is lost when they come late or come again."""

import asyncio
import json

import pytest

from lectern.apps.running import channel as channels
from lectern.apps.running.channel import Channel, read_event_id
from lectern.settings import Apps, Settings
from unit.apps import fake_comfy
from unit.apps.sse import events


def names(found):
    return [event.name for event in found]


class Script:
    """A run that goes on when the test says so."""

    def __init__(self):
        self.go = asyncio.Event()
        self.begun = asyncio.Event()

    async def __call__(self, fake, prompt_id):
        await fake_comfy.begin(fake, prompt_id)
        self.begun.set()
        await self.go.wait()
        await fake_comfy.land(fake, prompt_id)
        await fake.end(prompt_id)


@pytest.fixture
def script(comfy):
    comfy.script = Script()
    return comfy.script


async def test_a_listener_follows_a_run_from_queue_to_end(world, script):
    _, first = await world.submit()
    _, second = await world.submit()
    await script.begun.wait()
    async with await world.get(f"/runs/{second['id']}/events") as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert (await events(answer, "status"))[0].data["queue_position"] == 1
        script.go.set()
        told = await events(answer)
    assert names(told)[-2:] == ["status", "completed"]
    statuses = list(dict.fromkeys(event.data["status"] for event in told if event.name == "status"))
    assert statuses in (["running", "succeeded"], ["queued", "running", "succeeded"])
    assert told[-1].data == await world.run(second["id"])
    (output,) = [event.data for event in told if event.name == "output"]
    assert {**output, "size_bytes": None} == {**told[-1].data["outputs"][0], "size_bytes": None}
    assert {"Grain"} == {event.data["message"] for event in told if event.name == "log"}
    assert "Grain" in told[-1].data["logs"]
    assert (await world.run(first["id"]))["status"] == "succeeded"


async def test_who_comes_late_gets_everything_at_once(world, script):
    _, run = await world.submit()
    await script.begun.wait()
    async with await world.get(f"/runs/{run['id']}/events") as answer:
        told = await events(answer, "progress")
        assert names(told) == ["status", "progress"]
        assert told[1].data["current_node"] in ("Grain", None)
    script.go.set()
    await world.ended(run["id"])
    async with await world.get(f"/runs/{run['id']}/events") as answer:
        assert names(await events(answer)) == ["status", "output", "completed"]


async def test_who_comes_again_gets_only_what_was_missed(world, script):
    _, run = await world.submit()
    await script.begun.wait()
    async with await world.get(f"/runs/{run['id']}/events") as answer:
        await events(answer, "progress")
        script.go.set()
        live = await events(answer, "output")
    assert live[-1].id
    await world.ended(run["id"])
    headers = {"Last-Event-ID": live[-1].id}
    async with await world.client.get(f"/lectern/v1/runs/{run['id']}/events", headers=headers) as answer:
        missed = await events(answer)
    assert "completed" in names(missed) and read_event_id(missed[0].id) == (read_event_id(live[-1].id) or 0) + 1
    async with await world.get(f"/runs/{run['id']}/events?last_event_id={missed[-1].id}") as answer:
        assert await events(answer) == []


async def test_an_id_of_another_process_means_everything(world, script):
    script.go.set()
    _, run = await world.submit("wait=5")
    async with await world.get(f"/runs/{run['id']}/events?last_event_id=00000000-3") as answer:
        assert names(await events(answer)) == ["status", "output", "completed"]


async def test_submitting_may_answer_with_the_events(world, script):
    script.go.set()
    async with await world.post(
        "/apps/tiny/runs", json={"input": {"width": 64}}, headers={"Accept": "text/event-stream"}
    ) as answer:
        told = await events(answer)
    assert answer.status == 200 and told[-1].data["status"] == "succeeded"


async def test_previews_come_only_while_somebody_looks(world, comfy, script):
    _, run = await world.submit()
    await script.begun.wait()
    prompt_id = await comfy.submitted.get()
    async with await world.get(f"/runs/{run['id']}/events") as answer:
        await events(answer, "status")
        while not world.service.runs.streams:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        await comfy.preview(prompt_id, "2", b"\xff\xd8 small picture")
        preview = (await events(answer, "preview"))[-1]
        assert (preview.id, preview.data["node_id"], preview.data["content_type"]) == ("", "2", "image/jpeg")
        script.go.set()
        assert "preview" not in names(await events(answer))


async def test_more_listeners_than_allowed(world, script):
    world.settings = lambda: Settings(apps=Apps(streams=1))
    _, run = await world.submit()
    await script.begun.wait()
    async with await world.get(f"/runs/{run['id']}/events") as answer:
        await events(answer, "status")
        refused = await world.get(f"/runs/{run['id']}/events")
        assert (refused.status, refused.headers["Retry-After"]) == (429, "15")
        assert (await refused.json())["error"]["code"] == "too_many_streams"


async def test_an_output_can_be_fetched_as_soon_as_it_is_told(world, comfy):
    landed = asyncio.Event()

    async def script(fake, prompt_id):
        await fake_comfy.begin(fake, prompt_id)
        await fake_comfy.land(fake, prompt_id)
        await landed.wait()
        await fake.end(prompt_id)

    comfy.script = script
    _, run = await world.submit()
    async with await world.get(f"/runs/{run['id']}/events") as answer:
        output = (await events(answer, "output"))[-1].data
        picture = await world.client.get(output["url"])
        assert (picture.status, (await world.run(run["id"]))["status"]) == (200, "running")
        landed.set()
        assert (await events(answer))[-1].data["outputs"][0]["url"] == output["url"]


class TestChannel:
    async def collect(self, channel, after=0):
        return b"".join([piece async for piece in channel.listen(after)])

    async def test_a_thousand_listeners_hear_the_same(self):
        channel = Channel()
        listening = [asyncio.create_task(self.collect(channel)) for _ in range(1000)]
        await asyncio.sleep(0)
        assert channel.listeners == 1000
        for number in range(20):
            channel.publish("progress", {"value": number})
        channel.publish("completed", {}, last=True)
        heard = set(await asyncio.gather(*listening))
        assert len(heard) == 1 and heard.pop().count(b"event: progress") == 20
        assert channel.listeners == 0

    async def test_a_listener_that_is_too_slow_is_sent_away(self):
        channel = Channel()
        channel.open()
        listener = channel.listen(0)
        channel.publish("progress", {"value": 0})
        assert b'"value": 0' in await anext(listener)
        for number in range(channels.KEPT + 1):
            channel.publish("progress", {"value": number})
        with pytest.raises(StopAsyncIteration):
            await anext(listener)
        assert not channel.has(1) and channel.has(2)

    async def test_nothing_is_kept_before_somebody_listens(self):
        channel = Channel()
        channel.publish("progress", {"value": 0})
        assert channel.silent and channel.count == 0
        channel.open()
        channel.publish("progress", {"value": 1})
        assert channel.count == 1

    async def test_a_silent_run_says_that_it_is_there(self, monkeypatch):
        monkeypatch.setattr(channels, "KEEPALIVE_SECONDS", 0.01)
        listener = Channel().listen(0)
        assert (await anext(listener)).startswith(b":")
        await listener.aclose()

    def test_texts_stay_in_their_event(self):
        written = channels.encode("log", {"message": "a\n\nevent: completed\ndata: {}"})
        assert written.count(b"\n") == 3 and json.loads(written.partition(b"data: ")[2]) is not None

    @pytest.mark.parametrize("text", ["", "x", "-1", "zz-5", "EPOCH-", "EPOCH-9999999999999999999999", "EPOCH-x"])
    def test_foreign_ids(self, text):
        assert read_event_id(text.replace("EPOCH", channels.EPOCH)) is None
