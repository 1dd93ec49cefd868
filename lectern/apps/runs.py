"""A run: one execution of one version of an app. Its states and what is recorded of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
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


FINISHED = frozenset({RunStatus.SUCCEEDED, RunStatus.CANCELED, RunStatus.FAILED})
IN_FLIGHT = frozenset({RunStatus.RUNNING, RunStatus.CANCELING})

# A run that is being cancelled may still end as something else: ComfyUI had finished it before the cancel arrived.
_SUCCESSORS = {
    RunStatus.QUEUED: frozenset({RunStatus.RUNNING, RunStatus.CANCELED, RunStatus.FAILED}),
    RunStatus.RUNNING: frozenset({RunStatus.QUEUED, RunStatus.CANCELING, *FINISHED}),
    RunStatus.CANCELING: FINISHED,
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


@dataclass(frozen=True)
class Workflow:
    """What a run executes, whatever happens to the app meanwhile."""

    graph: Graph
    targets: Mapping[str, Target]  # input name -> the widget that it sets
    outputs: Mapping[str, str]  # node id -> output name

    @property
    def digest(self) -> str:
        content = json.dumps([self.graph, self.targets, self.outputs], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


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
    attempt: int  # how often it was given to ComfyUI
    prompt_id: str | None  # ComfyUI's id of the latest attempt
    outputs: tuple[OutputItem, ...]
    error: RunError | None
    cached_nodes: int | None
    execution_ms: int | None  # duration
    created_ms: int
    started_ms: int | None
    completed_ms: int | None

    @property
    def finished(self) -> bool:
        return self.status in FINISHED


class Result(NamedTuple):
    """How a run ended; what `finish` stores."""

    status: RunStatus
    error: RunError | None = None
    outputs: tuple[OutputItem, ...] = ()
    cached_nodes: int | None = None
    execution_ms: int | None = None
