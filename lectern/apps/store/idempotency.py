"""Requests that may be repeated: a key that their caller chose, and the run that the first of them queued."""

from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select

from ..errors import IdempotencyKeyReuse
from .tables import idempotency

KEPT_MS = 24 * 3_600_000


class Repeatable(NamedTuple):
    owner: str
    key: str  # of the header Idempotency-Key
    digest: str  # of the request


def find_repeated(connection: Connection, repeatable: Repeatable) -> str | None:
    """The id of the run that the same request queued. Raises IdempotencyKeyReuse for another request's key."""
    query = select(idempotency.c.digest, idempotency.c.run).where(
        idempotency.c.owner == repeatable.owner, idempotency.c.key == repeatable.key
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    if row.digest != repeatable.digest:
        raise IdempotencyKeyReuse("Another request came with this Idempotency-Key before; send a new key with it.")
    return row.run


def remember(connection: Connection, repeatable: Repeatable, run_id: str, now_ms: int) -> None:
    """Also forgets keys that are older than a day."""
    connection.execute(delete(idempotency).where(idempotency.c.created_ms < now_ms - KEPT_MS))
    connection.execute(insert(idempotency).values(**repeatable._asdict(), run=run_id, created_ms=now_ms))
