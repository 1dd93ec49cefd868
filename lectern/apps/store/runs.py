"""The runs in the database. Synchronous; every change is one transaction and conditional on the state before it.

Imports SQLAlchemy, so it is itself imported only when a store is opened (see storage.py).
"""

import heapq
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Select, func, insert, select, update

from ..graph import Target
from ..runs import IN_FLIGHT, NewRun, Result, Run, RunStatus, Workflow, predecessors
from .idempotency import Repeatable, find_repeated, remember
from .listed import Listed
from .rows import new_row, output_rows, read_run
from .tables import runs, workflows

Note = Callable[[Connection, str, Run], None]

ACTIVE = (RunStatus.QUEUED, *IN_FLIGHT)


class Bounds(NamedTuple):
    """How many runs may wait at once; None: as many as there come."""

    queued: int
    of_app: int | None = None
    of_owner: int | None = None  # that wait or execute


class Full(NamedTuple):
    """Why a run was not queued."""

    what: str  # "queued", "of_app" or "of_owner"
    limit: int


class RunStore:
    """All runs of this ComfyUI, finished ones too."""

    def __init__(self, engine: Engine, note: Note | None = None) -> None:
        """`note` is told of start, output and completed, within the transaction of the change."""
        self._engine = engine
        self._note = note

    def insert(self, new: NewRun, bounds: Bounds, repeatable: Repeatable | None = None) -> Run | Full:
        """Queues the run, or gives the one that the same request queued before.

        Raises IdempotencyKeyReuse when another request came under the same key.
        """
        with self._engine.begin() as connection:
            known = None if repeatable is None else find_repeated(connection, repeatable)
            if known is not None and (run := _one(connection, known)) is not None:
                return run
            if (full := _full(connection, new, bounds)) is not None:
                return full
            digest = _keep_workflow(connection, new.workflow)
            connection.execute(insert(runs).values(new_row(new, digest)))
            if repeatable is not None:
                remember(connection, repeatable, new.id, new.created_ms)
            run = _one(connection, new.id)
            assert run is not None
            return run

    def repeated(self, repeatable: Repeatable) -> Run | None:
        """The run that the same request queued before. Raises IdempotencyKeyReuse."""
        with self._engine.begin() as connection:
            known = find_repeated(connection, repeatable)
            return None if known is None else _one(connection, known)

    def get(self, run_id: str) -> Run | None:
        with self._engine.begin() as connection:
            return _one(connection, run_id)

    def newest(self, listed: Listed) -> list[Run]:
        """The newest runs first."""
        with self._engine.begin() as connection:
            # One query a status: each walks its index from the end; all in one would sort the whole table.
            found = [
                [read_run(row) for row in connection.execute(query)] for query in _queries(listed, listed.statuses)
            ]
        merged = heapq.merge(*found, key=lambda run: run.sequence, reverse=True)
        return [run for run, _ in zip(merged, range(listed.limit), strict=False)]

    def next_job(self) -> tuple[Run, Workflow] | None:
        """What to do next: a run that was given to ComfyUI and has not ended, else the one that has waited longest."""
        with self._engine.begin() as connection:
            for status in (*IN_FLIGHT, RunStatus.QUEUED):
                row = connection.execute(_JOB.where(runs.c.status == status)).first()
                if row is not None:
                    break
            else:
                return None
        targets = {name: Target.read(fields) for name, fields in row.targets.items()}
        return read_run(row), Workflow(row.graph, targets, row.names)

    def queue_positions(self, queued: Iterable[Run]) -> dict[str, int]:
        """1 for the run that is next, 2 for the one after it; runs that do not wait are left out."""
        with self._engine.begin() as connection:
            return {run.id: _position(connection, run) for run in queued if run.status is RunStatus.QUEUED}

    def count(self) -> dict[RunStatus, int]:
        """How many runs are in each of the states that have not ended."""
        query = select(runs.c.status, func.count()).where(runs.c.status.in_(ACTIVE)).group_by(runs.c.status)
        with self._engine.begin() as connection:
            return {RunStatus(status): number for status, number in connection.execute(query)}

    def take(self, run: Run, prompt_id: str, now_ms: int) -> Run | None:
        """Gives the run to ComfyUI, as a new attempt; None when it has ended or is being canceled."""
        change = update(runs).where(
            runs.c.id == run.id,
            runs.c.status.in_([RunStatus.QUEUED, RunStatus.RUNNING]),
            runs.c.attempt == run.attempt,
        )
        values = {"attempt": run.attempt + 1, "prompt_id": prompt_id, "started_ms": run.started_ms or now_ms}
        events = ("start",) if run.attempt == 0 and run.takes_done == 0 else ()
        return self._change(run.id, change.values(status=RunStatus.RUNNING, **values), events)

    def release(self, run: Run, counted: bool) -> Run | None:
        """Running back to queued, at its old place. `counted`: the attempt reached ComfyUI."""
        attempt = run.attempt if counted else run.attempt - 1
        started = run.started_ms if run.takes_done or counted else None
        return self._move(run, RunStatus.QUEUED, attempt=attempt, prompt_id=None, started_ms=started)

    def cancel(self, run_id: str, now_ms: int, expires_ms: int | None = None) -> Run | None:
        """Ends a queued run, marks a running one; None when there was nothing to cancel."""
        ended = update(runs).where(runs.c.id == run_id, runs.c.status == RunStatus.QUEUED)
        marked = update(runs).where(runs.c.id == run_id, runs.c.status == RunStatus.RUNNING)
        ended = ended.values(status=RunStatus.CANCELED, completed_ms=now_ms, expires_ms=expires_ms)
        done = self._change(run_id, ended, ("completed",))
        return done or self._change(run_id, marked.values(status=RunStatus.CANCELING))

    def advance(self, run: Run, result: Result) -> Run | None:
        """One take succeeded and others follow: the run stays with the dispatcher, and ComfyUI has nothing of it."""
        values = {**_results(run, result), "takes_done": run.takes_done + 1, "attempt": 0, "prompt_id": None}
        change = update(runs).where(runs.c.id == run.id, runs.c.status.in_(IN_FLIGHT), runs.c.attempt == run.attempt)
        return self._change(run.id, change.values(values), ("output",))

    def finish(self, run: Run, result: Result, now_ms: int, expires_ms: int | None = None) -> Run | None:
        """The only way a run that was taken ends: one conditional update, so that it happens once."""
        error = result.error._asdict() if result.error else None
        done = run.takes_done + (result.status is RunStatus.SUCCEEDED)
        values = {**_results(run, result), "takes_done": done}
        events = ("output", "completed") if result.outputs else ("completed",)
        values |= {"error": error, "completed_ms": now_ms, "expires_ms": expires_ms}
        return self._move(run, result.status, events, **values)

    def _move(self, run: Run, status: RunStatus, events: tuple[str, ...] = (), **values: Any) -> Run | None:
        change = update(runs).where(
            runs.c.id == run.id, runs.c.status.in_(predecessors(status)), runs.c.attempt == run.attempt
        )
        return self._change(run.id, change.values(status=status, **values), events)

    def _change(self, run_id: str, change: Any, events: tuple[str, ...] = ()) -> Run | None:
        with self._engine.begin() as connection:
            if connection.execute(change).rowcount == 0:
                return None
            run = _one(connection, run_id)
            if run is not None and self._note is not None:
                for event in events:
                    self._note(connection, event, run)
            return run


_JOB = (
    select(runs, workflows.c.graph, workflows.c.targets, workflows.c.outputs.label("names"))
    .join(workflows)
    .order_by(runs.c.sequence)
    .limit(1)
)


def _results(run: Run, result: Result) -> dict[str, Any]:
    """What a take adds to what the takes before it gave."""
    return {
        "outputs": output_rows((*run.outputs, *result.outputs)),
        "cached_nodes": _sum(run.cached_nodes, result.cached_nodes),
        "execution_ms": _sum(run.execution_ms, result.execution_ms),
        "logs": run.logs + result.logs,
    }


def _sum(before: int | None, more: int | None) -> int | None:
    return before if more is None else (before or 0) + more


def _queries(listed: Listed, statuses: tuple[RunStatus, ...]) -> list[Select[Any]]:
    query = select(runs).order_by(runs.c.sequence.desc()).limit(listed.limit)
    if listed.app is not None:
        query = query.where(runs.c.app == listed.app)
    if listed.owner is not None:
        query = query.where(runs.c.owner == listed.owner)
    if listed.before is not None:
        query = query.where(runs.c.sequence < listed.before)
    return [query.where(runs.c.status == status) for status in dict.fromkeys(statuses)] or [query]


def _full(connection: Connection, new: NewRun, bounds: Bounds) -> Full | None:
    counted = select(func.count()).select_from(runs)
    waiting = counted.where(runs.c.status == RunStatus.QUEUED)
    active = counted.where(runs.c.status.in_(ACTIVE), runs.c.owner == new.terms.owner)
    for what, limit, query in (
        ("queued", bounds.queued, waiting),
        ("of_app", bounds.of_app, waiting.where(runs.c.app == new.app)),
        ("of_owner", bounds.of_owner, active),
    ):
        if limit is not None and connection.execute(query).scalar_one() >= limit:
            return Full(what, limit)
    return None


def _position(connection: Connection, run: Run) -> int:
    before = select(func.count()).where(runs.c.status == RunStatus.QUEUED, runs.c.sequence <= run.sequence)
    return connection.execute(before).scalar_one()


def _keep_workflow(connection: Connection, workflow: Workflow) -> str:
    """Stores the workflow unless an earlier run of it did."""
    digest = workflow.digest
    if connection.execute(select(workflows.c.digest).where(workflows.c.digest == digest)).first() is None:
        values = {"graph": workflow.graph, "targets": workflow.targets, "outputs": workflow.outputs}
        connection.execute(insert(workflows).values(digest=digest, **values))
    return digest


def _one(connection: Connection, run_id: str) -> Run | None:
    row = connection.execute(select(runs).where(runs.c.id == run_id)).first()
    return None if row is None else read_run(row)
