"""Brings a database to the newest schema."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine

MIGRATIONS = Path(__file__).parent / "migrations"
NEWEST = "head"

# On a server, one process at a time; the others see what it did, for which they must not have begun before.
_ALONE = (
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL lock_timeout = '10min'",
    "SELECT pg_advisory_xact_lock(21476850241859182)",  # any number that nobody else takes
)


def migrate(engine: Engine, revision: str = NEWEST) -> None:
    """Runs the migrations that are missing up to that revision, all of them or none."""
    _run(engine, lambda config: command.upgrade(config, revision))


def undo(engine: Engine, revision: str) -> None:
    """Back to that revision, which loses what only newer ones can hold."""
    _run(engine, lambda config: command.downgrade(config, revision))


def _run(engine: Engine, action: Callable[[Config], None]) -> None:
    server = engine.dialect.name == "postgresql"
    with engine.connect() as connection:
        if server:
            connection = connection.execution_options(isolation_level="READ COMMITTED")
        with connection.begin():
            for statement in _ALONE if server else ():
                connection.exec_driver_sql(statement)
            action(_config(connection))


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
