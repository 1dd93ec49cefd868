"""Runs as rows of the table, and back."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Row

from ..runs import Growing, Hook, NewRun, OutputItem, Priority, Run, RunError, RunStatus, Terms


def new_row(new: NewRun, workflow: str) -> dict[str, Any]:
    terms = new.terms
    return {
        "id": new.id,
        "app": new.app,
        "version": new.version,
        "workflow": workflow,
        "status": RunStatus.QUEUED,
        "input": dict(new.input),
        "metadata": dict(new.metadata),
        "attempt": 0,
        "outputs": [],
        "created_ms": new.created_ms,
        "owner": terms.owner,
        "takes": terms.takes,
        "seeds": {name: list(seed) for name, seed in terms.seeds.items()} or None,
        "retry": terms.retry,
        "seconds": terms.seconds,
        "deadline_ms": terms.deadline_ms,
        "webhook": None if terms.webhook is None else terms.webhook._asdict(),
        "priority": terms.priority,
        "alone": terms.alone,
    }


def stored(new: NewRun, workflow: str, sequence: int) -> Run:
    """The run as it comes back from its new row."""
    return Run(
        id=new.id,
        app=new.app,
        version=new.version,
        workflow=workflow,
        status=RunStatus.QUEUED,
        input=dict(new.input),
        metadata=dict(new.metadata),
        attempt=0,
        prompt_id=None,
        outputs=(),
        error=None,
        cached_nodes=None,
        execution_ms=None,
        created_ms=new.created_ms,
        started_ms=None,
        completed_ms=None,
        sequence=sequence,
        terms=new.terms,
        takes_done=0,
        expires_ms=None,
        logs="",
    )


def read_run(row: Row[Any]) -> Run:
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
        sequence=row.sequence,
        terms=_read_terms(row),
        takes_done=row.takes_done,
        expires_ms=row.expires_ms,
        logs=row.logs,
        worker=row.worker,
    )


def _read_terms(row: Row[Any]) -> Terms:
    return Terms(
        owner=row.owner,
        takes=row.takes,
        seeds={name: Growing(*limits) for name, limits in (row.seeds or {}).items()},
        retry=row.retry,
        seconds=row.seconds,
        deadline_ms=row.deadline_ms,
        webhook=None if row.webhook is None else Hook(row.webhook["url"], tuple(row.webhook["events"])),
        priority=Priority(row.priority),
        alone=row.alone,
    )


def output_rows(outputs: tuple[OutputItem, ...]) -> list[dict[str, Any]]:
    return [asdict(item) for item in outputs]
