"""The files that callers gave, in the database; their bytes lie in a folder (see apps/files/keeper.py)."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from ..files.records import StoredFile
from .alone import alone
from .tables import files


class FileStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, new: StoredFile, limit: int) -> tuple[StoredFile, bool] | None:
        """The file as it is kept, and whether it is new; None when all together would be larger than `limit` bytes.

        A file that is there already is kept longer.
        """
        with self._engine.begin() as connection:
            alone(connection, files)
            known = _one(connection, new.id)
            if known is not None:
                longer = known._replace(expires_ms=max(known.expires_ms, new.expires_ms))
                connection.execute(update(files).where(files.c.id == new.id).values(expires_ms=longer.expires_ms))
                return longer, False
            total = connection.execute(select(func.coalesce(func.sum(files.c.size), 0))).scalar_one()
            if total + new.size > limit:
                return None
            connection.execute(insert(files).values(new._asdict()))
            return new, True

    def get(self, file_id: str) -> StoredFile | None:
        with self._engine.begin() as connection:
            return _one(connection, file_id)

    def extend(self, file_id: str, expires_ms: int) -> None:
        with self._engine.begin() as connection:
            later = update(files).where(files.c.id == file_id, files.c.expires_ms < expires_ms)
            connection.execute(later.values(expires_ms=expires_ms))

    def forget(self, now_ms: int, in_use: Collection[str]) -> list[str]:
        """Deletes the rows whose time is over and that nothing uses; the ids of these files."""
        with self._engine.begin() as connection:
            over = connection.execute(select(files.c.id).where(files.c.expires_ms <= now_ms)).scalars().all()
            gone = [file_id for file_id in over if file_id not in in_use]
            for file_id in gone:
                connection.execute(delete(files).where(files.c.id == file_id))
            return gone

    def ids(self) -> set[str]:
        with self._engine.begin() as connection:
            return set(connection.execute(select(files.c.id)).scalars())


def _one(connection: Connection, file_id: str) -> StoredFile | None:
    row: Row[Any] | None = connection.execute(select(files).where(files.c.id == file_id)).first()
    return None if row is None else StoredFile(*row)
