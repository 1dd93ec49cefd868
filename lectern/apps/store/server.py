"""PostgreSQL in the place of the SQLite file, for several processes at once; through psycopg 3.

Every transaction sees one moment (REPEATABLE READ) and fails when it would change what another one has changed since.
Then all of it is simply done once more, so what is called with the stores must not mind being called again. What must
not happen twice at once although it changes different rows takes a lock besides, see `alone`. (SERIALIZABLE would need
no such care, but with four busy processes it refused some transactions a dozen times in a row.)
"""

import random
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

T = TypeVar("T")

DRIVER = "postgresql+psycopg"
SCHEMES = ("postgresql", "postgres", DRIVER)
FORM = "postgresql://user:password@host:5432/database"

# SQLSTATE. The last one: two processes added the same row, and the one that comes second finds it there.
AGAIN = {"40001": "serialization failure", "40P01": "deadlock", "23505": "unique violation"}
TRIES = 12
PAUSE = 0.004  # seconds at most, doubled each time
LONGEST_PAUSE = 0.25

GATEWAYS = 21476850241859183  # of the advisory lock; any number that nobody else takes
CONNECT_SECONDS = 5
NETWORK = {  # how soon a connection is given up whose other end went away without a word
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
    "client_encoding": "utf8",
    "application_name": "lectern",
}
SESSION = "SET statement_timeout = '30s'; SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '60s'"


class Unusable(Exception):
    """Why this database is none for us, as the end of a sentence. Never repeats the URL, which holds a password."""


def read_url(text: str) -> URL:
    """Raises Unusable."""
    try:
        url = make_url(text.strip())
    except (ArgumentError, ValueError):
        raise Unusable(f"its URL is not written as {FORM}") from None
    if url.drivername not in SCHEMES:
        raise Unusable(f"its URL must be written as {FORM}")
    if text.partition("?")[0].count("@") > 1:  # the rest of the password would be taken for the host
        raise Unusable("the password in its URL holds an @, which must be written as %40")
    return url.set(drivername=DRIVER)


def place_of(text: str) -> str:
    """What of the URL may be shown."""
    try:
        url = read_url(text)
    except Unusable:
        return "the PostgreSQL database"
    where = f" at {url.host}{f':{url.port}' if url.port else ''}" if url.host else ""
    return f"the PostgreSQL database {url.database or ''}".rstrip() + where


class Presence(StrEnum):
    """Who may be connected besides; the value is PostgreSQL's function for it."""

    NONE = ""  # not a gateway: anybody
    OTHERS = "pg_try_advisory_lock_shared"  # gateways of a fleet
    ALONE = "pg_try_advisory_lock"  # no other gateway: this one itself gives the runs to its ComfyUI


def open_server(text: str, presence: Presence = Presence.NONE) -> Engine:
    """Connects with the first use, and again whenever the connection is lost. Raises Unusable, also with each use."""
    url = read_url(text)
    options: dict[str, Any] = {name: value for name, value in NETWORK.items() if name not in url.query}
    try:
        engine = create_engine(
            url,
            connect_args=options,
            isolation_level="REPEATABLE READ",
            pool_size=1,
            max_overflow=0,  # one thread uses it, and two connections would be in each other's way
            pool_timeout=CONNECT_SECONDS,
            pool_pre_ping=True,
        )
    except ImportError:
        raise Unusable("the Python package psycopg is not installed; install psycopg[binary]") from None
    event.listen(engine, "connect", lambda connection, _: _prepare(connection, presence))
    return engine


def check(engine: Engine) -> None:
    """Raises Unusable."""
    with engine.connect() as connection:
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise Unusable(f"its encoding is {encoding}; create one WITH ENCODING 'UTF8' TEMPLATE template0")


def repeated(action: Callable[[], T]) -> T:
    """Does it, and once more when other processes were in its way."""
    for attempt in range(TRIES - 1):
        try:
            return action()
        except DBAPIError as error:
            if state_of(error) not in AGAIN:
                raise
        time.sleep(random.uniform(0, min(PAUSE * 2**attempt, LONGEST_PAUSE)))
    return action()


def away(error: BaseException) -> bool:
    """Whether nothing was heard of the server."""
    return isinstance(error, (OSError, OperationalError)) and not state_of(error)


def state_of(error: BaseException) -> str:
    """SQLSTATE; empty where the server did not say it."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) or ""


def reason_of(error: BaseException, text: str) -> str:
    """What a person may read of it: PostgreSQL's later lines repeat values, and those are the caller's prompts.

    Args:
        text: the URL, whose password is left out wherever it should turn up.
    """
    if isinstance(error, Unusable):
        return str(error)
    said = str(getattr(error, "orig", None) or type(error).__name__).strip()
    lines = said.splitlines() or [type(error).__name__]
    line = lines[-1].strip(" -") if lines[0].startswith("Multiple connection attempts") else lines[0]
    password = read_url(text).password
    return line.replace(password, "***").rstrip(".")[:300] if password else line.rstrip(".")[:300]


def _prepare(connection: Any, presence: Presence) -> None:
    """The lock is the connection's, and so ends with it. Raises Unusable."""
    with connection.cursor() as cursor:
        cursor.execute(SESSION)
        there = not presence or cursor.execute(f"SELECT {presence}({GATEWAYS})").fetchone()[0]
    connection.commit()
    if not there:
        connection.close()
        raise Unusable(
            "another gateway has it, and without NATS each needs a database of its own"
            if presence is Presence.ALONE
            else "a gateway without NATS has it; stop that one, or give this one another database"
        )
