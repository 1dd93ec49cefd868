"""What gateways and workers tell each other, as values and as JSON.

Readers take what a newer Lectern may have added; the version in an advert says who may work for whom.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from typing import Any, NamedTuple

from ..graph import Target
from ..runs import Growing, OutputItem, Priority, Result, Run, RunError, RunStatus, Terms, Workflow


class Requirement(NamedTuple):
    """What a ComfyUI must have to execute a run. Runs that require the same share a lane."""

    classes: frozenset[str]
    models: frozenset[tuple[str, str, str]] = frozenset()  # (class, widget, value)
    alone: str = ""  # slug of an app of which there may be one run at a time

    @property
    def lane(self) -> str:
        content = json.dumps([sorted(self.classes), sorted(self.models), self.alone], separators=(",", ":"))
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()[:24]

    def dump(self) -> bytes:
        return _dump({"classes": sorted(self.classes), "models": sorted(self.models), "alone": self.alone})

    @staticmethod
    def load(content: bytes) -> "Requirement":
        read = json.loads(content)
        models = frozenset((str(a), str(b), str(c)) for a, b, c in read["models"])
        return Requirement(frozenset(read["classes"]), models, read.get("alone", ""))


class Job(NamedTuple):
    """A run in the queue: all that a worker needs of it, apart from its workflow."""

    run: Run
    progress_hook: bool = False  # its webhook asked for progress
    files: Mapping[str, tuple[str, str]] = {}  # by id: name and content type, of those whose bytes do not tell
    store: str = ""  # that the run is of, see origin.py

    def dump(self) -> bytes:
        run, terms = self.run, self.run.terms
        return _dump(
            {
                "id": run.id,
                "app": run.app,
                "version": run.version,
                "workflow": run.workflow,
                "input": dict(run.input),
                "created_ms": run.created_ms,
                "owner": terms.owner,
                "takes": terms.takes,
                "seeds": {name: list(seed) for name, seed in terms.seeds.items()},
                "retry": terms.retry,
                "seconds": terms.seconds,
                "deadline_ms": terms.deadline_ms,
                "priority": terms.priority,
                "alone": terms.alone,
                "attempt": run.attempt,
                "takes_done": run.takes_done,
                "progress_hook": self.progress_hook,
                "files": {name: list(facts) for name, facts in self.files.items()},
                "store": self.store,
            }
        )

    @staticmethod
    def load(content: bytes) -> "Job":
        """The run as it was queued; what has become of it since is in its `State`."""
        read = json.loads(content)
        terms = Terms(
            owner=read["owner"],
            takes=read["takes"],
            seeds={name: Growing(*limits) for name, limits in read["seeds"].items()},
            retry=read["retry"],
            seconds=read["seconds"],
            deadline_ms=read["deadline_ms"],
            priority=Priority(read["priority"]),
            alone=read["alone"],
        )
        run = Run(
            id=read["id"],
            app=read["app"],
            version=read["version"],
            workflow=read["workflow"],
            status=RunStatus.QUEUED,
            input=read["input"],
            metadata={},
            attempt=read.get("attempt", 0),
            prompt_id=None,
            outputs=(),
            error=None,
            cached_nodes=None,
            execution_ms=None,
            created_ms=read["created_ms"],
            started_ms=None,
            completed_ms=None,
            sequence=0,
            terms=terms,
            takes_done=read.get("takes_done", 0),
            expires_ms=None,
            logs="",
        )
        files = {name: (str(facts[0]), str(facts[1])) for name, facts in read.get("files", {}).items()}
        return Job(run, read["progress_hook"], files, read["store"])


class Kind(StrEnum):
    STARTED = "started"
    WAITING = "waiting"  # queued again
    PROGRESS = "progress"  # for a webhook that asked for it
    ADVANCED = "advanced"  # a take is over, and another follows
    ENDED = "ended"


class Report(NamedTuple):
    """What a worker did with a run. The same one may come twice, and after others; see store/fleet.py."""

    kind: Kind
    run: str
    worker: str
    attempt: int  # how often a worker took the run, this time included
    take: int  # that it is about
    at_ms: int
    started_ms: int | None = None
    prompt_id: str | None = None
    result: Result | None = None  # of ADVANCED and ENDED
    progress: Mapping[str, Any] | None = None  # of PROGRESS
    store: str = ""  # whose gateways are told

    @property
    def id(self) -> str:
        """The same for the same report, so that JetStream leaves out the second."""
        told = f".{self.at_ms}" if self.kind is Kind.PROGRESS else ""
        return f"{self.run}.{self.attempt}.{self.take}.{self.kind}{told}"

    def dump(self) -> bytes:
        fields = self._asdict()
        fields["result"] = None if self.result is None else _dump_result(self.result)
        return _dump(fields)

    @staticmethod
    def load(content: bytes) -> "Report":
        read = json.loads(content)
        known = {name: read[name] for name in Report._fields if name in read}
        known["kind"] = Kind(known["kind"])
        known["result"] = None if read.get("result") is None else _load_result(read["result"])
        return Report(**known)


class State(NamedTuple):
    """Who has a run. Written only by comparing with what was there: whoever fails at that has lost the run."""

    worker: str
    attempt: int  # how often a worker took the run, which only grows
    take: int  # that is in work, or follows
    prompt_id: str | None = None  # ComfyUI's, of the take in work
    started_ms: int | None = None
    reply: str = ""  # where the message of the queue is acknowledged, also by a worker that was started again
    ended: bool = False
    report: str = ""  # the last one that changes the run, as text; whoever takes the run over sends it again
    lost_by: tuple[str, ...] = ()  # workers that lost the take in work: they died, or their ComfyUI did
    given: int = 0  # outputs of the takes before

    def dump(self) -> bytes:
        return _dump(self._asdict())

    @staticmethod
    def load(content: bytes) -> "State":
        read = json.loads(content)
        known = {name: read[name] for name in State._fields if name in read}
        known["lost_by"] = tuple(read.get("lost_by", ()))
        return State(**known)


class Device(NamedTuple):
    name: str
    vram_total: int  # bytes
    vram_free: int


class Advert(NamedTuple):
    """What a worker says of itself every few seconds."""

    name: str
    version: str  # Lectern's
    nodes: str  # digest of its ComfyUI's `/object_info`, which lies among the graphs
    comfyui: str  # its version; empty when it does not answer
    devices: tuple[Device, ...] = ()
    ram_free: int = 0  # bytes
    run: str = ""  # that it has
    app: str = ""
    warm: tuple[str, ...] = ()  # lanes whose models are probably in memory
    draining: bool = False
    refused: str = ""  # why it takes nothing, in a sentence
    since_ms: int = 0

    def dump(self) -> bytes:
        return _dump({**self._asdict(), "devices": [device._asdict() for device in self.devices]})

    @staticmethod
    def load(content: bytes) -> "Advert":
        read = json.loads(content)
        known = {name: read[name] for name in Advert._fields if name in read}
        known["devices"] = tuple(Device(**device) for device in read.get("devices", ()))
        known["warm"] = tuple(read.get("warm", ()))
        return Advert(**known)


class Dead(NamedTuple):
    """A run that was given up because its workers died."""

    run: str
    app: str
    attempts: int
    workers: tuple[str, ...]  # the last ones that had it
    at_ms: int

    def dump(self) -> bytes:
        return _dump(self._asdict())

    @staticmethod
    def load(content: bytes) -> "Dead":
        read = json.loads(content)
        return Dead(read["run"], read["app"], read["attempts"], tuple(read["workers"]), read["at_ms"])


class Event(NamedTuple):
    """What happened to a run, for those who listen to it; `data` is what they get."""

    name: str  # status, progress, output, log, completed
    data: Mapping[str, Any]
    item: OutputItem | None = None  # of output: the file, which lies among the outputs by then

    def dump(self) -> bytes:
        return _dump({**self._asdict(), "item": None if self.item is None else asdict(self.item)})

    @staticmethod
    def load(content: bytes) -> "Event":
        read = json.loads(content)
        item = read.get("item")
        return Event(read["name"], read["data"], None if item is None else OutputItem(**item))


class Shown(NamedTuple):
    """A preview, as listeners get it."""

    data: Mapping[str, Any]  # node_id, content_type, data_base64

    def dump(self) -> bytes:
        return _dump(self.data)

    @staticmethod
    def load(content: bytes) -> "Shown":
        return Shown(json.loads(content))


def workflow_name(digest: str) -> str:
    """Of the document among the graphs."""
    return f"workflow.{digest}"


def nodes_name(digest: str) -> str:
    return f"nodes.{digest}"


def dump_workflow(workflow: Workflow) -> dict[str, Any]:
    return {"graph": workflow.graph, "targets": workflow.targets, "outputs": workflow.outputs}


def load_workflow(read: Mapping[str, Any]) -> Workflow:
    targets = {name: Target.read(fields) for name, fields in read["targets"].items()}
    return Workflow(read["graph"], targets, read["outputs"])


def _dump_result(result: Result) -> dict[str, Any]:
    error = None if result.error is None else result.error._asdict()
    return {**result._asdict(), "error": error, "outputs": [asdict(item) for item in result.outputs]}


def _load_result(read: Mapping[str, Any]) -> Result:
    return Result(
        RunStatus(read["status"]),
        None if read["error"] is None else RunError(**read["error"]),
        tuple(OutputItem(**item) for item in read["outputs"]),
        read["cached_nodes"],
        read["execution_ms"],
        read["logs"],
    )


def _dump(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
