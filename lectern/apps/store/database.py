"""Opening the SQLite file that keeps the runs."""

import sqlite3
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sqlalchemy import URL, Connection, Engine, create_engine, event

BUSY_SECONDS = 10  # how long a statement waits for a reader outside this process, such as a backup


def open_engine(file: Path) -> Engine:
    """An engine for the file, which is created when missing.

    What was committed survives the end of the process; `Durability` makes it survive a power cut.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(URL.create("sqlite", database=str(file)), connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def lock(file: Path) -> FileLock | None:
    """The right to run what the file has queued, held until released or the process ends; None when another has it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    held = FileLock(f"{file}.lock")
    try:
        held.acquire(timeout=0)
    except Timeout:
        return None
    return held


def _prepare(connection: sqlite3.Connection, _: Any) -> None:
    # Python's driver opens transactions late and not at all for table changes; `_begin` does it instead.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA wal_autocheckpoint=0")  # which would stop a commit for a sync; `Durability` does it
    connection.execute("PRAGMA foreign_keys=ON")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
