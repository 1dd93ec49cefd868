"""The run that a worker has, and what a change does to the state that all workers see of it."""

import time
from dataclasses import dataclass, field, replace
from typing import Any

from ...runs import OutputItem, Run, RunError, RunStatus, Workflow
from ..deliveries import Delivery
from ..messages import Job, Kind, Report, State

RUNNING_WORKERS = 3  # workers that may lose a run before it is given up
EARLIER = OutputItem("", "", "", "")  # stands for an output of a take before, of which only the number matters here


@dataclass
class Held:
    """Changes while the run is here: by the ledger, by heartbeats, by a cancel."""

    job: Job
    workflow: Workflow
    delivery: Delivery
    state: State
    revision: int
    alone: str = ""  # slug of the app whose lock goes with it
    canceled: bool = False
    reason: RunError | None = None  # why, unless its caller wanted it
    lost: bool = False  # it is somebody else's, or will be
    giving: bool | None = None  # it is to be given back; whether that counts as lost
    kept: float = field(default_factory=time.monotonic)  # when a heartbeat last arrived

    @property
    def run(self) -> Run:
        """As the dispatcher is to see it."""
        state = self.state
        status = RunStatus.QUEUED if state.prompt_id is None else RunStatus.RUNNING
        return replace(
            self.job.run,
            status=RunStatus.CANCELING if self.canceled else status,
            attempt=len(state.lost_by) + (state.prompt_id is not None),
            prompt_id=state.prompt_id,
            started_ms=state.started_ms,
            takes_done=state.take,
            outputs=(EARLIER,) * state.given,
            worker=state.worker,
        )

    def cancel(self, reason: RunError | None) -> None:
        self.canceled = True
        self.reason = self.reason or reason

    def report(self, kind: Kind, at_ms: int, **more: Any) -> Report:
        state = self.state
        known = {"started_ms": state.started_ms, "prompt_id": state.prompt_id, **more}
        known["store"] = self.job.store
        return Report(kind, self.job.run.id, state.worker, state.attempt, state.take, at_ms, **known)


def first_state(job: Job, worker: str, reply: str) -> State:
    """Nobody had it, as far as NATS knows; a NATS that lost its disk knows less than the store."""
    return State(worker, job.run.attempt + 1, job.run.takes_done, reply=reply, given=len(job.run.outputs))


def taken_over(state: State, worker: str, reply: str, lost: bool) -> State:
    """`lost`: another worker had it and is gone."""
    lost_by = (*state.lost_by, state.worker) if lost else state.lost_by
    return state._replace(worker=worker, attempt=state.attempt + 1, prompt_id=None, reply=reply, lost_by=lost_by)


def taken(state: State, prompt_id: str, at_ms: int) -> State:
    return state._replace(prompt_id=prompt_id, started_ms=state.started_ms or at_ms)


def given_back(state: State, report: Report, counted: bool) -> State:
    lost_by = (*state.lost_by, state.worker) if counted else state.lost_by
    return state._replace(worker="", prompt_id=None, reply="", lost_by=lost_by, report=text_of(report))


def advanced(state: State, report: Report, outputs: int) -> State:
    return state._replace(
        take=state.take + 1, prompt_id=None, lost_by=(), given=state.given + outputs, report=text_of(report)
    )


def ended(state: State, report: Report) -> State:
    return state._replace(ended=True, report=text_of(report))


def text_of(report: Report) -> str:
    return report.dump().decode()


def given_up(state: State, retry: bool) -> bool:
    """Whether too many workers lost it to try it once more."""
    return len(state.lost_by) >= (RUNNING_WORKERS if retry else 1)
