"""Who is there: what workers and gateways say of themselves every few seconds, heard by this gateway."""

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from ... import __version__
from ..errors import NotReady
from . import topology
from .link import Link, translated
from .messages import Advert

if TYPE_CHECKING:
    from nats.aio.msg import Msg

GONE = ("DEL", "PURGE")


class _Heard(NamedTuple):
    at: float  # time.monotonic()
    content: bytes


class Adverts:
    """Lives on the background loop."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._heard: dict[str, dict[str, _Heard]] = {topology.WORKERS: {}, topology.GATEWAYS: {}}
        self._read: dict[bytes, Advert] = {}
        link.welcome(self._begin)

    def workers(self) -> list[Advert]:
        """By name."""
        contents = [heard.content for _, heard in self._live(topology.WORKERS)]
        self._read = {content: advert for content in contents if (advert := self._advert(content)) is not None}
        return [self._read[content] for content in contents if content in self._read]

    def gateways(self) -> dict[str, str]:
        """Their versions, by name."""
        return {name: heard.content.decode("utf-8", "replace") for name, heard in self._live(topology.GATEWAYS)}

    async def advertise(self) -> None:
        """That this gateway is there, until cancelled."""
        while True:
            with suppress(NotReady), translated():
                await self._say()
            await asyncio.sleep(topology.ADVERT_SECONDS)

    async def withdraw(self) -> None:
        with suppress(NotReady), translated():
            await self._link.bucket(topology.GATEWAYS).delete(self._link.name)

    async def _say(self) -> None:
        await self._link.bucket(topology.GATEWAYS).put(self._link.name, __version__.encode())

    async def _begin(self) -> None:
        """After a new connection: what was said before is there, and what is said from now on is heard.

        A bucket's entries are messages on subjects like any other.
        """
        from nats.js.errors import NoKeysError, NotFoundError

        for bucket in self._heard:
            await self._link.client.subscribe(f"$KV.{bucket}.>", cb=self._hear)
            entries = self._link.bucket(bucket)
            with suppress(NoKeysError):
                for name in await entries.keys():
                    with suppress(NotFoundError):
                        self._note(bucket, name, (await entries.get(name)).value or b"")
        await self._say()

    async def _hear(self, message: "Msg") -> None:
        bucket, _, name = message.subject.removeprefix("$KV.").partition(".")
        if (message.headers or {}).get("KV-Operation") in GONE:
            self._heard[bucket].pop(name, None)
        else:
            self._note(bucket, name, message.data)

    def _note(self, bucket: str, name: str, content: bytes) -> None:
        self._heard[bucket][name] = _Heard(time.monotonic(), content)

    def _live(self, bucket: str) -> list[tuple[str, _Heard]]:
        oldest = time.monotonic() - topology.ADVERT_LIFE
        known = self._heard[bucket]
        for name in [name for name, heard in known.items() if heard.at < oldest]:
            del known[name]
        return sorted(known.items())

    def _advert(self, content: bytes) -> Advert | None:
        try:
            return self._read.get(content) or Advert.load(content)
        except (ValueError, KeyError, TypeError):  # of a Lectern that is newer than this one
            return None
