"""What time brings: deadlines, expiry, and runs that somebody deletes."""

from typing import Any

from sqlalchemy import ColumnElement, Delete, Engine, delete, func, select, update

from ..runs import ENDS, Run, RunError, RunStatus
from ..webhooks.records import DeliveryState
from .rows import read_run
from .runs import ACTIVE, Note
from .tables import deliveries, idempotency, runs


class Upkeep:
    def __init__(self, engine: Engine, note: Note | None = None) -> None:
        self._engine = engine
        self._note = note

    def due(self, now_ms: int) -> int | None:
        """The next point in time at which something is to be done, that is not being done already; None: never."""
        deadline = select(func.min(runs.c.deadline_ms)).where(runs.c.status.in_(ACTIVE), runs.c.deadline_ms > now_ms)
        expiry = select(func.min(runs.c.expires_ms))
        with self._engine.begin() as connection:
            found = [connection.execute(query).scalar() for query in (deadline, expiry)]
        return min((moment for moment in found if moment is not None), default=None)

    def overdue(self, now_ms: int) -> list[str]:
        """The ids of the runs that ought to have ended."""
        query = select(runs.c.id).where(runs.c.status.in_(ACTIVE), runs.c.deadline_ms <= now_ms)
        with self._engine.begin() as connection:
            return list(connection.execute(query.order_by(runs.c.sequence)).scalars())

    def give_up(self, run_id: str, error: RunError, now_ms: int, expires_ms: int | None = None) -> Run | None:
        """Ends a run that still waits; None when it does not any more."""
        change = update(runs).where(runs.c.id == run_id, runs.c.status == RunStatus.QUEUED)
        values = {"status": RunStatus.CANCELED, "error": error._asdict(), "completed_ms": now_ms}
        values |= {"expires_ms": expires_ms}
        with self._engine.begin() as connection:
            if connection.execute(change.values(values)).rowcount == 0:
                return None
            run = read_run(connection.execute(select(runs).where(runs.c.id == run_id)).one())
            if self._note is not None:
                self._note(connection, "completed", run)
            return run

    def inputs(self) -> list[dict[str, Any]]:
        """What the runs that have not ended were given."""
        query = select(runs.c.input).where(runs.c.status.in_(ACTIVE))
        with self._engine.begin() as connection:
            return list(connection.execute(query).scalars())

    def expire(self, now_ms: int, limit: int) -> list[Run]:
        """Empties runs whose time is over; gives them as they were."""
        query = select(runs).where(runs.c.expires_ms <= now_ms).limit(limit)
        with self._engine.begin() as connection:
            expired = [read_run(row) for row in connection.execute(query)]
            gone = {"status": RunStatus.EXPIRED, "input": {}, "outputs": [], "logs": "", "expires_ms": None}
            ids = [run.id for run in expired]
            connection.execute(update(runs).where(runs.c.id.in_(ids)).values(gone))
            connection.execute(delete(idempotency).where(idempotency.c.run.in_(ids)))
            connection.execute(_told(deliveries.c.run.in_(ids)))
        return expired

    def delete(self, run_id: str) -> bool:
        """Only a run that has ended; False for others."""
        with self._engine.begin() as connection:
            ended = [*ENDS, RunStatus.EXPIRED]
            done = connection.execute(delete(runs).where(runs.c.id == run_id, runs.c.status.in_(ended))).rowcount
            if done:
                connection.execute(delete(idempotency).where(idempotency.c.run == run_id))
                connection.execute(_told(deliveries.c.run == run_id))
            return done > 0


def _told(of: ColumnElement[bool]) -> Delete:
    """Events that were sent or given up hold what the run was given; those that still wait are sent."""
    return delete(deliveries).where(of, deliveries.c.state != DeliveryState.WAITING)
