"""Workers die at any moment: the run ends exactly once, and its report arrives.

A real nats-server and fake ComfyUIs; here because it takes longer than tests of a unit may.
"""

import asyncio
import os

from lectern.apps.fleet import topology
from lectern.apps.fleet.messages import Kind
from lectern.apps.runs import RunStatus
from unit.apps.fake_comfy import begin
from unit.fleet.worker_fixtures import crew, hasty, office, worker_nats
from unit.fleet.worker_house import Crew, crash, opened

__all__ = ["crew", "hasty", "office", "worker_nats"]

STEPS = 31  # messages to NATS, of which a run needs fewer
AT_ONCE = 8
SAME = int(os.environ.get("LECTERN_FLEET_DEATHS", "1"))  # 0: the other half of the cases
ADVERTS = f"$KV.{topology.WORKERS}."


class Fuse:
    """Kills a worker after so many messages to NATS, counted from the one by which it gets the run."""

    def __init__(self, worker, steps):
        self.burnt = asyncio.Event()
        self.subjects = []
        self._left = steps
        self._publish = worker.link.client.publish
        worker.link.client.publish = self._send

    async def _send(self, subject, payload=b"", **options):
        if self.burnt.is_set():
            await asyncio.Event().wait()
        await self._publish(subject, payload, **options)
        if self.subjects or (topology.RUNS_STREAM in subject and "MSG.NEXT" in subject):
            if subject.startswith(ADVERTS):
                return
            self.subjects.append(subject)
            if len(self.subjects) == self._left:
                self.burnt.set()
                await asyncio.Event().wait()


async def die_and_be_replaced(folder, server, steps, same_name):
    """How many messages the first worker got to send."""
    async with opened(server) as office:
        crew = Crew(folder, server, office)
        comfy = await crew.comfy()
        first = crew.worker(comfy, f"first-{office.only}")
        await ready(first)
        fuse = Fuse(first, steps)
        run = await office.submit()
        over = asyncio.create_task(office.ended(run))
        burnt = asyncio.create_task(fuse.burnt.wait())
        await asyncio.wait([over, burnt], return_when=asyncio.FIRST_COMPLETED)
        if fuse.burnt.is_set():
            crew.workers.remove(first)
            await crash(first)
            await office.workers.delete(first.board.name)
            crew.worker(comfy, first.board.name if same_name else "")
        ended = await over
        assert ended.result.status is RunStatus.SUCCEEDED
        assert len(office.of(run, Kind.ENDED)) == 1
        assert (await office.state(run)).ended
        assert 1 <= comfy.submitted.qsize() <= 2
        assert await office.outputs.read(ended.result.outputs[0].subfolder)
        async with asyncio.timeout(5):
            while await office.messages(run):  # noqa: ASYNC110 - nobody says when it is acknowledged
                await asyncio.sleep(0.02)
        burnt.cancel()
        await crew.stop()
        return len(fuse.subjects)


async def ready(worker):
    async with asyncio.timeout(10):
        while not worker.board.open:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_death_after_every_message(tmp_path, worker_nats, hasty):
    """The worker is started again after an odd number of messages, and replaced by another after an even one."""
    sent, slots = [], asyncio.Semaphore(AT_ONCE)

    async def live_and_die(steps):
        async with slots:
            sent.append(await die_and_be_replaced(tmp_path, worker_nats, steps, same_name=steps % 2 == SAME))

    await asyncio.gather(*map(live_and_die, range(1, STEPS)))
    assert max(sent) < STEPS - 1, "the last ones are runs that nobody disturbed"


async def test_a_run_that_kills_its_workers_is_given_up(office, crew, hasty):
    comfy = await crew.comfy()
    comfy.script = begin
    run = await office.submit()
    for _ in range(3):
        worker = crew.worker(comfy)
        await comfy.submitted.get()
        crew.workers.remove(worker)
        await crash(worker)
        await office.workers.delete(worker.board.name)
    crew.worker(comfy)
    ended = await office.ended(run)
    assert ended.result.error.code == "lost_on_restart"
    dead = await office.link.bucket(topology.DEAD).get(run)
    assert b'"attempts":3' in dead.value and comfy.submitted.empty()


async def test_an_app_that_wants_no_second_try_gets_none(office, crew, hasty):
    comfy = await crew.comfy()
    comfy.script = begin
    run = await office.submit(retry=False)
    worker = crew.worker(comfy)
    await comfy.submitted.get()
    crew.workers.remove(worker)
    await crash(worker)
    await office.workers.delete(worker.board.name)
    crew.worker(comfy)
    assert (await office.ended(run)).result.error.code == "lost_on_restart"
    assert comfy.submitted.empty()


async def test_a_run_that_comfyui_finished_meanwhile_is_not_executed_again(office, crew, hasty):
    comfy = await crew.comfy()
    comfy.script = begin
    run = await office.submit()
    worker = crew.worker(comfy, f"again-{office.only}")
    prompt = await comfy.submitted.get()
    await office.report(run, Kind.STARTED)
    crew.workers.remove(worker)
    await crash(worker)
    await comfy.end(prompt)
    crew.worker(comfy, worker.board.name)
    ended = await office.ended(run)
    assert (ended.result.status, ended.attempt) == (RunStatus.SUCCEEDED, 1) and comfy.submitted.empty()


async def test_what_another_worker_has_by_now_is_canceled_in_comfyui(office, crew, hasty):
    first, second = await crew.comfy(), await crew.comfy()
    first.script = begin
    run = await office.submit()
    worker = crew.worker(first, f"late-{office.only}")
    prompt = await first.submitted.get()
    crew.workers.remove(worker)
    await crash(worker)
    await office.workers.delete(worker.board.name)
    crew.worker(second)
    await office.ended(run)
    crew.worker(first, worker.board.name)
    assert await asyncio.wait_for(first.cancels.get(), 5) == prompt


async def test_a_run_is_let_go_when_nats_does_not_answer(office, crew, hasty):
    first, second = await crew.comfy(), await crew.comfy()
    first.script = begin
    run = await office.submit()
    worker = crew.worker(first)
    prompt = await first.submitted.get()
    await office.report(run, Kind.STARTED)
    publish, cut = worker.link.client.publish, asyncio.Event()

    async def swallow(subject, *words, **options):
        if not cut.is_set():
            return
        await publish(subject, *words, **options)

    worker.link.client.publish = swallow
    await office.workers.delete(worker.board.name)
    crew.worker(second)
    assert (await office.ended(run)).worker != worker.board.name
    assert await asyncio.wait_for(first.cancels.get(), 10) == prompt
    cut.set()
    assert len(office.of(run, Kind.ENDED)) == 1


async def test_a_second_message_of_a_run_changes_nothing(office, crew, hasty):
    first, second = await crew.comfy(), await crew.comfy()
    first.script = begin
    run = await office.submit()
    worker = crew.worker(first)
    prompt = await first.submitted.get()
    crew.worker(second)
    held = worker.ledger.held
    await office.publish(held.job, held.delivery.queue.lane, 2)
    await asyncio.sleep(0.3)  # in which the second worker looks at it a few times
    assert second.submitted.empty()
    await first.end(prompt)
    await office.ended(run)
    async with asyncio.timeout(5):
        while await office.messages(run):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert second.submitted.empty() and (await office.state(run)).attempt == 1
