"""What is recorded of a webhook's deliveries."""

from enum import StrEnum
from typing import NamedTuple


class DeliveryState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class Delivery(NamedTuple):
    """One event of a run for one receiver."""

    id: str
    run: str
    event: str
    url: str
    payload: str  # JSON, sent as it is
    attempts: int
    created_ms: int


class Due(NamedTuple):
    id: str
    run: str
    url: str
