"""Giving up: the server is interrupted until our job is gone, and nobody else's is touched."""

import asyncio

import pytest

from lectern.sdwebui.draft import Draft
from lectern.sdwebui.errors import ServerTimeout
from support.webui import Fault
from unit.sdwebui.conftest import picture


async def cancelled(farm, server, when) -> None:
    """Starts a picture, cancels it once `when` is true of the server, and waits until it is over there."""
    work = asyncio.create_task(farm.sample())
    await server.until(when)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(work, 1)


@pytest.mark.parametrize("dialect", ["a1111", "forge", "reforge", "sdnext"])
async def test_cancel_interrupts_the_server(farm, dialect):
    server = await farm.add(dialect=dialect)
    server.hold()
    await cancelled(farm, server, lambda one: one.active)
    await server.until(lambda one: not one.active)
    assert server.finished[-1].interrupted


async def test_an_interrupt_that_was_lost_is_sent_again(farm, monkeypatch):
    monkeypatch.setattr("lectern.sdwebui.job._AGAIN", 0.02)
    server = await farm.add(ignore_interrupts=3)
    server.hold()
    await cancelled(farm, server, lambda one: one.active)
    await server.until(lambda one: not one.active)
    assert server.interrupts == 4


async def test_a_strangers_job_is_not_interrupted_and_ours_is_when_its_turn_comes(farm, monkeypatch):
    monkeypatch.setattr("lectern.sdwebui.job._AGAIN", 0.02)
    server = await farm.add(webui=True, seconds_per_image=30)
    server.hold()
    stranger = server.stranger(0.05)
    await server.until(lambda one: one.active)
    await cancelled(farm, server, lambda one: one.queued)
    looks = len([route for route in server.routes() if route == "internal/progress"])
    await server.until(lambda one: one.routes().count("internal/progress") > looks + 3)
    assert server.interrupts == 0 and not stranger.done
    server.release()
    await server.until(lambda one: len(one.finished) == 2)
    assert not stranger.interrupted and server.finished[-1].interrupted


async def test_the_slot_stays_taken_until_the_job_is_gone(farm, monkeypatch):
    """The next order does not pile up behind a job that is about to end."""
    monkeypatch.setattr("lectern.sdwebui.job._AGAIN", 0.02)
    server = await farm.add(ignore_interrupts=5)
    server.hold()
    await cancelled(farm, server, lambda one: one.active)
    server.hold(after=10_000)
    made = await farm.sample(seed=8)
    assert made.seeds == [8]
    assert [job.interrupted for job in server.finished] == [True, False]


async def test_a_server_that_cannot_be_interrupted_is_let_go(farm):
    server = await farm.add(dialect="sdcpp")
    server.hold()
    await cancelled(farm, server, lambda one: one.active)
    assert server.interrupts == 0
    server.release()


async def test_cancel_before_the_server_is_free_sends_nothing(farm):
    server = await farm.add()
    server.hold()
    first = asyncio.create_task(farm.sample())
    await server.until(lambda one: one.active)
    second = asyncio.create_task(farm.sample(seed=99))
    await asyncio.sleep(0.05)
    second.cancel()
    await asyncio.wait([second])
    server.release()
    await first
    assert [body["seed"] for body in farm.sent()] == [7]
    assert server.interrupts == 0


async def test_a_job_that_takes_too_long_is_stopped_there(farm, monkeypatch):
    monkeypatch.setattr("lectern.sdwebui.job._AGAIN", 0.02)
    server = await farm.add(entry={"first_byte_seconds": 0.3})
    server.hold()
    with pytest.raises(ServerTimeout, match=r"did not answer in 0\.3 seconds"):
        await farm.sample()
    await server.until(lambda one: not one.active)
    assert server.finished[-1].interrupted


async def test_every_server_of_a_pool_is_stopped(farm):
    for name in "abcd":
        (await farm.add(name)).hold()
    farm.pool()
    work = asyncio.create_task(farm.sample("farm", batch_size=8))
    for server in farm.servers.values():
        await server.until(lambda one: one.active)
    work.cancel()
    await asyncio.wait([work])
    for server in farm.servers.values():
        await server.until(lambda one: not one.active)
        assert server.finished[-1].interrupted


async def test_a_wrong_request_stops_the_other_servers(farm):
    """The same request is wrong everywhere: no other server is tried, and what the others began is stopped."""
    good, bad = await farm.add("good"), await farm.add("bad")
    good.hold()
    bad.fault = Fault("invalid", route="txt2img")
    farm.pool()
    with pytest.raises(Exception, match="steps: value is not a valid integer"):
        await farm.sample("farm", batch_size=4)
    await good.until(lambda one: not one.active)
    assert len(farm.sent("bad")) == 1


async def test_progress_goes_one_way_and_shows_a_picture(farm, monkeypatch):
    monkeypatch.setattr("lectern.sdwebui.job.POLL", 0.01)
    server = await farm.add(seconds_per_image=0.15, webui=True)
    work = asyncio.create_task(farm.sample(batch_size=2, n_iter=2, enable_hr=True, hr_scale=2.0, steps=20))
    seen, pictures = [], 0
    while not work.done():
        await asyncio.wait([work], timeout=0.01)
        seen.append(farm.watch.fraction)
        pictures += farm.watch.picture() is not None
    await work
    assert seen == sorted(seen) and len(set(seen)) > 5 and seen[-1] <= 1
    assert pictures and farm.watch.fraction == 1
    assert server.interrupts == 0


async def test_a_server_that_wants_fewer_questions_gets_fewer(farm, monkeypatch):
    monkeypatch.setattr("lectern.sdwebui.job.POLL", 0.01)
    server = await farm.add(seconds_per_image=0.5, fault=Fault("too-many", route="progress"))
    await farm.sample(draft=Draft(image=picture()))
    assert server.routes().count("progress") == 1  # it said: in a second


async def test_a_task_id_of_ones_own_does_not_keep_a_job_from_being_stopped(farm, monkeypatch):
    """The server was asked for our id and not for that one, so it seemed not to be ours that ran."""
    monkeypatch.setattr("lectern.sdwebui.job.POLL", 0.01)
    server = await farm.add(webui=True, seconds_per_image=0.1)
    await farm.sample()  # the server tells tasks apart, as we know now
    server.hold()
    work = asyncio.create_task(farm.sample(force_task_id="task(mine)"))
    await server.until(lambda one: one.active)
    work.cancel()
    await asyncio.wait([work])
    await server.until(lambda one: not one.active)
    assert server.finished[-1].interrupted


async def test_a_request_that_was_lost_stops_no_strangers_job(farm, monkeypatch):
    """The server tells tasks apart and does not know ours: what runs there is somebody else's."""
    monkeypatch.setattr("lectern.sdwebui.job.POLL", 0.01)
    monkeypatch.setattr("lectern.sdwebui.job._AGAIN", 0.02)
    server = await farm.add(webui=True, seconds_per_image=0.1, entry={"first_byte_seconds": 0.5})
    await farm.sample()
    server.hold()
    stranger = server.stranger(0.05)
    await server.until(lambda one: one.active)
    server.fault = Fault("hang", route="txt2img")
    with pytest.raises(ServerTimeout):
        await farm.sample(seed=8)
    async with asyncio.timeout(5):
        await farm.hub.members("local")[0].slots.acquire()
    assert server.interrupts == 0 and not stranger.done


async def test_a_strangers_progress_is_not_shown_as_ours(farm, monkeypatch):
    """A server does not know a task before it has read the request."""
    monkeypatch.setattr("lectern.sdwebui.job.POLL", 0.01)
    server = await farm.add(webui=True, seconds_per_image=0.1)
    await farm.sample()
    server.hold(after=5)
    server.stranger(0.05)
    await server.until(lambda one: one.active and one.active[0].steps_done == 5)
    server.fault = Fault("hang", route="txt2img")
    work = asyncio.create_task(farm.sample(seed=8))
    looks = server.routes().count("internal/progress")
    await server.until(lambda one: one.routes().count("internal/progress") > looks + 3)
    assert farm.watch.fraction == 0
    work.cancel()
    await asyncio.wait([work])


async def test_a_lost_job_is_stopped_although_the_server_asks_for_patience(farm, monkeypatch):
    monkeypatch.setattr("lectern.sdwebui.job._AGAIN", 0.02)
    server = await farm.add(dialect="sdnext", entry={"first_byte_seconds": 0.3})
    server.hold()
    server.fault = Fault("too-many", route="progress", times=2)
    with pytest.raises(ServerTimeout):
        await farm.sample()
    await server.until(lambda one: not one.active, timeout=3)
    assert server.finished[-1].interrupted


@pytest.mark.parametrize("cancel", [False, True])
async def test_a_lost_request_behind_a_strangers_job_stops_only_itself(farm, monkeypatch, cancel):
    """Its time ran out in the server's queue, whether somebody still waited for it or not."""
    monkeypatch.setattr("lectern.sdwebui.job._AGAIN", 0.02)
    monkeypatch.setattr("lectern.sdwebui.job._LOST", 0.3)
    server = await farm.add(webui=True, seconds_per_image=30, entry={"first_byte_seconds": 0.3})
    server.hold()
    stranger = server.stranger(0.05)
    await server.until(lambda one: one.active)
    work = asyncio.create_task(farm.sample())
    await server.until(lambda one: one.queued)
    if cancel:
        work.cancel()
    await asyncio.wait([work])
    looks = server.routes().count("internal/progress")
    await server.until(lambda one: one.routes().count("internal/progress") > looks + 30)
    assert not stranger.interrupted
    server.release()
    await server.until(lambda one: len(one.finished) == 2, timeout=3)
    assert server.finished[-1].interrupted and not stranger.interrupted
