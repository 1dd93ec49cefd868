"""The queue and the one prompt in work: a thread that ComfyUI has, and a task here."""

import asyncio
import itertools
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from .executions import Execution, ExecutionLog, run_of
from .pictures import picture
from .shapes import Message, history_entry, saved_names

HISTORY = 10_000  # entries, as ComfyUI
STEPS = 2  # that a prompt reports

Tell = Callable[[str, str, Mapping[str, Any]], Awaitable[None]]  # client, kind, data


class Job(NamedTuple):
    prompt_id: str
    graph: Mapping[str, Any]
    client: str

    @property
    def prefix(self) -> str:
        """Of the first picture that it saves."""
        saving = (node for node in self.graph.values() if node["class_type"] == "SaveImage")
        return next((node["inputs"]["filename_prefix"] for node in saving), "")


class Machine:
    def __init__(self, seconds: float, tell: Tell, log: ExecutionLog | None = None) -> None:
        self.pending: dict[str, Job] = {}
        self.running: Job | None = None
        self.history: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self.files: dict[tuple[str, str, str], bytes] = {}  # by folder, subfolder and name
        self._seconds = seconds  # that a prompt takes
        self._tell = tell
        self._log = log
        self._wake = asyncio.Event()
        self._stop = asyncio.Event()

    def put(self, job: Job) -> None:
        self.pending[job.prompt_id] = job
        self._wake.set()

    def interrupt(self, prompt_id: str | None = None) -> bool:
        """Stops what runs, if it is that one."""
        if self.running is None or prompt_id not in (None, self.running.prompt_id):
            return False
        self._stop.set()
        return True

    def cancel(self, prompt_id: str) -> bool:
        return self.pending.pop(prompt_id, None) is not None or self.interrupt(prompt_id)

    async def work(self) -> None:
        while True:
            self._wake.clear()
            while self.pending:
                self.running = self.pending.pop(next(iter(self.pending)))
                await self._execute(self.running)
            await self._wake.wait()

    async def _execute(self, job: Job) -> None:
        self._stop.clear()
        begun = time.time()
        start = ("execution_start", {"prompt_id": job.prompt_id, "timestamp": _milliseconds()})
        cached = ("execution_cached", {"nodes": [], "prompt_id": job.prompt_id, "timestamp": _milliseconds()})
        for kind, data in (start, cached):
            await self._tell(job.client, kind, data)
        interrupted = await self._go_through(job)
        outputs = {} if interrupted else await self._save(job)
        end = _interrupted(job) if interrupted else ("execution_success", {})
        last = (end[0], {**end[1], "prompt_id": job.prompt_id, "timestamp": _milliseconds()})
        self._note(job, begun, interrupted)
        await self._tell(job.client, *last)
        self._remember(job, outputs, [start, cached, last], ok=not interrupted)
        await self._tell(job.client, "executing", {"node": None, "prompt_id": job.prompt_id})

    async def _go_through(self, job: Job) -> bool:
        """The time that it takes, with steps in the first node; whether it was interrupted."""
        first = next(iter(job.graph))
        wanted = (node["inputs"].get("ms", 0) / 1000 for node in job.graph.values())
        seconds = max(self._seconds, sum(wanted))
        await self._tell(job.client, "executing", {"node": first, "display_node": first, "prompt_id": job.prompt_id})
        for step in range(1, STEPS + 1):
            try:
                async with asyncio.timeout(seconds / STEPS):
                    await self._stop.wait()
                    return True
            except TimeoutError:
                await self._tell(job.client, "progress_state", _progress(job.prompt_id, first, step))
        return False

    async def _save(self, job: Job) -> dict[str, Any]:
        outputs = {}
        for node_id, saved in self._names(job).items():
            where = (saved["type"], saved["subfolder"], saved["filename"])
            self.files[where] = picture(job.prefix, _color(job.graph))
            outputs[node_id] = {"images": [saved]}
            told = {"node": node_id, "display_node": node_id, "output": outputs[node_id], "prompt_id": job.prompt_id}
            await self._tell(job.client, "executed", told)
        return outputs

    def _names(self, job: Job) -> dict[str, dict[str, str]]:
        """That no file has."""
        for counter in itertools.count(1):
            names = saved_names(job.graph, counter)
            if not any((one["type"], one["subfolder"], one["filename"]) in self.files for one in names.values()):
                return names
        raise AssertionError

    def _note(self, job: Job, begun: float, interrupted: bool) -> None:
        if self._log is not None:
            self._log.add(Execution(run_of(job.prefix), job.prefix, begun, time.time(), interrupted))

    def _remember(self, job: Job, outputs: Any, messages: list[Message], ok: bool) -> None:
        self.history[job.prompt_id] = history_entry(job.prompt_id, job.graph, outputs, messages, ok)
        self.running = None
        while len(self.history) > HISTORY:
            self.history.popitem(last=False)


def _interrupted(job: Job) -> Message:
    node_id, node = next(iter(job.graph.items()))
    return "execution_interrupted", {"node_id": node_id, "node_type": node["class_type"], "executed": []}


def _progress(prompt_id: str, node_id: str, step: int) -> dict[str, Any]:
    names = {"node_id": node_id, "display_node_id": node_id, "parent_node_id": None, "real_node_id": node_id}
    facts = {"value": step, "max": STEPS, "state": "running", "prompt_id": prompt_id, **names}
    return {"prompt_id": prompt_id, "nodes": {node_id: facts}}


def _color(graph: Mapping[str, Any]) -> int:
    return next((node["inputs"]["color"] for node in graph.values() if "color" in node["inputs"]), 0)


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000
