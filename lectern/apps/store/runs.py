"""The runs in the database. Synchronous; every change is one transaction and conditional on the state before it.

Imports SQLAlchemy, so it is itself imported only when a store is opened (see storage.py).
"""

import heapq
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Row, Select, bindparam, func, insert, select, update

from ..graph import Target
from ..running.turns import Queue, Turns
from ..runs import IN_FLIGHT, NewRun, Result, Run, RunStatus, Workflow, predecessors
from .alone import alone
from .idempotency import Repeatable, find_repeated, remember
from .listed import Listed
from .rows import new_row, output_rows, read_run, stored
from .tables import runs, workflows

Note = Callable[[Connection, str, Run], None]

REMEMBERED = 200
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


class Placed(NamedTuple):
    run: Run
    position: int | None  # 1 is next
    new: bool  # False: an equal request had queued it


class RunStore:
    """All runs of this ComfyUI, finished ones too."""

    def __init__(self, engine: Engine, note: Note | None = None) -> None:
        """`note` is told of start, output and completed, within the transaction of the change."""
        self._engine = engine
        self._note = note
        self._kept: set[str] = set()  # digests of workflows that are stored
        self._turns = Turns()
        self._turn = 0  # sequence of the run that was chosen last

    def insert(self, new: NewRun, bounds: Bounds, repeatable: Repeatable | None = None) -> Placed | Full:
        """Queues the run, or gives the one that the same request queued before.

        Raises IdempotencyKeyReuse when another request came under the same key.
        """
        with self._engine.begin() as connection:
            alone(connection, workflows)  # to which nothing else writes: what counts runs sees them all
            known = None if repeatable is None else find_repeated(connection, repeatable)
            if known is not None and (run := _one(connection, known)) is not None:
                return Placed(run, None, new=False)
            queues = _queues(connection)
            waiting = sum(queue.length for queue in queues)
            if (full := _full(connection, new, bounds, waiting)) is not None:
                return full
            digest = self._keep_workflow(connection, new.workflow)
            key = connection.execute(_INSERT, new_row(new, digest)).inserted_primary_key
            assert key is not None
            if repeatable is not None:
                remember(connection, repeatable, new.id, new.created_ms)
            run = stored(new, digest, key[0])
            placed = Placed(run, self._position(queues, run), new=True)
        self._kept = {digest, *list(self._kept)[:REMEMBERED]}  # now, because a commit may fail
        return placed

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
        """What to do next: a run that was given to ComfyUI and has not ended, else the one whose turn it is.

        It stays that one's turn until the run no longer waits.
        """
        turns, turn = self._turns, self._turn
        with self._engine.begin() as connection:
            *held, first, last = tuple(connection.execute(_OLDEST).one())
            sequence = next((number for number in held if number is not None), first)
            if sequence is None:
                return None
            if sequence == first != last:
                queues = _queues(connection)
                if not any(queue.first == turn for queue in queues):
                    chosen, turns = turns.next(queues)
                    turn = chosen.first
                sequence = turn
            row = connection.execute(_JOB.where(runs.c.sequence == sequence)).one()
        self._turns, self._turn = turns, turn
        return read_job(row)

    def queue_positions(self, queued: Iterable[Run]) -> dict[str, int]:
        """1 for the run that is next, 2 for the one after it; runs that do not wait are left out.

        As it will be if nothing else comes.
        """
        waiting = [run for run in queued if run.status is RunStatus.QUEUED]
        if not waiting:
            return {}
        with self._engine.begin() as connection:
            queues = _queues(connection)
            places = {run.id: _place(connection, run) for run in waiting}
        return {run.id: self._position(queues, run, places[run.id]) for run in waiting}

    def _position(self, queues: list[Queue], run: Run, place: int | None = None) -> int:
        """`place` in the run's own queue; the last one, of which the queues do not know yet, when it is not given."""
        terms = run.terms
        own = next((queue for queue in queues if queue.name == (terms.priority, terms.owner)), None)
        own = own or Queue(terms.priority, terms.owner, run.sequence, 0)
        return self._turns.position(queues, own, own.length + 1 if place is None else place)

    def count(self) -> dict[RunStatus, int]:
        """How many runs are in each of the states that have not ended."""
        query = select(runs.c.status, func.count()).where(runs.c.status.in_(ACTIVE)).group_by(runs.c.status)
        with self._engine.begin() as connection:
            return {RunStatus(status): number for status, number in connection.execute(query)}

    def take(self, run: Run, prompt_id: str, now_ms: int) -> Run | None:
        """Gives the run to ComfyUI, as a new attempt; None when it has ended or is being canceled."""
        values = {"attempt": run.attempt + 1, "prompt_id": prompt_id, "started_ms": run.started_ms or now_ms}
        events = ("start",) if run.attempt == 0 and run.takes_done == 0 else ()
        return self._change(run, {RunStatus.QUEUED, RunStatus.RUNNING}, RunStatus.RUNNING, values, events)

    def release(self, run: Run, counted: bool) -> Run | None:
        """Running back to queued, at its old place. `counted`: the attempt reached ComfyUI."""
        attempt = run.attempt if counted else run.attempt - 1
        started = run.started_ms if run.takes_done or counted else None
        values = {"attempt": attempt, "prompt_id": None, "started_ms": started}
        return self._change(run, predecessors(RunStatus.QUEUED), RunStatus.QUEUED, values)

    def cancel(self, run_id: str, now_ms: int, expires_ms: int | None = None) -> Run | None:
        """Ends a queued run, marks a running one; None when there was nothing to cancel."""
        with self._engine.begin() as connection:
            run = _one(connection, run_id)
            if run is None or run.status not in (RunStatus.QUEUED, RunStatus.RUNNING):
                return None
            values: dict[str, Any] = {"status": RunStatus.CANCELING}
            if run.status is RunStatus.QUEUED:
                values = {"status": RunStatus.CANCELED, "completed_ms": now_ms, "expires_ms": expires_ms}
            connection.execute(update(runs).where(runs.c.id == run_id).values(values))
            canceled = replace(run, **values)
            if canceled.finished:
                self._tell(connection, canceled, ("completed",))
            return canceled

    def advance(self, run: Run, result: Result) -> Run | None:
        """One take succeeded and others follow: the run stays with the dispatcher, and ComfyUI has nothing of it.

        None when the run has ended. It may be being canceled meanwhile, which the one that is given does not show.
        """
        values = {**results(run, result), "takes_done": run.takes_done + 1, "attempt": 0, "prompt_id": None}
        return self._change(run, IN_FLIGHT, None, values, ("output",))

    def finish(self, run: Run, result: Result, now_ms: int, expires_ms: int | None = None) -> Run | None:
        """The only way a run that was taken ends: one conditional update, so that it happens once."""
        values = {
            **results(run, result),
            "takes_done": run.takes_done + (result.status is RunStatus.SUCCEEDED),
            "error": result.error,
            "completed_ms": now_ms,
            "expires_ms": expires_ms,
        }
        events = ("output", "completed") if result.outputs else ("completed",)
        return self._change(run, predecessors(result.status), result.status, values, events)

    def _change(
        self,
        run: Run,
        before: Collection[RunStatus],
        status: RunStatus | None,
        values: dict[str, Any],
        events: tuple[str, ...] = (),
    ) -> Run | None:
        """The run as it is after the change; None when the change comes too late.

        What is not changed is not read again: nothing but these methods writes, and what a condition does not name
        never changes.

        Args:
            before: the states from which it may come.
            status: None leaves it as it is.
        """
        values = values if status is None else {**values, "status": status}
        at = {"at_id": run.id, "at_attempt": run.attempt, "at_status": list(before)}
        with self._engine.begin() as connection:
            if connection.execute(_CHANGE, {**at, **row_of(values)}).rowcount == 0:
                return None
            after = replace(run, **values)
            self._tell(connection, after, events)
            return after

    def _tell(self, connection: Connection, run: Run, events: tuple[str, ...]) -> None:
        if self._note is not None:
            for event in events:
                self._note(connection, event, run)

    def _keep_workflow(self, connection: Connection, workflow: Workflow) -> str:
        """Stores the workflow unless an earlier run of it did."""
        digest = workflow.digest
        if digest not in self._kept and connection.execute(_WORKFLOW, {"at_digest": digest}).first() is None:
            values = {"graph": workflow.graph, "targets": workflow.targets, "outputs": workflow.outputs}
            connection.execute(insert(workflows).values(digest=digest, **values))
        return digest


# Made once: making one, and finding out that it is the same as before, takes longer than SQLite takes for it.
_INSERT = insert(runs)
_CHANGE = update(runs).where(
    runs.c.id == bindparam("at_id"),
    runs.c.attempt == bindparam("at_attempt"),
    runs.c.status.in_(bindparam("at_status", expanding=True)),
)
_QUEUES = (
    select(runs.c.priority, runs.c.owner, func.min(runs.c.sequence), func.count())
    .where(runs.c.status == RunStatus.QUEUED)
    .group_by(runs.c.priority, runs.c.owner)
)
_WORKFLOW = select(workflows.c.digest).where(workflows.c.digest == bindparam("at_digest"))
_ONE = select(runs).where(runs.c.id == bindparam("at_id"))
_JOB = select(runs, workflows.c.graph, workflows.c.targets, workflows.c.outputs.label("names")).join(workflows)
# The first run in each state, those that ComfyUI has before those that wait, and the last that waits; each is the first
# or last entry of an index.
_OLDEST = select(
    *(
        select(end(runs.c.sequence)).where(runs.c.status == status).scalar_subquery()
        for end, status in (
            (func.min, RunStatus.RUNNING),
            (func.min, RunStatus.CANCELING),
            (func.min, RunStatus.QUEUED),
            (func.max, RunStatus.QUEUED),
        )
    )
)


def read_job(row: Row[Any]) -> tuple[Run, Workflow]:
    """Of a row of `_JOB`."""
    targets = {name: Target.read(fields) for name, fields in row.targets.items()}
    return read_run(row), Workflow(row.graph, targets, row.names)


def results(run: Run, result: Result) -> dict[str, Any]:
    """What a take adds to what the takes before it gave."""
    return {
        "outputs": (*run.outputs, *result.outputs),
        "cached_nodes": _sum(run.cached_nodes, result.cached_nodes),
        "execution_ms": _sum(run.execution_ms, result.execution_ms),
        "logs": run.logs + result.logs,
    }


def row_of(values: dict[str, Any]) -> dict[str, Any]:
    """A run's fields as the table keeps them."""
    row = dict(values)
    if "outputs" in row:
        row["outputs"] = output_rows(row["outputs"])
    if row.get("error") is not None:
        row["error"] = row["error"]._asdict()
    if "logs" in row:
        row["logs"] = row["logs"].replace("\0", "")  # which PostgreSQL cannot hold
    return row


def _sum(before: int | None, more: int | None) -> int | None:
    return before if more is None else (before or 0) + more


def _queues(connection: Connection) -> list[Queue]:
    return [Queue(*row) for row in connection.execute(_QUEUES)]


def _queries(listed: Listed, statuses: tuple[RunStatus, ...]) -> list[Select[Any]]:
    query = select(runs).order_by(runs.c.sequence.desc()).limit(listed.limit)
    if listed.app is not None:
        query = query.where(runs.c.app == listed.app)
    if listed.owner is not None:
        query = query.where(runs.c.owner == listed.owner)
    if listed.before is not None:
        query = query.where(runs.c.sequence < listed.before)
    return [query.where(runs.c.status == status) for status in dict.fromkeys(statuses)] or [query]


def _full(connection: Connection, new: NewRun, bounds: Bounds, waiting: int) -> Full | None:
    if waiting >= bounds.queued:
        return Full("queued", bounds.queued)
    counted = select(func.count()).select_from(runs)
    of_app = counted.where(runs.c.status == RunStatus.QUEUED, runs.c.app == new.app)
    of_owner = counted.where(runs.c.status.in_(ACTIVE), runs.c.owner == new.terms.owner)
    for what, limit, query in (("of_app", bounds.of_app, of_app), ("of_owner", bounds.of_owner, of_owner)):
        if limit is not None and connection.execute(query).scalar_one() >= limit:
            return Full(what, limit)
    return None


def _place(connection: Connection, run: Run) -> int:
    """Of the run in its own queue, 1 is the first."""
    terms = run.terms
    before = select(func.count()).where(
        runs.c.status == RunStatus.QUEUED,
        runs.c.priority == terms.priority,
        runs.c.owner == terms.owner,
        runs.c.sequence <= run.sequence,
    )
    return connection.execute(before).scalar_one()


def _one(connection: Connection, run_id: str) -> Run | None:
    row = connection.execute(_ONE, {"at_id": run_id}).first()
    return None if row is None else read_run(row)
