"""The keys in the database. Synchronous, as all of the store.

Imports SQLAlchemy, so it is itself imported only when a store is opened (see storage.py).
"""

from typing import Any

from sqlalchemy import Engine, Row, insert, select, update

from ..access.keys import Key, Wanted
from ..callers import Scope
from .tables import keys


class KeyStore:
    """All keys, revoked ones too."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def insert(self, key: Key) -> None:
        with self._engine.begin() as connection:
            connection.execute(insert(keys).values(_row(key)))

    def all(self) -> list[Key]:
        """The newest first."""
        with self._engine.begin() as connection:
            return [
                _read(row) for row in connection.execute(select(keys).order_by(keys.c.created_ms.desc(), keys.c.id))
            ]

    def revoke(self, key_id: str, now_ms: int) -> bool:
        """False when there is no such key. The first time counts."""
        with self._engine.begin() as connection:
            if connection.execute(select(keys.c.id).where(keys.c.id == key_id)).first() is None:
                return False
            unrevoked = update(keys).where(keys.c.id == key_id, keys.c.revoked_ms.is_(None))
            connection.execute(unrevoked.values(revoked_ms=now_ms))
        return True

    def used(self, key_id: str, now_ms: int) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(keys).where(keys.c.id == key_id).values(last_used_ms=now_ms))


def _row(key: Key) -> dict[str, Any]:
    wanted = key.wanted
    return {
        "id": key.id,
        "name": wanted.name,
        "hash": key.hash,
        "scopes": sorted(wanted.scopes),
        "apps": None if wanted.apps is None else sorted(wanted.apps),
        "rate": wanted.rate,
        "concurrent": wanted.concurrent,
        "created_ms": key.created_ms,
    }


def _read(row: Row[Any]) -> Key:
    apps = None if row.apps is None else frozenset(row.apps)
    wanted = Wanted(row.name, frozenset(map(Scope, row.scopes)), apps, row.rate, row.concurrent)
    return Key(row.id, row.hash, wanted, row.created_ms, row.last_used_ms, row.revoked_ms)
