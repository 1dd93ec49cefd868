"""What a worker says of itself, and what keeps it from taking runs."""

import logging

from ...running.dispatcher import now_ms
from .. import topology
from ..link import Link
from ..messages import Advert, nodes_name
from ..shelves import Documents
from .held import Held
from .kv import Values
from .station import Station

logger = logging.getLogger(__name__)

AWAY = "Its ComfyUI does not answer."
NO_WORD = "NATS has not said yet which gateways there are."
OTHER_VERSION = "It is Lectern {own}, and the gateways are {others}; install the same version on both."
TAKEN_NAME = "Another worker has the name {name}, too; give each one its own with --name."


class Noticeboard:
    """Lives on one event loop."""

    def __init__(self, link: Link, documents: Documents, station: Station, name: str, version: str) -> None:
        self.name = name
        self.draining = False
        self._documents = documents
        self._station = station
        self._version = version
        self._since_ms = now_ms()
        self._workers = Values(link, topology.WORKERS)
        self._gateways = Values(link, topology.GATEWAYS)
        self._kinds = Values(link, topology.KINDS)
        self._refused = NO_WORD
        self._digest = ""  # of the nodes that NATS knows of

    @property
    def refused(self) -> str:
        """Why this worker takes nothing, in a sentence; empty when it does."""
        return self._refused if self._station.up else AWAY

    @property
    def shown(self) -> bool:
        """Whether NATS knows what ComfyUI has."""
        return self._digest == self._station.nodes.digest

    @property
    def open(self) -> bool:
        return not self.draining and not self.refused and self._digest != ""

    async def check(self) -> None:
        """Who else is there. Raises NotReady."""
        self._refused = await self._twin() or await self._mismatch()

    async def show_nodes(self) -> None:
        """Puts what ComfyUI has where gateways find it. Raises NotReady."""
        nodes = self._station.nodes
        if not nodes.digest:
            return
        self._documents.forget()  # NATS may have lost its disk meanwhile
        await self._documents.put(nodes_name(nodes.digest), nodes.object_info)
        await self._kinds.put(nodes.digest, self.name.encode())
        self._digest = nodes.digest

    async def tell(self, held: Held | None, warm: tuple[str, ...]) -> None:
        """Raises NotReady."""
        await self._workers.put(self.name, self.advert(held, warm).dump())

    async def leave(self) -> None:
        """Raises NotReady."""
        await self._workers.delete(self.name)

    def advert(self, held: Held | None, warm: tuple[str, ...]) -> Advert:
        station = self._station
        return Advert(
            name=self.name,
            version=self._version,
            nodes=station.nodes.digest,
            comfyui=station.version if station.up else "",
            devices=station.devices,
            ram_free=station.ram_free,
            run="" if held is None else held.job.run.id,
            app="" if held is None else held.job.run.app,
            warm=warm,
            draining=self.draining,
            refused=self.refused,
            since_ms=self._since_ms,
        )

    async def _mismatch(self) -> str:
        found = [await self._gateways.read(name) for name in await self._gateways.keys()]
        versions = {entry.value.decode("utf-8", "replace") for entry in found if entry is not None and entry.value}
        if not versions or self._version in versions:
            return ""
        return OTHER_VERSION.format(own=self._version, others=", ".join(sorted(versions)))

    async def _twin(self) -> str:
        """Two workers of one name overwrite each other's adverts; an earlier process's is not renewed any more."""
        there = await self._workers.read(self.name)
        if there is None or not there.value:
            return ""
        return TAKEN_NAME.format(name=self.name) if Advert.load(there.value).since_ms > self._since_ms else ""
