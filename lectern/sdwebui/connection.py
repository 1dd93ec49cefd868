"""One server over HTTP: a session that is kept alive, bounded answers, and errors that a person understands.

Lives on the background loop.
"""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from errno import ECONNREFUSED
from typing import NamedTuple

import aiohttp
from yarl import URL

from ..servers import Server
from ..streams import read_bounded
from .errors import AnswerError, Disconnected, ServerTimeout, Unreachable
from .faults import fault

_IDLE = 4.0  # seconds for which a connection is kept; uvicorn, which most servers use, closes it after 5
_BUFFER = 1024 * 1024  # bytes; answers are megabytes
SMALL = 16 * 1024 * 1024  # bytes of an answer that holds no generated pictures


class Patience(NamedTuple):
    """Seconds."""

    first_byte: float
    total: float


BRIEF = Patience(10, 20)  # for what a server answers at once: lists, progress, interrupt


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytearray


class Connection:
    def __init__(self, name: str, server: Server) -> None:
        if server.url is None:
            raise ValueError("a pool has no connection of its own")
        self.label = f"Server {name} ({server.url})"
        self.server = server
        self._base = server.url
        self._session: aiohttp.ClientSession | None = None
        self._login: str | None = None  # the header; empty without a user

    async def get(self, path: str) -> bytearray:
        """The body of a 2xx answer to a question that is answered at once. Raises ServerError, RequestError."""
        return (await self.send("GET", path)).body

    async def post(self, path: str, body: bytes = b"{}") -> bytearray:
        return (await self.send("POST", path, body)).body

    async def send(
        self, method: str, path: str, body: bytes | None = None, patience: Patience = BRIEF, limit: int = SMALL
    ) -> Answer:
        """Sends JSON and gives the answer when its status is 2xx.

        Args:
            path: as the servers document it, `/sdapi/v1/txt2img`.
            limit: bytes; a longer answer is not read to its end.

        Raises:
            ServerError, RequestError: what went wrong, named after its cause.
            SettingsError: the entry's password or certificates cannot be read.
        """
        patience = Patience(*(min(most, ours) for most, ours in zip(patience, self._patience(), strict=True)))
        begun = False
        try:
            async with asyncio.timeout(patience.total), self._request(method, path, body, patience) as response:
                begun = True
                content = await read_bounded(response, limit, self._larger)
        except aiohttp.ServerTimeoutError as error:
            raise Unreachable(
                f"{self.label} gave no connection in {self.server.connect_seconds:g} seconds. Look whether that machine"
                " is on and reachable, or raise connect_seconds in its entry of lectern.toml."
            ) from error
        except TimeoutError as error:
            raise self._late(patience, begun) from error
        except aiohttp.ClientSSLError as error:
            raise Unreachable(
                f"{self.label} shows a certificate that is not trusted here. Set ca_file in its entry of lectern.toml,"
                " or verify_tls = false for a server of your own."
            ) from error
        except aiohttp.ClientConnectorError as error:
            raise Unreachable(
                f"{self.label} cannot be reached ({_why(error)}). Start it with its API switched on, or correct its"
                " url in lectern.toml."
            ) from error
        except (aiohttp.ClientError, ConnectionError, OSError, ValueError) as error:
            raise Disconnected(
                f"{self.label} broke off the connection before its answer was complete. Look at its console, then try"
                " again."
            ) from error
        if response.status == 401:
            self._login = None  # it may be corrected by the next time, without a change in lectern.toml
        if not 200 <= response.status < 300:
            raise fault(self.label, path, response.status, response.headers, content)
        return Answer(response.status, response.headers, content)

    @property
    def is_open(self) -> bool:
        return self._session is not None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _patience(self) -> Patience:
        return Patience(self.server.first_byte_seconds, self.server.total_seconds)

    @asynccontextmanager
    async def _request(
        self, method: str, path: str, body: bytes | None, patience: Patience
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {"Accept": "application/json"} | ({} if body is None else {"Content-Type": "application/json"})
        headers |= self._authorization()
        # The path is one of ours; encoded=True keeps the entry's own escapes as they were written.
        url = URL(self._base + path, encoded=True)
        session = self._open()
        async with asyncio.timeout(patience.first_byte) as wait:
            response = await session.request(method, url, data=body, headers=headers, allow_redirects=False)
            wait.reschedule(None)
        async with response:
            yield response

    def _authorization(self) -> dict[str, str]:
        if self._login is None:
            pair = f"{self.server.user}:{self.server.password()}" if self.server.user else ""
            self._login = f"Basic {b64encode(pair.encode()).decode()}" if pair else ""
        return {"Authorization": self._login} if self._login else {}

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            server = self.server
            connector = aiohttp.TCPConnector(ssl=server.tls(), limit=server.concurrency + 8, keepalive_timeout=_IDLE)
            times = aiohttp.ClientTimeout(total=None, sock_connect=server.connect_seconds)
            self._session = aiohttp.ClientSession(
                connector=connector,
                headers={"Accept-Encoding": "identity"},
                auto_decompress=False,  # a small compressed answer could unpack to any size
                timeout=times,
                cookie_jar=aiohttp.DummyCookieJar(),
                read_bufsize=_BUFFER,
            )
        return self._session

    def _larger(self, megabytes: int) -> AnswerError:
        return AnswerError(
            f"{self.label} sent more than {megabytes} MB in one answer. Ask for fewer or smaller pictures, or raise"
            " answer_mb in its entry of lectern.toml."
        )

    def _late(self, patience: Patience, begun: bool) -> ServerTimeout:
        if begun:
            return ServerTimeout(
                f"{self.label} did not finish its answer in {patience.total:g} seconds or stopped in the middle of it."
                " Try again, or raise total_seconds in its entry of lectern.toml."
            )
        return ServerTimeout(
            f"{self.label} did not answer in {min(patience):g} seconds. Look whether it is busy or hangs, or raise"
            " first_byte_seconds in its entry of lectern.toml."
        )


def _why(error: aiohttp.ClientConnectorError) -> str:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "nobody knows this name"
    if isinstance(error.os_error, ConnectionRefusedError) or error.os_error.errno == ECONNREFUSED:
        return "nothing listens there"
    return (error.os_error.strerror or type(error.os_error).__name__).split("\n")[0][:120].lower()
