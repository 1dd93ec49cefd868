"""The store: what is committed survives, and every change depends on the state before it."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from lectern.apps.errors import NotReady
from lectern.apps.graph import Target
from lectern.apps.runs import FINISHED, NewRun, OutputItem, Result, RunError, RunStatus, Workflow, predecessors
from lectern.apps.store import database, tables
from lectern.apps.store.migrate import migrate
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
def store(tmp_path):
    opened = open_store(tmp_path / "lectern.db")
    yield opened.runs
    opened.close()


def ids(runs):
    return [run.id for run in runs]


def test_a_run_comes_back_as_it_was_stored(store):
    run = store.insert(new("a"), 10)
    assert run == store.get("a")
    assert (run.status, run.attempt, run.input) == (RunStatus.QUEUED, 0, {"seed": 2**64 - 1, "text": "é"})
    assert run.metadata == {"k": "v"}
    assert store.next_job() == (run, WORKFLOW)
    assert store.get("b") is None


def test_runs_of_one_workflow_share_it(store, tmp_path):
    for run_id in "abc":
        store.insert(new(run_id), 10)
    with sqlite3.connect(tmp_path / "lectern.db") as connection:
        assert connection.execute("SELECT count(*) FROM workflows").fetchone() == (1,)
    connection.close()


def test_the_queue_is_first_in_first_out_and_bounded(store):
    assert store.insert(new("a"), 2)
    assert store.insert(new("b"), 2)
    assert store.insert(new("c"), 2) is None
    assert store.get("c") is None
    assert store.queue_positions("abc") == {"a": 1, "b": 2}
    assert store.next_job()[0].id == "a"
    store.finish(store.take("a", "p", 1), Result(RunStatus.SUCCEEDED), 2)
    assert store.next_job()[0].id == "b"
    assert store.queue_positions("ab") == {"b": 1}
    assert store.insert(new("c"), 2)


def test_listing_is_newest_first_and_filtered(store):
    for run_id, app in (("a", "x"), ("b", "y"), ("c", "x")):
        store.insert(new(run_id, app), 10)
    store.take("a", "p", 1)
    assert ids(store.newest(None, [], 10)) == ["c", "b", "a"]
    assert ids(store.newest("x", [], 10)) == ["c", "a"]
    assert ids(store.newest(None, [RunStatus.QUEUED], 1)) == ["c"]
    assert ids(store.newest(None, [RunStatus.RUNNING], 10)) == ["a"]


def test_a_run_is_taken_once(store):
    store.insert(new("a"), 10)
    taken = store.take("a", "prompt", 5)
    assert (taken.status, taken.attempt, taken.prompt_id, taken.started_ms) == (RunStatus.RUNNING, 1, "prompt", 5)
    assert store.take("a", "other", 6) is None
    assert store.get("a").prompt_id == "prompt"


def test_a_run_ends_once(store):
    store.insert(new("a"), 10)
    run = store.take("a", "p", 5)
    done = Result(RunStatus.SUCCEEDED, None, (OUTPUT,), 2, 300)
    finished = store.finish(run, done, 9)
    assert (finished.status, finished.outputs, finished.completed_ms) == (RunStatus.SUCCEEDED, (OUTPUT,), 9)
    assert (finished.cached_nodes, finished.execution_ms) == (2, 300)
    failed = Result(RunStatus.FAILED, RunError("lost_on_restart", "gone", "3", "SaveImage"))
    assert store.finish(run, failed, 10) is None
    assert store.cancel("a", 11) is None
    assert store.get("a") == finished


def test_an_error_comes_back(store):
    store.insert(new("a"), 10)
    error = RunError("node_execution_error", "bad", "3", "SaveImage")
    run = store.finish(store.take("a", "p", 5), Result(RunStatus.FAILED, error), 9)
    assert run.error == error


def test_an_end_of_an_older_attempt_is_ignored(store):
    store.insert(new("a"), 10)
    first = store.take("a", "p1", 5)
    assert store.release(first, counted=True).attempt == 1
    second = store.take("a", "p2", 6)
    assert second.attempt == 2
    assert store.finish(first, Result(RunStatus.SUCCEEDED), 7) is None
    assert store.release(first, counted=True) is None
    assert store.finish(second, Result(RunStatus.SUCCEEDED), 8) is not None


def test_a_run_that_comfyui_never_saw_does_not_count_as_tried(store):
    store.insert(new("a"), 10)
    run = store.release(store.take("a", "p1", 5), counted=False)
    assert (run.status, run.attempt, run.prompt_id, run.started_ms) == (RunStatus.QUEUED, 0, None, None)


def test_cancel(store):
    for run_id in "ab":
        store.insert(new(run_id), 10)
    running = store.take("a", "p", 5)
    assert store.cancel("a", 6).status is RunStatus.CANCELING
    assert store.cancel("a", 7) is None
    assert store.release(running, counted=True) is None
    assert store.finish(running, Result(RunStatus.SUCCEEDED), 8).status is RunStatus.SUCCEEDED
    canceled = store.cancel("b", 9)
    assert (canceled.status, canceled.completed_ms) == (RunStatus.CANCELED, 9)
    assert store.take("b", "p", 10) is None


def test_states_lead_to_an_end_and_never_back_from_one():
    assert predecessors(RunStatus.RUNNING) == {RunStatus.QUEUED}
    assert predecessors(RunStatus.QUEUED) == {RunStatus.RUNNING}
    for status in RunStatus:
        assert not predecessors(status) & FINISHED


def test_what_was_committed_is_there_after_a_crash(store, tmp_path):
    """The files as a killed process leaves them, with everything still in the write-ahead log."""
    store.insert(new("a"), 10)
    store.insert(new("b"), 10)
    store.take("a", "p", 5)
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


def test_the_database_commits_into_a_write_ahead_log(tmp_path):
    engine = database.open_engine(tmp_path / "x.db")
    with engine.connect() as connection:
        pragmas = [connection.exec_driver_sql(f"PRAGMA {p}").scalar() for p in ("journal_mode", "synchronous")]
    engine.dispose()
    assert pragmas == ["wal", 1]


def test_migrations_make_the_tables_of_the_code(tmp_path):
    engine = database.open_engine(tmp_path / "x.db")
    migrate(engine)
    migrate(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
    engine.dispose()


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
    await first.call(lambda store: store.runs.insert(new("a"), 10))
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
        await storage.call(lambda store: store.runs.insert(new(name), 100))
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
