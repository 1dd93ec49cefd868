"""All tables of one database, each family with a class of its own."""

from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from .apps import AppStore
from .deliveries import DeliveryStore
from .files import FileStore
from .keys import KeyStore
from .runs import Note, RunStore
from .secrets import SecretStore
from .upkeep import Upkeep

if TYPE_CHECKING:
    from .fleet import FleetStore


class Stores:
    """What `Storage.call` hands to its function."""

    def __init__(self, engine: Engine, note: Note | None = None) -> None:
        self._engine = engine
        self._note = note
        self.apps = AppStore(engine)
        self.runs = RunStore(engine, note)
        self.upkeep = Upkeep(engine, note)
        self.keys = KeyStore(engine)
        self.files = FileStore(engine)
        self.deliveries = DeliveryStore(engine)
        self.secrets = SecretStore(engine)

    @cached_property
    def fleet(self) -> "FleetStore":
        """Imported only where there is a fleet."""
        from .fleet import FleetStore

        return FleetStore(self._engine, self._note)

    def close(self) -> None:
        self._engine.dispose()
