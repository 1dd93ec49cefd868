"""What a fleet does with the runs of the store: reports become changes, and messages of the queue are kept track of.

A report may come twice, late, and before one that was sent earlier; what it changes is one conditional transaction.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, Engine, bindparam, func, select, update

from ..fleet.messages import Kind, Report
from ..runs import ENDS, IN_FLIGHT, Run, RunStatus, Workflow
from .rows import read_run
from .runs import ACTIVE, Note, read_job, results, row_of
from .tables import runs, workflows

LATER: Literal["later"] = "later"  # a report that has to wait for an earlier one

Applied = Run | Literal["later"] | None


class Waiting(NamedTuple):
    """A run that has not ended, and where its message lies in the queue; None: nowhere yet."""

    run: Run
    place: int | None


class FleetStore:
    def __init__(self, engine: Engine, note: Note | None = None) -> None:
        self._engine = engine
        self._note = note

    def apply(self, report: Report, expires_ms: int | None, final: bool = False) -> Applied:
        """The run as it is after the report; None when the report changes nothing.

        Args:
            final: an earlier report that this one needs will not come any more.
        """
        with self._engine.begin() as connection:
            run = _one(connection, report.run)
            if run is None or run.finished:
                return None
            if report.kind is Kind.PROGRESS:
                return run
            if report.attempt < run.attempt or report.take < run.takes_done:
                return None
            if report.take > run.takes_done and not final and report.kind in (Kind.ADVANCED, Kind.ENDED):
                return LATER
            return self._change(connection, run, report, expires_ms)

    def place(self, places: Collection[tuple[str, int]]) -> None:
        """Where the messages of runs lie in the queue."""
        with self._engine.begin() as connection:
            connection.execute(_PLACE, [{"at_id": run_id, "to_place": place} for run_id, place in places])

    def unplaced(self, before_ms: int, limit: int) -> list[tuple[Run, Workflow]]:
        """Runs that wait, have no message in the queue, and were stored before that time; the oldest first."""
        query = _JOB.where(runs.c.status == RunStatus.QUEUED, runs.c.place.is_(None), runs.c.created_ms < before_ms)
        with self._engine.begin() as connection:
            return [read_job(row) for row in connection.execute(query.order_by(runs.c.sequence).limit(limit))]

    def stranded(self, before_ms: int, limit: int) -> list[Run]:
        """Runs in flight that were stored before that time and never had a message: those of one ComfyUI, from before
        there was a fleet; or a gateway died at a bad moment."""
        query = select(runs).where(runs.c.status.in_(list(IN_FLIGHT)), runs.c.place.is_(None))
        query = query.where(runs.c.created_ms < before_ms).order_by(runs.c.sequence).limit(limit)
        with self._engine.begin() as connection:
            return [read_run(row) for row in connection.execute(query)]

    def placed(self, after: int, limit: int) -> list[Waiting]:
        """Runs that have not ended and have a message, from that sequence on."""
        query = select(runs).where(runs.c.status.in_(ACTIVE), runs.c.place.is_not(None), runs.c.sequence > after)
        with self._engine.begin() as connection:
            found = connection.execute(query.order_by(runs.c.sequence).limit(limit))
            return [Waiting(read_run(row), row.place) for row in found]

    def job(self, run_id: str) -> tuple[Run, Workflow] | None:
        with self._engine.begin() as connection:
            row = connection.execute(_JOB.where(runs.c.id == run_id)).first()
        return None if row is None else read_job(row)

    def ended(self, ids: Sequence[str]) -> list[Run]:
        """Those of them that have ended."""
        with self._engine.begin() as connection:
            query = select(runs).where(runs.c.id.in_(ids), runs.c.status.in_([*ENDS, RunStatus.EXPIRED]))
            return [read_run(row) for row in connection.execute(query)]

    def oldest(self) -> int | None:
        """When the run was submitted that has waited longest, milliseconds since 1970."""
        query = select(func.min(runs.c.created_ms)).where(runs.c.status == RunStatus.QUEUED)
        with self._engine.begin() as connection:
            return connection.execute(query).scalar()

    def _change(self, connection: Connection, run: Run, report: Report, expires_ms: int | None) -> Run | None:
        changed = {
            Kind.STARTED: lambda: _started(run, report),
            Kind.WAITING: lambda: _waiting(run, report),
            Kind.ADVANCED: lambda: _advanced(run, report),
            Kind.ENDED: lambda: _ended(run, report, expires_ms),
        }[report.kind]()
        if changed is None:
            return None
        values, events = changed
        connection.execute(update(runs).where(runs.c.id == run.id).values(row_of(values)))
        after = replace(run, **values)
        for event in events:
            if self._note is not None:
                self._note(connection, event, after)
        return after


Change = tuple[dict[str, Any], tuple[str, ...]] | None  # the run's fields, and what its webhook is told


def _started(run: Run, report: Report) -> Change:
    if report.take > run.takes_done or (run.attempt, run.prompt_id) == (report.attempt, report.prompt_id):
        return None
    values = _who(report) | {"started_ms": run.started_ms or report.started_ms or report.at_ms}
    if run.status is RunStatus.QUEUED:
        values["status"] = RunStatus.RUNNING
    return values, ("start",) if run.started_ms is None else ()


def _waiting(run: Run, report: Report) -> Change:
    if run.status is not RunStatus.RUNNING:
        return None
    return {"status": RunStatus.QUEUED, "attempt": report.attempt, "prompt_id": None, "worker": ""}, ()


def _advanced(run: Run, report: Report) -> Change:
    if report.result is None:
        return None
    values = _who(report) | results(run, report.result) | {"takes_done": run.takes_done + 1, "prompt_id": None}
    values["started_ms"] = run.started_ms or report.started_ms or report.at_ms
    if run.status is RunStatus.QUEUED:
        values["status"] = RunStatus.RUNNING
    return values, (*_start(run), "output")


def _ended(run: Run, report: Report, expires_ms: int | None) -> Change:
    result = report.result
    if result is None or result.status not in ENDS:
        return None
    values = _who(report) | results(run, result)
    values |= {
        "status": result.status,
        "takes_done": run.takes_done + (result.status is RunStatus.SUCCEEDED),
        "error": result.error,
        "started_ms": run.started_ms or report.started_ms,
        "completed_ms": report.at_ms,
        "expires_ms": expires_ms,
    }
    start = _start(run) if values["started_ms"] is not None else ()
    return values, (*start, *(("output",) if result.outputs else ()), "completed")


def _who(report: Report) -> dict[str, Any]:
    return {"attempt": report.attempt, "prompt_id": report.prompt_id, "worker": report.worker}


def _start(run: Run) -> tuple[str, ...]:
    """The report of the start may be lost or late."""
    return ("start",) if run.started_ms is None else ()


def _one(connection: Connection, run_id: str) -> Run | None:
    row = connection.execute(_ONE, {"at_id": run_id}).first()
    return None if row is None else read_run(row)


_ONE = select(runs).where(runs.c.id == bindparam("at_id"))
_PLACE = update(runs).where(runs.c.id == bindparam("at_id")).values(place=bindparam("to_place"))
_JOB = select(runs, workflows.c.graph, workflows.c.targets, workflows.c.outputs.label("names")).join(workflows)
