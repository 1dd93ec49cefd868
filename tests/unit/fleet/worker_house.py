"""A real nats-server, workers in this process over fake ComfyUIs, and the gateways' side played by the tests."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from lectern.apps.comfy import ComfyClient
from lectern.apps.fleet import topology
from lectern.apps.fleet.link import Access, Link
from lectern.apps.fleet.messages import Advert, Event, Job, Kind, Report, Requirement, State, dump_workflow
from lectern.apps.fleet.shelves import Documents, Parcels, Shelf
from lectern.apps.fleet.worker.kv import Values
from lectern.apps.fleet.worker.process import Plan, Worker
from lectern.apps.graph import Target
from lectern.apps.running.dispatcher import Pace
from lectern.apps.runs import Run, RunStatus, Terms, Workflow
from lectern.settings import Settings
from unit.apps.fake_comfy import FakeComfy
from unit.apps.samples import GRAPH
from unit.fleet.nats import NatsServer

VERSION = "1.2.3"
PACE = Pace(poll=0.02, retry=0.01, retry_limit=0.02)
SECONDS = 10.0  # that anything may take


class Office:
    """What gateways do, as far as workers see it: puts runs into the queue, hears reports and events."""

    def __init__(self, server: NatsServer) -> None:
        self.link = Link(lambda: Access((server.url,)), "tests")
        self.only = f"Only{uuid.uuid4().hex[:12]}"  # a node class that no other test's workers have
        self.reports: dict[str, Report] = {}
        self.repeated: list[str] = []
        self.events: list[tuple[str, Event]] = []
        self.documents = Documents(self.link)
        self.states = Values(self.link, topology.STATES)
        self.workers = Values(self.link, topology.WORKERS)
        self.outputs = Shelf(self.link, topology.OUTPUTS)
        self.inputs = Shelf(self.link, topology.INPUTS)
        self._news = asyncio.Event()
        self._parcels = Parcels(self.link)
        self.link.welcome(self._subscribe)

    async def start(self) -> None:
        self.link.start()
        await self.link.ready()

    async def connected(self) -> None:
        """Once more, after NATS was away."""
        async with asyncio.timeout(SECONDS):
            while self.link.problem:  # noqa: ASYNC110 - nobody says when
                await asyncio.sleep(0.01)

    async def _subscribe(self) -> None:
        await self.link.client.subscribe(f"{topology.REPORTS}.*", cb=self._report)
        await self.link.client.subscribe(f"{topology.EVENTS}.*", cb=self._event)

    async def _report(self, message: Any) -> None:
        report = Report.load(message.data)
        name = message.headers["Nats-Msg-Id"]
        if name in self.reports:
            self.repeated.append(name)
        self.reports.setdefault(name, report)
        self._news.set()

    async def _event(self, message: Any) -> None:
        self.events.append((message.subject.rpartition(".")[2], Event.load(message.data)))
        self._news.set()

    def workflow(self, *classes: str) -> Workflow:
        extra = {str(90 + n): {"class_type": name, "inputs": {}} for n, name in enumerate((self.only, *classes))}
        targets = {"width": Target("1", "width"), "strength": Target("2", "strength")}
        return Workflow({**GRAPH, **extra}, targets, {"3": "picture"})

    async def submit(
        self,
        *classes: str,
        owner: str = "",
        alone: str = "",
        run_input: dict[str, Any] | None = None,
        workflow: Workflow | None = None,
        hook: bool = False,
        files: dict[str, tuple[str, str]] | None = None,
        **terms: Any,
    ) -> str:
        """The id of a run that is in the queue now."""
        workflow = workflow or self.workflow(*classes)
        required = Requirement(frozenset(node["class_type"] for node in workflow.graph.values()), alone=alone)
        run = a_run(workflow, run_input or {"width": 64}, Terms(owner=owner, alone=bool(alone), **terms))
        await self.documents.put(f"workflow.{workflow.digest}", dump_workflow(workflow))
        await Values(self.link, topology.LANES).put(required.lane, required.dump())
        await self.publish(Job(run, hook, files or {}, "house"), required.lane)
        return run.id

    async def publish(self, job: Job, lane: str, number: int = 1) -> None:
        subject = topology.queue(lane, job.run.terms.priority, job.run.terms.owner)
        content = await self._parcels.pack(job.dump())
        await self.link.js.publish(subject, content, headers={"Nats-Msg-Id": f"{job.run.id}.{number}"})

    async def cancel(self, run_id: str, reason: bytes = b"", tell: bool = True) -> None:
        await Values(self.link, topology.CANCELS).put(run_id, reason)
        if tell:
            await self.link.client.publish(f"{topology.CANCEL}.{run_id}", reason)

    async def until(self, seen: Callable[[], Any], seconds: float = SECONDS) -> Any:
        """What `seen` gives, once it gives something."""
        async with asyncio.timeout(seconds):
            while not (found := seen()):
                self._news.clear()
                await self._news.wait()
        return found

    async def report(self, run_id: str, kind: Kind, seconds: float = SECONDS) -> Report:
        return await self.until(lambda: next(iter(self.of(run_id, kind)), None), seconds)

    async def ended(self, run_id: str, seconds: float = SECONDS) -> Report:
        return await self.report(run_id, Kind.ENDED, seconds)

    def of(self, run_id: str, kind: Kind | None = None) -> list[Report]:
        return [r for r in self.reports.values() if r.run == run_id and kind in (None, r.kind)]

    async def state(self, run_id: str) -> State:
        entry = await self.states.read(run_id)
        assert entry is not None and entry.value
        return State.load(entry.value)

    async def advert(self, name: str) -> Advert | None:
        entry = await self.workers.read(name)
        return Advert.load(entry.value) if entry is not None and entry.value else None

    async def messages(self, run_id: str) -> int:
        """How many messages of the run the queue has."""
        info = await self.link.js.stream_info(topology.RUNS_STREAM, subjects_filter=">")
        count = 0
        for number in range(info.state.first_seq, info.state.last_seq + 1):
            try:
                message = await self.link.js.get_msg(topology.RUNS_STREAM, number)
            except Exception:  # noqa: BLE001 - acknowledged
                continue
            count += json.loads(message.data or b"{}").get("id") == run_id
        return count


def a_run(workflow: Workflow, run_input: dict[str, Any], terms: Terms) -> Run:
    return Run(
        id=str(uuid.uuid4()),
        app="tiny",
        version=1,
        workflow=workflow.digest,
        status=RunStatus.QUEUED,
        input=run_input,
        metadata={},
        attempt=0,
        prompt_id=None,
        outputs=(),
        error=None,
        cached_nodes=None,
        execution_ms=None,
        created_ms=1,
        started_ms=None,
        completed_ms=None,
        sequence=1,
        terms=terms,
        takes_done=0,
        expires_ms=None,
        logs="",
    )


class Crew:
    """Makes workers, and ends them."""

    def __init__(self, folder: Path, server: NatsServer, office: Office) -> None:
        self._folder = folder
        self._server = server
        self._office = office
        self.workers: list[Worker] = []
        self.comfys: list[FakeComfy] = []

    async def comfy(self, *classes: str) -> FakeComfy:
        """A ComfyUI that can execute the office's runs."""
        comfy = FakeComfy()
        comfy.object_info |= {name: {"input": {}} for name in (self._office.only, *classes)}
        await comfy.start()
        self.comfys.append(comfy)
        return comfy

    def worker(self, comfy: FakeComfy, name: str = "", version: str = VERSION) -> Worker:
        plan = Plan(
            name=name or f"w{uuid.uuid4().hex[:8]}",
            version=version,
            folder=self._folder,
            access=lambda: Access((self._server.url,)),
            settings=Settings,
            pace=PACE,
        )
        worker = Worker(plan, ComfyClient(comfy.url, lambda: None))
        worker.start()
        self.workers.append(worker)
        return worker

    async def stop(self) -> None:
        await asyncio.gather(*(worker.stop() for worker in self.workers))
        await asyncio.gather(*(comfy.stop() for comfy in self.comfys))


@asynccontextmanager
async def opened(server: NatsServer) -> AsyncIterator[Office]:
    made = Office(server)
    await made.start()
    yield made
    await made.link.stop()


async def crash(worker: Worker) -> None:
    """As kill -9: nothing more is said to anybody."""
    client = worker.link.client
    client.options["allow_reconnect"] = False
    speaker = worker._hands.speaker._task
    parts = (worker.ledger._keeper._task, worker._dispatcher._task, worker.link._task, speaker)
    tasks = [*worker._tasks, *worker._reporter._tasks, *(task for task in parts if task is not None)]
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=1)
    await worker._dispatcher._wire.close()
    await worker._client.close()
    await client.close()
