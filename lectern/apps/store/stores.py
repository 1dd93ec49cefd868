"""All tables of one database, each family with a class of its own."""

from sqlalchemy import Engine

from .deliveries import DeliveryStore
from .files import FileStore
from .runs import RunStore


class Stores:
    """What `Storage.call` hands to its function."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.runs = RunStore(engine)
        self.files = FileStore(engine)
        self.deliveries = DeliveryStore(engine)

    def close(self) -> None:
        self._engine.dispose()
