"""Waiting until the disk has what the database has committed.

A commit reaches SQLite's write-ahead log at once and so survives the end of this process; only a power cut could
still lose it. Syncing the log at every commit would cost milliseconds each, one after the other, so it is synced here:
once for all who wait, and while their runs go on already. So is the log copied into the database, for which SQLite
would stop a commit and sync both files.
"""

import asyncio
import logging
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

logger = logging.getLogger(__name__)


LOG_BYTES = 4 * 2**20  # from which on the log is copied; writers go on meanwhile
LARGE_LOG_BYTES = 64 * 2**20  # from which on they wait, so that it begins anew


class Durability:
    """Of one SQLite file with `synchronous=NORMAL`. Lives on one event loop."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._log = Path(f"{file}-wal")
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lectern-sync")
        self._syncing: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    async def reached(self) -> None:
        """Returns once everything that was committed before this call is on the disk. Raises OSError."""
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._syncing))
        await asyncio.shield(self._next)

    def close(self) -> None:
        self._thread.shutdown()

    async def _after(self, former: "asyncio.Task[None] | None") -> None:
        if former is not None:
            await asyncio.wait([former])
        self._syncing, self._next = self._next, None  # who comes from now on needs another one
        await asyncio.get_running_loop().run_in_executor(self._thread, self._sync)

    def _sync(self) -> None:
        try:
            log = os.open(self._log, os.O_RDWR)
        except FileNotFoundError:  # copied into the database already, and synced with it
            return
        try:
            os.fsync(log)
            size = os.fstat(log).st_size
        finally:
            os.close(log)
        if size > LOG_BYTES:
            self._copy("RESTART" if size > LARGE_LOG_BYTES else "PASSIVE")

    def _copy(self, how: str) -> None:
        """A log that is copied whole is begun anew by the next writer.

        Source: SQLite, "Write-Ahead Logging", section 3.1.
        """
        try:
            connection = sqlite3.connect(self._file, timeout=1, isolation_level=None)
            try:
                connection.execute(f"PRAGMA wal_checkpoint({how})")
            finally:
                connection.close()
        except sqlite3.Error as error:  # somebody reads it just now; the log only stays longer
            logger.debug("the log was not copied: %s", error)
