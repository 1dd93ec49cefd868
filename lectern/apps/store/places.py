"""Where the database is: a file of this process, or a PostgreSQL server that several processes share."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ..errors import BadRequest, NewerStore, NotReady
from .durability import Durability

if TYPE_CHECKING:
    from sqlalchemy import Engine

T = TypeVar("T")

FILE_NAME = "lectern.db"
PATIENCE = 1.0  # seconds that a failure may take before it counts for the calls behind it, too


class Place(Protocol):
    """All but `durable` is called on the store's thread, and may raise NotReady."""

    shared: bool  # other processes may write to it at the same time

    @property
    def exists(self) -> bool: ...

    def open(self) -> "Engine":
        """With the newest schema. Raises NewerStore."""
        ...

    def call(self, action: Callable[[], T]) -> T:
        """What happens with the open engine. Raises BadRequest for values that cannot be stored."""
        ...

    async def durable(self) -> None:
        """Returns once what was committed before is on the disk."""
        ...

    def release(self) -> None:
        """The engine is closed."""
        ...

    def close(self) -> None:
        """For good."""
        ...


class FilePlace:
    """SQLite, for one process: it holds a lock as long as the file is open."""

    shared = False

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE_NAME
        self._durability = Durability(self._file)
        self._release: Callable[[], Any] | None = None

    @property
    def exists(self) -> bool:
        return self._release is not None or self._file.exists()

    def open(self) -> "Engine":
        from sqlalchemy.exc import SQLAlchemyError

        try:
            return self._open()
        except (OSError, SQLAlchemyError) as error:
            raise self._failed(error) from None

    def call(self, action: Callable[[], T]) -> T:
        from sqlalchemy.exc import SQLAlchemyError

        try:
            return action()
        except (OSError, SQLAlchemyError) as error:
            raise self._failed(error) from None

    async def durable(self) -> None:
        try:
            await self._durability.reached()
        except OSError as error:
            raise NotReady(f"The runs in {self._file} cannot be kept: {error}.") from error

    def release(self) -> None:
        if self._release is not None:
            self._release()
            self._release = None

    def close(self) -> None:
        self._durability.close()

    def _open(self) -> "Engine":
        from .database import lock, open_engine

        held = lock(self._file)
        if held is None:
            raise NotReady(f"Another ComfyUI already runs the apps in {self._file}; give each its own user folder.")
        with ExitStack() as undo:
            undo.callback(held.release)
            engine = open_engine(self._file)
            undo.callback(engine.dispose)
            bring_up(engine, f"{self._file} was written by a newer Lectern; update it or move the file.")
            undo.pop_all()
        self._release = held.release
        return engine

    def _failed(self, error: Exception) -> NotReady:
        # SQLAlchemy's own text would repeat the statement's values, and those are the caller's prompts.
        reason = getattr(error, "orig", None) or type(error).__name__
        return NotReady(f"The runs in {self._file} cannot be used: {reason}.")


class ServerPlace:
    """PostgreSQL. A commit is durable as the server is set up, and it keeps order among processes."""

    shared = True
    exists = True

    def __init__(self, url: str, presence: str = "") -> None:
        """`presence`: see server.py; by its name there."""
        self._url = url
        self._presence = presence
        self._silent_until = 0.0  # time.monotonic()
        self._reason = ""

    def open(self) -> "Engine":
        from .server import Presence, check, open_server, place_of

        def opened() -> "Engine":
            with ExitStack() as undo:
                engine = open_server(self._url, Presence[self._presence or "NONE"])
                undo.callback(engine.dispose)
                check(engine)
                newer = f"{place_of(self._url)} was written by a newer Lectern; update this one."
                bring_up(engine, newer[0].upper() + newer[1:])
                undo.pop_all()
            return engine

        return self._translated(opened)

    def call(self, action: Callable[[], T]) -> T:
        from .server import repeated

        return self._translated(lambda: repeated(action))

    async def durable(self) -> None:
        """It is."""

    def release(self) -> None:
        """Nothing is held."""

    def close(self) -> None:
        """Nothing is left."""

    def _translated(self, action: Callable[[], T]) -> T:
        from sqlalchemy.exc import DataError, SQLAlchemyError

        from .server import Unusable

        since = time.monotonic()
        if since < self._silent_until:
            raise self._failed()
        try:
            return action()
        except (DataError, UnicodeEncodeError):
            raise BadRequest("A text is too long or holds characters, such as U+0000, that cannot be stored.") from None
        except (OSError, SQLAlchemyError, Unusable) as error:
            self._note(error, time.monotonic() - since)
            raise self._failed() from None

    def _note(self, error: Exception, seconds: float) -> None:
        from .server import away, reason_of

        self._reason = reason_of(error, self._url)
        if away(error) and seconds > PATIENCE:  # not all who are in line must wait as long, one after the other
            self._silent_until = time.monotonic() + seconds

    def _failed(self) -> NotReady:
        from .server import place_of

        return NotReady(f"The runs in {place_of(self._url)} cannot be used: {self._reason}.")


def on_server(url: str, action: Callable[["Engine"], T]) -> T:
    """For one action of a process that is no gateway. Raises NotReady."""
    place = ServerPlace(url)
    engine = place.open()
    try:
        return place.call(lambda: action(engine))
    finally:
        engine.dispose()


def bring_up(engine: "Engine", newer: str) -> None:
    """To the newest schema. Raises NewerStore with that message."""
    from .hushing import quiet_alembic

    with quiet_alembic():
        from alembic.util import CommandError

        from .migrate import migrate

        try:
            migrate(engine)
        except CommandError:
            raise NewerStore(newer) from None
