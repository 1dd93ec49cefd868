"""The store's own thread: blocking database calls never run on an event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from .places import FilePlace, Place, ServerPlace

if TYPE_CHECKING:
    from .runs import Note
    from .stores import Stores

T = TypeVar("T")


class Storage:
    """Opens the database when it is first needed and serialises all calls of this process on one thread."""

    def __init__(self, folder: Path, url: str = "", alone: bool = False) -> None:
        """In the folder's `lectern.db`, or in the PostgreSQL database of this URL.

        Args:
            alone: this process itself executes what is queued, so no other one may have the database. A file never is
                another's.
        """
        self._place: Place = ServerPlace(url, "ALONE" if alone else "OTHERS") if url else FilePlace(folder)
        self.note: Note | None = None  # see RunStore; set before the store is opened
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lectern-store")
        self._store: Stores | None = None

    @property
    def exists(self) -> bool:
        """Whether any run was ever submitted, or may have been."""
        return self._store is not None or self._place.exists

    @property
    def shared(self) -> bool:
        """Whether other processes may change what is stored while this one runs."""
        return self._place.shared

    async def call(self, function: Callable[["Stores"], T]) -> T:
        """Runs the function with the store, which is created when it does not exist.

        A shared store may run it several times, of which only the last one counts.

        Raises:
            NotReady: the database cannot be opened, read or written; the message says why. The next call tries again.
            NewerStore: the same, because a newer Lectern wrote it.
            BadRequest: a value cannot be stored.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._call, function)

    async def durable(self) -> None:
        """Returns once what was written before this call survives a power cut, too. Raises NotReady."""
        await self._place.durable()

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()
        self._place.close()

    def _call(self, function: Callable[["Stores"], T]) -> T:
        store = self._open()
        return self._place.call(lambda: function(store))

    def _open(self) -> "Stores":
        if self._store is None:
            engine = self._place.open()
            from .stores import Stores

            self._store = Stores(engine, self.note)
        return self._store

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None
            self._place.release()
