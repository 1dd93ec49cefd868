"""A worker: runs from the queue, executed on its ComfyUI, reported to whoever stores them."""

import asyncio

from lectern.apps.fleet.messages import Kind
from lectern.apps.runs import RunStatus


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
