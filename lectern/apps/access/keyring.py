"""The keys as ComfyUI's server sees them: in memory, because every request asks; the store is on another loop."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from ...envelope import Call
from ..errors import KeyNotFound, NotReady, Unauthorized
from ..store.storage import Storage
from .keys import Issued, Key, Wanted, fits, issue, read

logger = logging.getLogger(__name__)

STAMP_NAME = "keys.changed"  # grows by a byte with each change that another process makes
USED_MS = 60_000  # how exact "last used" is
SHARED_SECONDS = 1.0  # after which keys that other processes may have revoked are read again
MISSED_SECONDS = 0.1

WRONG = "This key is not valid; check that it was copied whole, or ask for a new one."
REVOKED = "This key was revoked; ask for a new one."


def now_ms() -> int:
    return int(time.time() * 1000)


class KeyRing:
    """Lives on the server's loop. Raises NotReady where the store cannot be used."""

    def __init__(self, storage: Storage, folder: Path, call: Call, now_ms: Callable[[], int] = now_ms) -> None:
        self._storage = storage
        self._stamp_file = folder / STAMP_NAME
        self._call = call
        self._now_ms = now_ms
        self._keys: Mapping[str, Key] = {}
        self._used: dict[str, int] = {}  # by id, milliseconds
        self._changes = 0
        self._known: object = None  # the version that `_keys` is of
        self._read_at = -SHARED_SECONDS  # time.monotonic()
        self._loading = asyncio.Lock()

    async def verify(self, text: str) -> Key:
        """The key of this text. Raises Unauthorized."""
        shown = read(text)
        key = await self._get(shown.id)
        if not fits(shown, key) or key is None:
            raise Unauthorized(WRONG)
        if key.revoked_ms is not None:
            raise Unauthorized(REVOKED)
        return key

    async def find(self, key_id: str) -> Key | None:
        """The key, unless it was revoked."""
        key = await self._get(key_id)
        return key if key is not None and key.revoked_ms is None else None

    async def use(self, key: Key) -> None:
        """Notes that the key was used; writes it at most once a minute, and never fails for it."""
        now = self._now_ms()
        if now - max(self._used.get(key.id, 0), key.last_used_ms or 0) < USED_MS:
            return
        self._used[key.id] = now
        try:
            await self._call(self._storage.call(lambda store: store.keys.used(key.id, now)))
        except NotReady as error:
            logger.warning("When a key was last used cannot be kept: %s", error)

    async def all(self) -> list[Key]:
        """Revoked ones too, newest first, as the store has them."""
        if not self._storage.exists:
            return []
        return await self._call(self._storage.call(lambda store: store.keys.all()))

    async def create(self, wanted: Wanted) -> Issued:
        issued = issue(wanted, self._now_ms())
        await self._call(self._storage.call(lambda store: store.keys.insert(issued.key)))
        await self._call(self._storage.durable())
        self._changes += 1
        return issued

    async def revoke(self, key_id: str) -> None:
        """Raises KeyNotFound."""
        now = self._now_ms()
        found = self._storage.exists and await self._call(
            self._storage.call(lambda store: store.keys.revoke(key_id, now))
        )
        if not found:
            raise KeyNotFound("There is no key with this id; GET /lectern/v1/keys lists them.")
        self._changes += 1
        await self._call(self._storage.durable())  # no power cut brings a revoked key back

    async def _get(self, key_id: str) -> Key | None:
        keys = await self._all(SHARED_SECONDS)
        if key_id and key_id not in keys and self._storage.shared:
            keys = await self._all(MISSED_SECONDS)  # another process may have made it a moment ago
        return keys.get(key_id)

    async def _all(self, seconds: float) -> Mapping[str, Key]:
        """`seconds`: how old they may be where other processes change them without telling."""
        if self._old(seconds):
            async with self._loading:
                if self._old(seconds):
                    await self._read()
        return self._keys

    async def _read(self) -> None:
        while True:
            version = self._version()
            self._keys = {key.id: key for key in await self.all()}
            self._known, self._read_at = version, time.monotonic()
            if self._version() == version:  # else they changed again while they were read
                return

    def _old(self, seconds: float) -> bool:
        late = self._storage.shared and time.monotonic() - self._read_at > seconds
        return late or self._version() != self._known

    def _version(self) -> object:
        try:
            status = self._stamp_file.stat()
        except OSError:
            return self._changes, 0, 0
        return self._changes, status.st_size, status.st_mtime_ns
