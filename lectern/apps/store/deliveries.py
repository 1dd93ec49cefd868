"""Webhook deliveries in the database: what has to be sent, when, and how it went."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Table, Update, delete, func, insert, select, update

from ..webhooks.records import Delivery, DeliveryState, Due
from .tables import deliveries

DUE_LIMIT = 1000  # rows that are looked at once
OF_ONE = 20  # of one receiver, when there are more; it gets fewer at once
PROGRESS = "progress"


def insert_delivery(connection: Connection, new: Delivery) -> None:
    """Part of whatever transaction the connection is in, so that a run's change and its event are stored together.

    Older progress that still waits says nothing any more once there is something newer of the run.
    """
    older = delete(deliveries).where(
        deliveries.c.run == new.run,
        deliveries.c.event == PROGRESS,
        deliveries.c.state == DeliveryState.WAITING,
    )
    connection.execute(older)
    connection.execute(
        insert(deliveries).values(new._asdict() | {"state": DeliveryState.WAITING, "next_ms": new.created_ms})
    )


class DeliveryStore:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, new: Delivery) -> None:
        with self._engine.begin() as connection:
            insert_delivery(connection, new)

    def due(self, now_ms: int, sending: Collection[str]) -> list[Due]:
        """What is to be sent by now and is not being sent, in the order in which it came.

        Of a crowd only the first of each receiver, so that none of them keeps the others from being seen.
        """
        ours = deliveries.c.state == DeliveryState.WAITING, deliveries.c.next_ms <= now_ms, _free(deliveries, now_ms)
        columns = deliveries.c.id, deliveries.c.run, deliveries.c.url
        query = select(*columns).where(*ours).order_by(deliveries.c.sequence).limit(DUE_LIMIT)
        with self._engine.begin() as connection:
            found = connection.execute(query).all()
            if len(found) == DUE_LIMIT:
                place = func.row_number().over(partition_by=deliveries.c.url, order_by=deliveries.c.sequence)
                placed = select(*columns, deliveries.c.sequence, place.label("place")).where(*ours).subquery()
                first = select(placed.c.id, placed.c.run, placed.c.url).where(placed.c.place <= OF_ONE)
                found = connection.execute(first.order_by(placed.c.sequence)).all()
            return [Due(*row) for row in found if row.id not in sending]

    def claim(self, delivery_id: str, now_ms: int, until_ms: int) -> bool:
        """Nobody else sends it, or another event of its run, until then; False when somebody does, or has."""
        run = select(deliveries.c.run).where(deliveries.c.id == delivery_id).scalar_subquery()
        waiting = deliveries.c.run == run, deliveries.c.state == DeliveryState.WAITING
        columns = deliveries.c.id, deliveries.c.next_ms, deliveries.c.claimed_ms
        with self._engine.begin() as connection:
            rows = connection.execute(select(*columns).where(*waiting).with_for_update()).all()
            if any((row.claimed_ms or 0) > now_ms for row in rows):
                return False
            if not any(row.id == delivery_id and row.next_ms <= now_ms for row in rows):
                return False
            connection.execute(_of(delivery_id).values(claimed_ms=until_ms))
            return True

    def disclaim(self, delivery_id: str) -> None:
        """It was not sent, and anybody may try."""
        with self._engine.begin() as connection:
            connection.execute(_of(delivery_id).values(claimed_ms=None))

    def next_ms(self, after_ms: int) -> int | None:
        """When the next one is due that is not yet."""
        query = select(func.min(deliveries.c.next_ms)).where(
            deliveries.c.state == DeliveryState.WAITING, deliveries.c.next_ms > after_ms
        )
        with self._engine.begin() as connection:
            return connection.execute(query).scalar_one()

    def get(self, delivery_id: str) -> Delivery | None:
        """One that still waits."""
        query = select(*(deliveries.c[name] for name in Delivery._fields)).where(
            deliveries.c.id == delivery_id, deliveries.c.state == DeliveryState.WAITING
        )
        with self._engine.begin() as connection:
            row = connection.execute(query).first()
        return None if row is None else Delivery(*row)

    def settle(
        self, delivery_id: str, state: DeliveryState, attempts: int, status: int | None, next_ms: int | None = None
    ) -> None:
        """How an attempt went; `next_ms` only when there will be another one."""
        values: dict[str, Any] = {"state": state, "attempts": attempts, "status": status, "claimed_ms": None}
        if next_ms is not None:
            values["next_ms"] = next_ms
        with self._engine.begin() as connection:
            connection.execute(_of(delivery_id).values(values))

    def abandon(self, url: str) -> None:
        """The receiver is gone for good: nothing that waits for it is sent."""
        with self._engine.begin() as connection:
            waiting = update(deliveries).where(deliveries.c.url == url, deliveries.c.state == DeliveryState.WAITING)
            connection.execute(waiting.values(state=DeliveryState.FAILED))

    def sweep(self, before_ms: int) -> int:
        """Deletes what has ended and is older; how many."""
        with self._engine.begin() as connection:
            old = delete(deliveries).where(
                deliveries.c.state != DeliveryState.WAITING, deliveries.c.created_ms < before_ms
            )
            return connection.execute(old).rowcount

    def of_run(self, run_id: str) -> list[tuple[str, str, int, int | None]]:
        """(event, state, attempts, last status) of every delivery of a run, in order."""
        columns = (deliveries.c.event, deliveries.c.state, deliveries.c.attempts, deliveries.c.status)
        query = select(*columns).where(deliveries.c.run == run_id).order_by(deliveries.c.sequence)
        with self._engine.begin() as connection:
            return [tuple(row) for row in connection.execute(query)]


def _of(delivery_id: str) -> Update:
    return update(deliveries).where(deliveries.c.id == delivery_id)


def _free(row: Table, now_ms: int) -> ColumnElement[bool]:
    """Neither it nor another event of its run is being sent by another process."""
    other = row.alias()
    claimed = select(other.c.id).where(
        other.c.run == row.c.run, other.c.state == DeliveryState.WAITING, other.c.claimed_ms > now_ms
    )
    return ~claimed.exists()
