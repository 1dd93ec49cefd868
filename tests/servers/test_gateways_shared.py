"""Several gateways over one PostgreSQL database."""

import asyncio
import io

import pytest

from unit.apps.fake_comfy import FakeComfy, hold
from unit.apps.media import picture
from unit.fleet.gateway_house import Town
from unit.fleet.nats import NatsServer


@pytest.fixture
async def city(tmp_path, postgres):
    nats = await NatsServer(tmp_path).start()
    made = Town(tmp_path, nats, postgres.cleared())
    yield made
    try:
        await made.stop()
    finally:
        await nats.stop()


async def test_runs_of_all_gateways_are_executed_once_each_and_whoever_waits_is_answered(city):
    gates = [await city.gate() for _ in range(3)]
    comfys = [await city.worker(f"w{number}") for number in range(2)]
    await city.ready(gates[0])
    asked = [gates[number % 3].submit() for number in range(30)]
    runs = [run["id"] for _, run in await asyncio.gather(*asked)]
    views = await asyncio.gather(*(gates[(number + 1) % 3].ended(run) for number, run in enumerate(runs)))
    assert {view["status"] for view in views} == {"succeeded"}
    assert sum(comfy.submitted.qsize() for comfy in comfys) == 30


async def test_what_one_gateway_starts_another_one_cancels(city):
    first, second = await city.gate(), await city.gate()
    comfy = await city.worker()
    comfy.script = hold
    await city.ready(first)
    _, run = await first.submit()
    await comfy.submitted.get()
    waiting = asyncio.create_task(first.ended(run["id"]))
    await second.post(f"/runs/{run['id']}/cancel")
    async with asyncio.timeout(1):
        assert (await waiting)["status"] == "canceled"


async def test_a_file_that_one_gateway_took_is_given_by_another(city):
    first, second = await city.gate(), await city.gate()
    await city.worker(comfy=FakeComfy())
    await city.ready(first)
    content = picture()
    kept = await (await first.post("/files", data={"file": io.BytesIO(content)})).json()
    answer = await second.client.get(kept["url"])
    assert await answer.read() == content


async def test_runs_of_a_gateway_that_died_go_on(city):
    first, second = await city.gate(), await city.gate()
    comfy = await city.worker()
    comfy.script = hold
    await city.ready(second)
    runs = [(await first.submit())[1]["id"] for _ in range(3)]
    city.gates.remove(first)
    await first.close()
    for _ in runs:
        await comfy.end(await comfy.submitted.get())
    assert {(await second.ended(run))["status"] for run in runs} == {"succeeded"}
