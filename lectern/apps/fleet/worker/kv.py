"""Values in NATS's buckets: read with their revision, and changed only when nobody else changed them meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from ...errors import NotReady
from ..link import Link, translated

NEVER = 0  # the revision of what was never there


class Entry(NamedTuple):
    value: bytes | None  # None: it was deleted
    revision: int


@contextmanager
def answered() -> Iterator[None]:
    """As `translated`; answers of JetStream that nobody here deals with become NotReady, too."""
    from nats.js.errors import Error

    with translated():
        try:
            yield
        except Error as error:
            raise NotReady(f"NATS refuses ({type(error).__name__}).") from error


class Values:
    """One bucket. Everything may raise NotReady."""

    def __init__(self, link: Link, bucket: str) -> None:
        self._link = link
        self._bucket = bucket

    async def read(self, key: str) -> Entry | None:
        """None when it was never there."""
        from nats.js.errors import KeyNotFoundError

        bucket = self._link.bucket(self._bucket)
        with answered():
            try:
                entry = await bucket.get(key)
            except KeyNotFoundError as error:
                gone = error.entry
                return None if gone is None else Entry(None, gone.revision or NEVER)
        return Entry(entry.value or b"", entry.revision or NEVER)

    async def swap(self, key: str, value: bytes, revision: int) -> int | None:
        """The new revision; None when what is there is not of that revision."""
        from nats.js.errors import KeyWrongLastSequenceError

        bucket = self._link.bucket(self._bucket)
        with answered():
            try:
                return await bucket.update(key, value, last=revision)
            except KeyWrongLastSequenceError:
                return None

    async def put(self, key: str, value: bytes) -> int:
        bucket = self._link.bucket(self._bucket)
        with answered():
            return await bucket.put(key, value)

    async def delete(self, key: str, revision: int | None = None) -> None:
        """Only when it is of that revision, where one is given."""
        from nats.js.errors import APIError

        bucket = self._link.bucket(self._bucket)
        with translated():
            try:
                await bucket.delete(key, last=revision)
            except APIError:  # somebody changed it
                return

    async def keys(self) -> list[str]:
        """Also those that were deleted a moment ago."""
        js = self._link.js
        with answered():
            info = await js.stream_info(f"KV_{self._bucket}", subjects_filter=">")
        return [subject.removeprefix(f"$KV.{self._bucket}.") for subject in info.state.subjects or {}]
