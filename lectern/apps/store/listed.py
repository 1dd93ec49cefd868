"""What a listing of runs asks for. Apart from the store, so that handlers need not import SQLAlchemy."""

from typing import NamedTuple

from ..runs import RunStatus


class Listed(NamedTuple):
    limit: int
    app: str | None = None
    statuses: tuple[RunStatus, ...] = ()  # none: all
    owner: str | None = None  # None: everybody's
    before: int | None = None  # sequence
