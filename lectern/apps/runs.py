"""A run: one execution of one version of an app. Its states and what is recorded of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

from .graph import Graph, Target
from .nodeinfo import Scalar


class RunStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    CANCELING = "canceling"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"
    FAILED = "failed"
    EXPIRED = "expired"  # ended, and its inputs and outputs are gone


ENDS = frozenset({RunStatus.SUCCEEDED, RunStatus.CANCELED, RunStatus.FAILED})
FINISHED = ENDS | {RunStatus.EXPIRED}
IN_FLIGHT = frozenset({RunStatus.RUNNING, RunStatus.CANCELING})

# A run that is being cancelled may still end as something else: ComfyUI had finished it before the cancel arrived.
_SUCCESSORS = {
    RunStatus.QUEUED: frozenset({RunStatus.RUNNING, RunStatus.CANCELED, RunStatus.FAILED}),
    RunStatus.RUNNING: frozenset({RunStatus.QUEUED, RunStatus.CANCELING, *ENDS}),
    RunStatus.CANCELING: ENDS,
    **dict.fromkeys(ENDS, frozenset({RunStatus.EXPIRED})),
}


def predecessors(status: RunStatus) -> frozenset[RunStatus]:
    """The states from which a run may come to `status`."""
    return frozenset(before for before, after in _SUCCESSORS.items() if status in after)


class RunError(NamedTuple):
    """Why a run did not succeed, in one sentence, and the node at fault where there is one."""

    code: str
    message: str
    node_id: str | None = None
    class_type: str | None = None
    title: str | None = None  # the node's


@dataclass(frozen=True)
class OutputItem:
    """One file or text that a run gave."""

    output: str  # the output's name in the contract
    node_id: str
    name: str  # file name
    content_type: str
    size_bytes: int | None = None  # None: ComfyUI did not say
    subfolder: str = ""
    folder: str = "output"  # ComfyUI's `type`: output or temp
    text: str | None = None  # a text that lies in no file
    take: int = 0  # which of the run's executions gave it


@dataclass(frozen=True)
class Workflow:
    """What a run executes, whatever happens to the app meanwhile."""

    graph: Graph
    targets: Mapping[str, Target]  # input name -> the widget that it sets
    outputs: Mapping[str, str]  # node id -> output name

    @cached_property
    def digest(self) -> str:
        content = json.dumps([self.graph, self.targets, self.outputs], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


class Hook(NamedTuple):
    """Where the run's events are sent."""

    url: str
    events: tuple[str, ...]  # start, output, progress, completed


class Priority(StrEnum):
    INTERACTIVE = "interactive"  # somebody waits for it
    BATCH = "batch"  # it may wait for those


class Growing(NamedTuple):
    """A seed that is one larger in every take, and wraps within its limits."""

    minimum: int
    maximum: int

    def of(self, first: int, take: int) -> int:
        return self.minimum + (first - self.minimum + take) % (self.maximum - self.minimum + 1)


@dataclass(frozen=True)
class Terms:
    """What a run is bound to, beside its input."""

    owner: str = ""  # id of the key that submitted it; empty without one
    takes: int = 1  # executions, `n`
    seeds: Mapping[str, Growing] = field(default_factory=dict)  # by name of the input
    retry: bool = True  # once more when ComfyUI lost it
    seconds: int | None = None  # that one execution may take
    deadline_ms: int | None = None  # canceled when it has not ended by then
    webhook: Hook | None = None
    priority: Priority = Priority.INTERACTIVE
    alone: bool = False  # no other run of its app at the same time


@dataclass(frozen=True)
class NewRun:
    """A run as it is submitted; everything in it is already checked."""

    id: str
    app: str
    version: int
    workflow: Workflow
    input: Mapping[str, Scalar]
    metadata: Mapping[str, str]
    created_ms: int  # milliseconds since 1970, UTC; so are all `_ms` points in time
    terms: Terms = Terms()


@dataclass(frozen=True)
class Run:
    """A run as it is stored."""

    id: str
    app: str
    version: int
    workflow: str  # digest of its Workflow
    status: RunStatus
    input: Mapping[str, Any]
    metadata: Mapping[str, str]
    attempt: int  # how often the take in work was given to ComfyUI
    prompt_id: str | None  # ComfyUI's id of the latest attempt
    outputs: tuple[OutputItem, ...]  # of all takes so far
    error: RunError | None
    cached_nodes: int | None  # of all takes together, as execution_ms
    execution_ms: int | None  # duration
    created_ms: int
    started_ms: int | None
    completed_ms: int | None
    sequence: int  # grows from run to run
    terms: Terms
    takes_done: int
    expires_ms: int | None
    logs: str
    worker: str = ""  # in a fleet, the name of the worker that has or had it

    @property
    def finished(self) -> bool:
        return self.status in FINISHED

    @property
    def last_take(self) -> bool:
        return self.takes_done + 1 >= self.terms.takes

    @property
    def values(self) -> dict[str, Any]:
        """The input of the take in work."""
        grown = {name: seed.of(int(self.input[name]), self.takes_done) for name, seed in self.terms.seeds.items()}
        return {**self.input, **grown}


class Result(NamedTuple):
    """How a take ended, and with it, unless it succeeded and others follow, the run."""

    status: RunStatus
    error: RunError | None = None
    outputs: tuple[OutputItem, ...] = ()
    cached_nodes: int | None = None
    execution_ms: int | None = None
    logs: str = ""
