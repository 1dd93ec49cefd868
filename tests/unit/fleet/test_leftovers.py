"""Messages that a killed nats-server brought back: those of runs that have ended are deleted, others stay."""

from lectern.apps.fleet import topology
from lectern.apps.fleet.leftovers import Leftovers
from lectern.apps.fleet.messages import Job
from lectern.apps.store.runs import Bounds
from unit.fleet.gateway_house import a_new_run, engine_of, until

# No worker ever looks into this queue, so no consumer has its messages before it: as after a kill.
ORPHANED = topology.queue("lane", "interactive", "-")


async def test_only_messages_of_runs_that_ended_are_deleted(town):
    gate = await town.gate()
    await town.worker()
    await town.ready(gate)
    _, ended = await gate.submit(wait="wait=10")
    link = engine_of(gate)._link
    waiting = a_new_run()
    await town.dismiss("w1")
    await town.storage.call(lambda store: store.runs.insert(waiting, Bounds(10)))
    jobs = [await town.storage.call(lambda store, id=id: store.fleet.job(id)) for id in (ended["id"], waiting.id)]
    for run, _ in jobs:
        await link.js.publish(ORPHANED, Job(run, False).dump())
    await link.js.publish(ORPHANED, b"of a newer Lectern")
    leftovers = Leftovers(link, town.storage)
    assert await leftovers.clear() == 1
    assert await leftovers.clear() == 0
    state = (await link.js.stream_info(topology.RUNS_STREAM, subjects_filter=ORPHANED)).state
    assert state.subjects == {ORPHANED: 2}


async def test_nothing_is_looked_at_while_consumers_have_everything_before_them(town, monkeypatch):
    gate = await town.gate()
    comfy = await town.worker()
    comfy.websockets = False
    await town.ready(gate)
    await gate.submit(wait="wait=10")
    link = engine_of(gate)._link

    async def refuse(*_: object) -> None:
        raise AssertionError("it looked")

    async def empty() -> bool:
        return not (await link.js.stream_info(topology.RUNS_STREAM)).state.messages

    await until(empty)
    monkeypatch.setattr(Leftovers, "_some", refuse)
    assert await Leftovers(link, town.storage).clear() == 0
