"""One chat server over HTTP: a session that is kept alive, and errors that a person understands.

The key goes to the entry's own host alone: no redirect is followed. Lives on the background loop.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from errno import ECONNREFUSED
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from ...chats import Chat
from ...streams import read_bounded
from ..errors import AnswerError, ChatError, ChatTimeout, Disconnected, Unreachable

log = logging.getLogger(__name__)

_IDLE = 4.0  # seconds for which a connection is kept; uvicorn, which most servers use, closes it after 5
_BUFFER = 256 * 1024  # bytes
_BRIEF = 10.0  # seconds for what a server answers at once: lists, its kind
_SMALL = 4 * 1024 * 1024  # bytes of such an answer
_DRAIN = 0.2  # seconds for the end of an answer that is whole; in time, the connection is used again


class Told(NamedTuple):
    """A short answer of whatever status."""

    status: int
    headers: Mapping[str, str]
    body: bytearray

    @property
    def json(self) -> Any:
        """Its content; None when it is no success or no JSON."""
        try:
            return json.loads(self.body) if self.status == 200 else None
        except (ValueError, RecursionError):
            return None


class Connection:
    def __init__(self, name: str, entry: Chat) -> None:
        self.label = f"Chat model {name}"
        self.place = f"[chat.{name}] of lectern.toml"
        self.entry = entry
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    @property
    def root(self) -> str:
        """Where a server's own routes begin, beside OpenAI's."""
        return self.entry.url.removesuffix("/v1")

    @property
    def host(self) -> str:
        return urlsplit(self.entry.url).hostname or ""

    async def ask(self, method: str, url: str, body: Mapping[str, Any] | None = None, seconds: float = _BRIEF) -> Told:
        """A short question and its answer.

        Args:
            url: below `root` or the entry's own url; the key goes with it.

        Raises:
            ChatError, SettingsError.
        """
        try:
            async with asyncio.timeout(seconds), self.send(method, url, body) as response:
                content = await read_bounded(response, _SMALL, partial(_larger, self.label))
                return Told(response.status, response.headers, content)
        except TimeoutError as error:
            raise ChatTimeout(
                f"{self.label} did not answer in {seconds:g} seconds. Look whether its server is busy or hangs."
            ) from error

    @asynccontextmanager
    async def send(
        self, method: str, url: str, body: Mapping[str, Any] | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer as it begins, whatever its status. Left before its end, the connection is closed at once, which
        tells the server to stop.

        Raises:
            Unreachable, Disconnected: also while the answer is read.
            SettingsError: the key or the certificates cannot be read.
        """
        try:
            response = await self._request(method, url, body)
            try:
                yield response
            finally:
                if not response.content.at_eof():
                    response.close()
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # Among them aiohttp's own time limit, which is that of the connection alone. A limit around this is no
            # error in here but a cancellation.
            # Not `from error`, which ComfyUI would log: aiohttp quotes what it does not understand, be it the key.
            log.debug("A chat server cannot be read: %s.", type(error).__name__)
            raise self._broken(error) from None

    @property
    def is_open(self) -> bool:
        return self._session is not None

    async def close(self) -> None:
        """For good: what is still under way is not tried again."""
        self._closed = True
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _request(self, method: str, url: str, body: Mapping[str, Any] | None) -> aiohttp.ClientResponse:
        key = self.entry.key()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        # encoded=True keeps the entry's own escapes as they were written.
        address = URL(url, encoded=True)
        return await self._open().request(method, address, data=data, headers=headers, allow_redirects=False)

    def _open(self) -> aiohttp.ClientSession:
        if self._closed:
            raise Unreachable(
                f"{self.label} is no longer asked, for its entry was changed or ComfyUI ends. Run it anew."
            )
        if self._session is None:
            entry = self.entry
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=entry.tls(), limit=entry.concurrency + 8, keepalive_timeout=_IDLE),
                headers={"Accept-Encoding": "identity", "Accept": "text/event-stream, application/json"},
                auto_decompress=False,  # a small compressed answer could unpack to any size
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=entry.connect_seconds),
                cookie_jar=aiohttp.DummyCookieJar(),
                read_bufsize=_BUFFER,
            )
        return self._session

    def _broken(self, error: Exception) -> ChatError:
        if isinstance(error, aiohttp.ServerTimeoutError):
            return Unreachable(
                f"{self.label} gave no connection in {self.entry.connect_seconds:g} seconds. Look whether that machine"
                f" is on and reachable, or raise connect_seconds in {self.place}."
            )
        if isinstance(error, aiohttp.ClientSSLError):
            return Unreachable(
                f"{self.label} shows a certificate that is not trusted here. Set ca_file in {self.place}, or"
                " verify_tls = false for a server of your own."
            )
        if isinstance(error, aiohttp.ClientConnectorError):
            return Unreachable(
                f"{self.label} cannot be reached ({_why(error)}). Start its server, or correct the url in {self.place}."
            )
        return Disconnected(
            f"{self.label} broke off the connection before its answer was complete. Look at its server's console, then"
            " try again."
        )


async def drained(response: aiohttp.ClientResponse) -> None:
    """Waits a moment for the end of an answer that is whole, so that its connection can be used again."""
    try:
        async with asyncio.timeout(_DRAIN):
            while await response.content.readany():
                pass
    except (TimeoutError, aiohttp.ClientError, OSError):  # the answer is there; the connection is not needed
        response.close()


def _larger(label: str, megabytes: int) -> AnswerError:
    return AnswerError(f"{label} sent more than {megabytes} MB where a short answer belongs. Correct the entry's url.")


def _why(error: aiohttp.ClientConnectorError) -> str:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "nobody knows this name"
    if isinstance(error.os_error, ConnectionRefusedError) or error.os_error.errno == ECONNREFUSED:
        return "nothing listens there"
    return (error.os_error.strerror or type(error.os_error).__name__).split("\n")[0][:120].lower()
