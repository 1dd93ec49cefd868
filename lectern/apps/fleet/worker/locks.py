"""Of some apps there may be one run at a time: a worker holds the app's lock for as long as it has such a run."""

from ...errors import NotReady
from .. import topology
from ..link import Link
from .kv import NEVER, Values


class Locks:
    """Everything but `release` may raise NotReady."""

    def __init__(self, link: Link, worker: str) -> None:
        self._values = Values(link, topology.LOCKS)
        self._worker = worker.encode()
        self._held: dict[str, int] = {}  # app -> revision

    async def take(self, app: str) -> bool:
        """False while another worker has it. One that an earlier process of this worker had is this one's."""
        revision = await self._values.swap(app, self._worker, self._held.pop(app, NEVER))
        if revision is None:
            there = await self._values.read(app)
            free = there is None or there.value is None or there.value == self._worker
            revision = await self._values.swap(app, self._worker, there.revision if there else NEVER) if free else None
        if revision is not None:
            self._held[app] = revision
        return revision is not None

    async def renew(self, app: str) -> bool:
        """False when it is somebody else's by now."""
        return await self.take(app)

    async def release(self, app: str) -> None:
        """What cannot be released now ends by itself."""
        revision = self._held.pop(app, None)
        if revision is None:
            return
        try:
            await self._values.delete(app, revision)
        except NotReady:
            return
