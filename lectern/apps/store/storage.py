"""The store's own thread: blocking database calls never run on an event loop."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import NotReady
from .durability import Durability

if TYPE_CHECKING:
    from .runs import Note
    from .stores import Stores

T = TypeVar("T")

FILE_NAME = "lectern.db"


class Storage:
    """Opens `lectern.db` when it is first needed and serialises all calls on one thread."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE_NAME
        self.note: Note | None = None  # see RunStore; set before the store is opened
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lectern-store")
        self._durability = Durability(self._file)
        self._store: Stores | None = None
        self._release: Callable[[], Any] | None = None

    @property
    def exists(self) -> bool:
        """Whether any run was ever submitted."""
        return self._store is not None or self._file.exists()

    async def call(self, function: Callable[["Stores"], T]) -> T:
        """Runs the function with the store, which is created when it does not exist.

        Raises:
            NotReady: the database cannot be opened, read or written; the message says why.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._call, function)

    async def durable(self) -> None:
        """Returns once what was written before this call survives a power cut, too. Raises NotReady."""
        try:
            await self._durability.reached()
        except OSError as error:
            raise NotReady(f"The runs in {self._file} cannot be kept: {error}.") from error

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()
        self._durability.close()

    def _call(self, function: Callable[["Stores"], T]) -> T:
        from sqlalchemy.exc import SQLAlchemyError

        try:
            if self._store is None:
                with quiet_alembic():
                    self._store = self._open()
            return function(self._store)
        except (OSError, SQLAlchemyError) as error:
            # SQLAlchemy's own text would repeat the statement's values, and those are the caller's prompts.
            reason = getattr(error, "orig", None) or type(error).__name__
            raise NotReady(f"The runs in {self._file} cannot be used: {reason}.") from None

    def _open(self) -> "Stores":
        from alembic.util import CommandError

        from .database import lock, open_engine
        from .migrate import migrate
        from .stores import Stores

        held = lock(self._file)
        if held is None:
            raise NotReady(f"Another ComfyUI already runs the apps in {self._file}; give each its own user folder.")
        with ExitStack() as undo:
            undo.callback(held.release)
            engine = open_engine(self._file)
            undo.callback(engine.dispose)
            try:
                migrate(engine)
            except CommandError:
                raise NotReady(f"{self._file} was written by a newer Lectern; update it or move the file.") from None
            undo.pop_all()
        self._release = held.release
        return Stores(engine, self.note)

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None
        if self._release is not None:
            self._release()
            self._release = None


@contextmanager
def quiet_alembic() -> Iterator[None]:
    """Alembic tells every step at INFO, its own import included, and ComfyUI shows INFO on its console."""
    logger = logging.getLogger("alembic")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
