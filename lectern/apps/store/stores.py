"""All tables of one database, each family with a class of its own."""

from sqlalchemy import Engine

from .apps import AppStore
from .runs import RunStore
from .upkeep import Upkeep


class Stores:
    """What `Storage.call` hands to its function."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.apps = AppStore(engine)
        self.runs = RunStore(engine)
        self.upkeep = Upkeep(engine)

    def close(self) -> None:
        self._engine.dispose()
