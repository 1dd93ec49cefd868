"""The store: what is committed survives, and every change depends on the state before it."""

import asyncio
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from lectern.apps.errors import IdempotencyKeyReuse, NotReady
from lectern.apps.graph import Target
from lectern.apps.runs import (
    FINISHED,
    Growing,
    NewRun,
    OutputItem,
    Result,
    RunError,
    RunStatus,
    Terms,
    Workflow,
    predecessors,
)
from lectern.apps.store import database, durability, tables
from lectern.apps.store.idempotency import Repeatable
from lectern.apps.store.listed import Listed
from lectern.apps.store.migrate import migrate
from lectern.apps.store.runs import Bounds, Full, Placed
from lectern.apps.store.storage import Storage
from lectern.apps.store.stores import Stores

ROOT = Path(__file__).parents[3]
WORKFLOW = Workflow({"3": {"class_type": "SaveImage", "inputs": {}}}, {"seed": Target("3", "seed")}, {"3": "picture"})
OUTPUT = OutputItem("picture", "3", "幻灯片.png", "image/png", 12, "sub", "temp")


def new(run_id: str, app: str = "tiny") -> NewRun:
    return NewRun(run_id, app, 1, WORKFLOW, {"seed": 2**64 - 1, "text": "é"}, {"k": "v"}, 1000)


def open_store(file):
    engine = database.open_engine(file)
    migrate(engine)
    return Stores(engine)


@pytest.fixture
def engine(tmp_path):
    """Of an empty database with the newest tables; tests/servers has one of the other kind."""
    opened = database.open_engine(tmp_path / "lectern.db")
    migrate(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def stores(engine):
    return Stores(engine)


@pytest.fixture
def store(stores):
    return stores.runs


@pytest.fixture
def upkeep(stores):
    return stores.upkeep


def places(store, ids):
    return store.queue_positions([run for run in map(store.get, ids) if run is not None])


def ids(runs):
    return [run.id for run in runs]


def test_a_run_comes_back_as_it_was_stored(store):
    run = store.insert(new("a"), Bounds(10)).run
    assert run == store.get("a")
    assert (run.status, run.attempt, run.input) == (RunStatus.QUEUED, 0, {"seed": 2**64 - 1, "text": "é"})
    assert run.metadata == {"k": "v"}
    assert store.next_job() == (run, WORKFLOW)
    assert store.get("b") is None


def test_runs_of_one_workflow_share_it(store, engine):
    for run_id in "abc":
        store.insert(new(run_id), Bounds(10))
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM workflows").scalar_one() == 1


def test_the_queue_is_first_in_first_out_and_bounded(store):
    assert store.insert(new("a"), Bounds(2))
    assert store.insert(new("b"), Bounds(2))
    assert store.insert(new("c"), Bounds(2)) == Full("queued", 2)
    assert store.get("c") is None
    assert places(store, "abc") == {"a": 1, "b": 2}
    assert store.next_job()[0].id == "a"
    store.finish(store.take(store.get("a"), "p", 1), Result(RunStatus.SUCCEEDED), 2)
    assert store.next_job()[0].id == "b"
    assert places(store, "ab") == {"b": 1}
    assert store.insert(new("c"), Bounds(2))


def test_listing_is_newest_first_and_filtered(store):
    for run_id, app in (("a", "x"), ("b", "y"), ("c", "x")):
        store.insert(new(run_id, app), Bounds(10))
    store.take(store.get("a"), "p", 1)
    assert ids(store.newest(Listed(10))) == ["c", "b", "a"]
    assert ids(store.newest(Listed(10, "x"))) == ["c", "a"]
    assert ids(store.newest(Listed(1, statuses=(RunStatus.QUEUED,)))) == ["c"]
    assert ids(store.newest(Listed(10, statuses=(RunStatus.RUNNING,)))) == ["a"]


def test_pages_of_a_listing(store):
    for number in range(7):
        store.insert(new(f"{number}", "xy"[number % 2]), Bounds(10))
    store.cancel("3", 5)
    page = store.newest(Listed(3))
    assert ids(page) == ["6", "5", "4"]
    assert ids(store.newest(Listed(3, before=page[-1].sequence))) == ["3", "2", "1"]
    both = (RunStatus.CANCELED, RunStatus.QUEUED)
    assert ids(store.newest(Listed(3, "y", both))) == ["5", "3", "1"]
    assert ids(store.newest(Listed(3, "y", both, before=page[-1].sequence))) == ["3", "1"]


def test_owners_have_bounds_and_listings_of_their_own(store):
    def owned(run_id, owner):
        return replace(new(run_id), terms=Terms(owner=owner))

    bounds = Bounds(10, of_app=3, of_owner=1)
    assert store.insert(owned("a", "k1"), bounds).run.id == "a"
    assert store.insert(owned("b", "k1"), bounds) == Full("of_owner", 1)
    assert store.insert(owned("c", "k2"), bounds).run.id == "c"
    assert store.insert(owned("d", "k3"), bounds).run.id == "d"
    assert store.insert(owned("e", "k4"), bounds) == Full("of_app", 3)
    assert ids(store.newest(Listed(10, owner="k2"))) == ["c"]
    store.finish(store.take(store.get("a"), "p", 1), Result(RunStatus.SUCCEEDED), 2)
    assert store.insert(owned("f", "k1"), bounds).run.id == "f"


def test_a_repeated_request_gives_the_first_run(store):
    first = Repeatable("k1", "key", "digest")
    run = store.insert(new("a"), Bounds(1), first).run
    assert store.insert(new("b"), Bounds(1), first).run == run == store.repeated(first)  # although the queue is full
    with pytest.raises(IdempotencyKeyReuse):
        store.insert(new("c"), Bounds(10), first._replace(digest="another"))
    assert store.insert(new("d"), Bounds(10), first._replace(owner="k2")).run.id == "d"
    day_later = replace(new("e"), created_ms=new("a").created_ms + 25 * 3_600_000)
    store.insert(day_later, Bounds(10), Repeatable("k1", "other", "x"))
    assert store.repeated(first) is None


def test_takes_add_up_and_survive_the_process(store):
    terms = Terms(takes=3, seeds={"seed": Growing(0, 2**64 - 1)})
    store.insert(replace(new("a"), terms=terms), Bounds(10))
    run = store.take(store.get("a"), "p1", 5)
    run = store.advance(run, Result(RunStatus.SUCCEEDED, None, (OUTPUT,), 1, 100, "one\n"))
    assert (run.status, run.prompt_id, run.attempt, run.takes_done) == (RunStatus.RUNNING, None, 0, 1)
    assert run.values["seed"] == 0  # the largest seed wraps
    assert store.next_job()[0] == run
    run = store.take(run, "p2", 6)
    run = store.advance(run, Result(RunStatus.SUCCEEDED, None, (OUTPUT,), 1, 100, "two\n"))
    done = store.finish(store.take(run, "p3", 7), Result(RunStatus.SUCCEEDED, None, (OUTPUT,), 0, 50), 9, 99)
    assert (len(done.outputs), done.cached_nodes, done.execution_ms, done.takes_done) == (3, 2, 250, 3)
    assert (done.started_ms, done.expires_ms, done.logs) == (5, 99, "one\ntwo\n")


def test_what_time_brings(store, upkeep):
    for run_id, deadline in (("a", 50), ("b", None), ("c", 80)):
        store.insert(replace(new(run_id), terms=Terms(deadline_ms=deadline)), Bounds(10))
    assert (upkeep.due(10), upkeep.due(60), upkeep.due(90)) == (50, 80, None)
    store.take(store.get("a"), "p", 1)
    assert upkeep.overdue(60) == ["a"] and upkeep.overdue(90) == ["a", "c"]
    late = RunError("deadline_exceeded", "late")
    assert upkeep.give_up("a", late, 90) is None
    assert (upkeep.give_up("c", late, 90).error, store.get("c").status) == (late, RunStatus.CANCELED)
    store.finish(store.get("a"), Result(RunStatus.SUCCEEDED, None, (OUTPUT,)), 90, 200)
    assert upkeep.due(90) == 200 and upkeep.expire(199, 10) == []
    (expired,) = upkeep.expire(200, 10)
    assert expired.outputs == (OUTPUT,)
    left = store.get("a")
    assert (left.status, left.outputs, left.input, left.expires_ms) == (RunStatus.EXPIRED, (), {}, None)
    assert not upkeep.delete("b") and upkeep.delete("c") and store.get("c") is None


def test_a_run_is_taken_once(store):
    store.insert(new("a"), Bounds(10))
    queued = store.get("a")
    taken = store.take(queued, "prompt", 5)
    assert (taken.status, taken.attempt, taken.prompt_id, taken.started_ms) == (RunStatus.RUNNING, 1, "prompt", 5)
    assert store.take(queued, "other", 6) is None
    assert store.get("a").prompt_id == "prompt"


def test_a_run_ends_once(store):
    store.insert(new("a"), Bounds(10))
    run = store.take(store.get("a"), "p", 5)
    done = Result(RunStatus.SUCCEEDED, None, (OUTPUT,), 2, 300)
    finished = store.finish(run, done, 9)
    assert (finished.status, finished.outputs, finished.completed_ms) == (RunStatus.SUCCEEDED, (OUTPUT,), 9)
    assert (finished.cached_nodes, finished.execution_ms) == (2, 300)
    failed = Result(RunStatus.FAILED, RunError("lost_on_restart", "gone", "3", "SaveImage"))
    assert store.finish(run, failed, 10) is None
    assert store.cancel("a", 11) is None
    assert store.get("a") == finished


def test_an_error_comes_back(store):
    store.insert(new("a"), Bounds(10))
    error = RunError("node_execution_error", "bad", "3", "SaveImage")
    run = store.finish(store.take(store.get("a"), "p", 5), Result(RunStatus.FAILED, error), 9)
    assert run.error == error


def test_an_end_of_an_older_attempt_is_ignored(store):
    store.insert(new("a"), Bounds(10))
    first = store.take(store.get("a"), "p1", 5)
    assert store.release(first, counted=True).attempt == 1
    second = store.take(store.get("a"), "p2", 6)
    assert second.attempt == 2
    assert store.finish(first, Result(RunStatus.SUCCEEDED), 7) is None
    assert store.release(first, counted=True) is None
    assert store.finish(second, Result(RunStatus.SUCCEEDED), 8) is not None


def test_a_run_that_comfyui_never_saw_does_not_count_as_tried(store):
    store.insert(new("a"), Bounds(10))
    run = store.release(store.take(store.get("a"), "p1", 5), counted=False)
    assert (run.status, run.attempt, run.prompt_id, run.started_ms) == (RunStatus.QUEUED, 0, None, None)


def test_cancel(store):
    for run_id in "ab":
        store.insert(new(run_id), Bounds(10))
    running = store.take(store.get("a"), "p", 5)
    assert store.cancel("a", 6).status is RunStatus.CANCELING
    assert store.cancel("a", 7) is None
    assert store.release(running, counted=True) is None
    assert store.finish(running, Result(RunStatus.SUCCEEDED), 8).status is RunStatus.SUCCEEDED
    canceled = store.cancel("b", 9)
    assert (canceled.status, canceled.completed_ms) == (RunStatus.CANCELED, 9)
    assert store.take(store.get("b"), "p", 10) is None


def test_states_lead_to_an_end_and_never_back_from_one():
    assert predecessors(RunStatus.RUNNING) == {RunStatus.QUEUED}
    assert predecessors(RunStatus.QUEUED) == {RunStatus.RUNNING}
    for status in RunStatus:
        assert status is RunStatus.EXPIRED or not predecessors(status) & FINISHED
    assert predecessors(RunStatus.EXPIRED) == FINISHED - {RunStatus.EXPIRED}


def test_what_was_committed_is_there_after_a_crash(tmp_path):
    """The files as a killed process leaves them, with everything still in the write-ahead log."""
    stores = open_store(tmp_path / "lectern.db")
    store = stores.runs
    placed = store.insert(new("a"), Bounds(10))
    store.insert(new("b"), Bounds(10))
    assert isinstance(placed, Placed)
    store.take(placed.run, "p", 5)
    after = tmp_path / "after"
    after.mkdir()
    for suffix in ("", "-wal"):
        shutil.copy(tmp_path / f"lectern.db{suffix}", after / f"lectern.db{suffix}")
    reopened = open_store(after / "lectern.db")
    job = reopened.runs.next_job()
    assert job is not None
    run, workflow = job
    assert (run.id, run.status, workflow) == ("a", RunStatus.RUNNING, WORKFLOW)
    reopened.runs.finish(run, Result(RunStatus.SUCCEEDED), 9)
    job = reopened.runs.next_job()
    assert job is not None
    assert job[0].id == "b"
    reopened.close()
    stores.close()


def test_the_database_commits_into_a_write_ahead_log(tmp_path):
    engine = database.open_engine(tmp_path / "x.db")
    with engine.connect() as connection:
        pragmas = [connection.exec_driver_sql(f"PRAGMA {p}").scalar() for p in ("journal_mode", "synchronous")]
    engine.dispose()
    assert pragmas == ["wal", 1]


def test_migrations_make_the_tables_of_the_code(engine):
    migrate(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []


def test_a_migration_happens_whole_or_not_at_all(tmp_path, monkeypatch):
    engine = database.open_engine(tmp_path / "x.db")
    monkeypatch.setattr("alembic.op.create_index", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        migrate(engine)
    monkeypatch.undo()
    migrate(engine)
    engine.dispose()


def test_opening_a_new_store_is_silent_at_comfyuis_log_level(tmp_path):
    code = """
import asyncio, logging, pathlib, sys
from lectern.apps.store.storage import Storage
logging.basicConfig(level=logging.INFO)
async def main():
    storage = Storage(pathlib.Path(sys.argv[1]))
    await storage.call(lambda store: None)
    await storage.close()
    assert logging.getLogger("alembic").level == logging.NOTSET
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", code, tmp_path], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


async def test_a_second_process_does_not_run_the_same_runs(tmp_path):
    first, second = Storage(tmp_path), Storage(tmp_path)
    assert not first.exists
    await first.call(lambda store: store.runs.insert(new("a"), Bounds(10)))
    with pytest.raises(NotReady, match="Another ComfyUI"):
        await second.call(lambda store: store.runs.get("a"))
    await first.close()
    assert await second.call(lambda store: store.runs.get("a")) is not None
    await second.close()


async def test_a_file_that_is_no_database_is_named(tmp_path):
    (tmp_path / "lectern.db").write_bytes(b"not a database" * 100)
    storage = Storage(tmp_path)
    with pytest.raises(NotReady, match=r"lectern\.db cannot be used: file is not a database"):
        await storage.call(lambda store: store.runs.get("a"))
    await storage.close()


async def test_a_database_of_a_newer_lectern_is_left_alone(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'lectern.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('9999')")
    engine.dispose()
    storage = Storage(tmp_path)
    with pytest.raises(NotReady, match="newer Lectern"):
        await storage.call(lambda store: store.runs.get("a"))
    await storage.close()


def test_importing_the_routes_loads_no_database_package():
    code = (
        "import sys, lectern.apps.surface.routes; "
        "print([m for m in ('sqlalchemy', 'alembic', 'filelock') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_durable_waits_for_a_sync_that_began_after_the_commit(tmp_path, monkeypatch):
    synced: list[int] = []
    sync = os.fsync
    monkeypatch.setattr("os.fsync", lambda file: (synced.append(os.fstat(file).st_size), sync(file)))
    storage = Storage(tmp_path)

    async def submit(name: str) -> int:
        await storage.call(lambda store: store.runs.insert(new(name), Bounds(100)))
        size = (tmp_path / "lectern.db-wal").stat().st_size
        before = len(synced)
        await storage.durable()
        assert any(log >= size for log in synced[before:])
        return before

    await asyncio.gather(*(submit(f"run {number}") for number in range(40)))
    assert 1 <= len(synced) <= 40
    await storage.close()


async def test_nothing_is_left_to_sync_once_the_log_is_copied(tmp_path):
    storage = Storage(tmp_path)
    await storage.durable()
    await storage.close()


async def test_the_log_is_copied_into_the_database_while_writers_go_on(tmp_path, monkeypatch):
    monkeypatch.setattr(durability, "LOG_BYTES", 100_000)
    storage = Storage(tmp_path)
    file, log = tmp_path / "lectern.db", tmp_path / "lectern.db-wal"
    await storage.call(lambda store: store.runs.insert(new("first"), Bounds(1000)))
    before = file.stat().st_size
    for number in range(60):
        await storage.call(lambda store, number=number: store.runs.insert(new(f"run {number}"), Bounds(1000)))
        await storage.durable()
    assert file.stat().st_size > before
    assert log.stat().st_size < 600_000
    await storage.close()
