"""The runs in the database. Synchronous; every change is one transaction and conditional on the state before it.

Imports SQLAlchemy, so it is itself imported only when a store is opened (see storage.py).
"""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Engine, Row, case, func, insert, select, update

from ..graph import Target
from ..runs import (
    IN_FLIGHT,
    NewRun,
    OutputItem,
    Result,
    Run,
    RunError,
    RunStatus,
    Workflow,
    predecessors,
)
from .tables import runs, workflows


class RunStore:
    """All runs of this ComfyUI, finished ones too."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def insert(self, new: NewRun, limit: int) -> Run | None:
        """Queues the run; None when `limit` runs wait already. Once it returns, the run survives a power cut."""
        with self._engine.begin() as connection:
            waiting = select(func.count()).select_from(runs).where(runs.c.status == RunStatus.QUEUED)
            if connection.execute(waiting).scalar_one() >= limit:
                return None
            digest = _keep_workflow(connection, new.workflow)
            connection.execute(insert(runs).values(_new_row(new, digest)))
            return _one(connection, new.id)

    def get(self, run_id: str) -> Run | None:
        with self._engine.begin() as connection:
            return _one(connection, run_id)

    def newest(self, app: str | None, statuses: Iterable[RunStatus], limit: int) -> list[Run]:
        """The newest runs first; no statuses means all."""
        query = select(runs).order_by(runs.c.sequence.desc()).limit(limit)
        if app is not None:
            query = query.where(runs.c.app == app)
        wanted = list(statuses)
        if wanted:
            query = query.where(runs.c.status.in_(wanted))
        with self._engine.begin() as connection:
            return [_read(row) for row in connection.execute(query)]

    def next_job(self) -> tuple[Run, Workflow] | None:
        """What to do next: a run that was given to ComfyUI and has not ended, else the one that has waited longest."""
        waits = case((runs.c.status == RunStatus.QUEUED, 1), else_=0)
        query = (
            select(runs, workflows.c.graph, workflows.c.targets, workflows.c.outputs.label("names"))
            .join(workflows)
            .where(runs.c.status.in_([RunStatus.QUEUED, *IN_FLIGHT]))
            .order_by(waits, runs.c.sequence)
            .limit(1)
        )
        with self._engine.begin() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        targets = {name: Target.read(fields) for name, fields in row.targets.items()}
        return _read(row), Workflow(row.graph, targets, row.names)

    def queue_positions(self, run_ids: Iterable[str]) -> dict[str, int]:
        """1 for the run that is next, 2 for the one after it; runs that do not wait are left out."""
        with self._engine.begin() as connection:
            waiting = connection.execute(
                select(runs.c.id).where(runs.c.status == RunStatus.QUEUED).order_by(runs.c.sequence)
            ).scalars()
            positions = {run_id: place for place, run_id in enumerate(waiting, start=1)}
        return {run_id: positions[run_id] for run_id in run_ids if run_id in positions}

    def take(self, run_id: str, prompt_id: str, now_ms: int) -> Run | None:
        """Queued to running, as a new attempt; None when the run is not queued any more."""
        return self._move(run_id, RunStatus.RUNNING, attempt=runs.c.attempt + 1, prompt_id=prompt_id, started_ms=now_ms)

    def release(self, run: Run, counted: bool) -> Run | None:
        """Running back to queued, at its old place. `counted`: the attempt reached ComfyUI."""
        attempt = run.attempt if counted else run.attempt - 1
        return self._move(run.id, RunStatus.QUEUED, run.attempt, attempt=attempt, prompt_id=None, started_ms=None)

    def cancel(self, run_id: str, now_ms: int) -> Run | None:
        """Ends a queued run, marks a running one; None when there was nothing to cancel."""
        with self._engine.begin() as connection:
            query = update(runs).where(runs.c.id == run_id)
            ended = query.where(runs.c.status == RunStatus.QUEUED)
            if connection.execute(ended.values(status=RunStatus.CANCELED, completed_ms=now_ms)).rowcount:
                return _one(connection, run_id)
            marked = query.where(runs.c.status == RunStatus.RUNNING)
            if connection.execute(marked.values(status=RunStatus.CANCELING)).rowcount:
                return _one(connection, run_id)
        return None

    def finish(self, run: Run, result: Result, now_ms: int) -> Run | None:
        """The only way a run that ComfyUI had ends: one conditional update, so that it happens once."""
        return self._move(
            run.id,
            result.status,
            run.attempt,
            error=result.error._asdict() if result.error else None,
            outputs=[asdict(item) for item in result.outputs],
            cached_nodes=result.cached_nodes,
            execution_ms=result.execution_ms,
            completed_ms=now_ms,
        )

    def _move(self, run_id: str, status: RunStatus, attempt_now: int | None = None, **values: Any) -> Run | None:
        change = update(runs).where(runs.c.id == run_id, runs.c.status.in_(predecessors(status)))
        if attempt_now is not None:
            change = change.where(runs.c.attempt == attempt_now)
        with self._engine.begin() as connection:
            if connection.execute(change.values(status=status, **values)).rowcount == 0:
                return None
            return _one(connection, run_id)


def _keep_workflow(connection: Connection, workflow: Workflow) -> str:
    """Stores the workflow unless an earlier run of it did."""
    digest = workflow.digest
    if connection.execute(select(workflows.c.digest).where(workflows.c.digest == digest)).first() is None:
        values = {"graph": workflow.graph, "targets": workflow.targets, "outputs": workflow.outputs}
        connection.execute(insert(workflows).values(digest=digest, **values))
    return digest


def _new_row(new: NewRun, digest: str) -> dict[str, Any]:
    return {
        "id": new.id,
        "app": new.app,
        "version": new.version,
        "workflow": digest,
        "status": RunStatus.QUEUED,
        "input": dict(new.input),
        "metadata": dict(new.metadata),
        "attempt": 0,
        "outputs": [],
        "created_ms": new.created_ms,
    }


def _one(connection: Connection, run_id: str) -> Run | None:
    row = connection.execute(select(runs).where(runs.c.id == run_id)).first()
    return None if row is None else _read(row)


def _read(row: Row[Any]) -> Run:
    return Run(
        id=row.id,
        app=row.app,
        version=row.version,
        workflow=row.workflow,
        status=RunStatus(row.status),
        input=row.input,
        metadata=row._mapping["metadata"],
        attempt=row.attempt,
        prompt_id=row.prompt_id,
        outputs=tuple(OutputItem(**item) for item in row.outputs),
        error=None if row.error is None else RunError(**row.error),
        cached_nodes=row.cached_nodes,
        execution_ms=row.execution_ms,
        created_ms=row.created_ms,
        started_ms=row.started_ms,
        completed_ms=row.completed_ms,
    )
