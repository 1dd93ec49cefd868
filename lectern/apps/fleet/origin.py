"""Which store a run is of: one NATS may serve gateways of several, and each hears of its own runs alone."""

import uuid

from ..store.storage import Storage

NAME = "store"  # among the secrets, though it is none


class Origin:
    """Lives on the background loop."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._name = ""

    async def name(self) -> str:
        """The same for all processes of one store, for ever. Raises NotReady."""
        if not self._name:
            made = uuid.uuid4().hex
            self._name = await self._storage.call(lambda store: store.secrets.keep(NAME, made))
        return self._name
