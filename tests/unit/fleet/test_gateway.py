"""A gateway: runs go to workers by way of NATS, and callers see no difference to one ComfyUI."""

from unit.apps.sse import events
from unit.fleet.gateway_house import until


async def test_a_run_is_executed_by_a_worker(town):
    gate = await town.gate()
    await town.worker()
    await until(lambda: town.ready(gate))
    status, run = await gate.submit(wait="wait=10")
    assert (status, run["status"]) == (200, "succeeded")
    assert run["worker"] == "w1"
    (output,) = run["outputs"]
    answer = await gate.client.get(output["url"])
    assert await answer.read() == f"\x89PNG lectern/tiny/{run['id']}".encode("latin-1")
