"""The stand-in of ComfyUI that fleets are measured with keeps ComfyUI's contract, as Lectern's own client sees it."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from lectern.apps.comfy import ComfyClient
from lectern.apps.running.messages import Event, Preview
from lectern.apps.running.wire import Wire
from lectern.apps.runs import OutputItem
from support.contract_comfy.executions import ExecutionLog, read_executions
from support.contract_comfy.pictures import picture
from support.contract_comfy.server import ContractComfy
from support.fleet.apps import TRIVIAL, WORK
from tools.server import free_port

PREFIX = "lectern/app/run-1/x"


class Desk:
    """A client with an open WebSocket, and what came over it."""

    def __init__(self, client: ComfyClient, wire: Wire, log: Path) -> None:
        self.client = client
        self.wire = wire
        self.log = log
        self.heard: list[Event] = []
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()

    async def submit(self, graph: dict[str, Any]) -> str:
        prompt_id = str(uuid.uuid4())
        answer = await self.client.submit(graph, prompt_id, self.wire.client_id)
        assert answer.status == 200, answer
        return prompt_id

    def hear(self, message: Event | Preview) -> None:
        assert isinstance(message, Event)
        self.heard.append(message)
        if message.kind == "execution_start":
            self.begun.set()
        if message.kind == "executing" and message.data["node"] is None:
            self.ended.set()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    port, log = free_port(), tmp_path / "log"
    executions = ExecutionLog(log)
    comfy = await ContractComfy(0.002, executions).start(port)
    client = ComfyClient(lambda: f"http://127.0.0.1:{port}", lambda: None)
    desk = Desk(client, Wire(client, 1), log)
    await desk.wire.attach(desk.hear, lambda: None)
    yield desk
    await desk.wire.close()
    await client.close()
    await comfy.stop()
    executions.close()


def graph(ms: int | None = None) -> dict[str, Any]:
    base, last = (TRIVIAL, "2") if ms is None else (WORK, "3")
    filled = {id: {**node, "inputs": dict(node["inputs"])} for id, node in base.items()}
    filled[last]["inputs"]["filename_prefix"] = PREFIX
    filled["1"]["inputs"]["color"] = 0x102030
    if ms is not None:
        filled["2"]["inputs"]["ms"] = ms
    return filled


async def test_a_prompt_ends_in_the_history_with_its_picture_and_in_the_log(desk: Desk):
    prompt_id = await desk.submit(graph())
    await desk.ended.wait()
    entry = await desk.client.history(prompt_id)
    assert entry is not None and entry["status"]["status_str"] == "success"
    (saved,) = entry["outputs"]["2"]["images"]
    item = OutputItem("", "2", saved["filename"], "image/png", None, saved["subfolder"], saved["type"])
    answer = await desk.client.file(item)
    assert answer is not None and await answer.read() == picture(PREFIX, 0x102030)
    assert [event.kind for event in desk.heard if event.data.get("prompt_id") == prompt_id] == [
        *("execution_start", "execution_cached", "executing", "progress_state", "progress_state"),
        *("executed", "execution_success", "executing"),
    ]
    (execution,) = read_executions(desk.log)
    assert execution.run == "run-1" and not execution.interrupted and execution.begun <= execution.ended


async def test_prompts_wait_for_each_other_and_are_canceled_wherever_they_are(desk: Desk):
    first, second = await desk.submit(graph(60_000)), await desk.submit(graph())
    await desk.begun.wait()
    waiting = await desk.client.place(second)
    assert waiting is not None and waiting.ahead == 1
    await desk.client.cancel(second)
    assert await desk.client.place(second) is None
    await desk.client.cancel(first)
    await desk.ended.wait()
    entry = await desk.client.history(first)
    assert entry is not None and entry["status"]["messages"][-1][0] == "execution_interrupted"
    assert [one.interrupted for one in read_executions(desk.log)] == [True]


async def test_a_node_that_it_has_not_is_refused(desk: Desk):
    answer = await desk.client.submit({"1": {"class_type": "Nope", "inputs": {}}}, str(uuid.uuid4()), "c")
    assert answer.status == 400 and answer.body["error"]["type"] == "missing_node_type"
