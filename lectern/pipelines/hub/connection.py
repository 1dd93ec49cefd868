"""GETs of one download: bounded answers, redirects to hosts that lectern.toml names, the token to the hub alone.

Lives on the background loop.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Self, TypeVar
from urllib.parse import quote

import aiohttp
from yarl import URL

from ...modelhub import ModelHub
from ..errors import HubAccessError, HubAnswerError, HubLostError, HubMissingError
from .listing import MOST_FILES, Entry, commit_of, entries_of
from .names import HubName

T = TypeVar("T")
Pause = Callable[[float], Awaitable[object]]

LARGEST_ANSWER = 16 << 20  # bytes of an API answer; a page of the list has about 300 KB
_MOST_PAGES = 100
_MOST_REDIRECTS = 8
_BUFFER = 1 << 20  # bytes
_REDIRECTS = (301, 302, 303, 307, 308)
_PASSING = (408, 425, 429, 500, 502, 503, 504)  # statuses after which another attempt may do
_LONGEST_PAUSE = 300.0  # seconds; the hub's own limits count in windows of five minutes


class Connection:
    """`async with Connection(...) as hub:`"""

    def __init__(self, hub: ModelHub, name: HubName, pause: Pause = asyncio.sleep) -> None:
        self.hub, self.name, self._pause = hub, name, pause
        self._base = URL(hub.url)
        self._token = hub.token()
        times = aiohttp.ClientTimeout(total=None, sock_connect=hub.connect_seconds, sock_read=hub.stall_seconds)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=hub.tls()),
            headers={"Accept-Encoding": "identity", "User-Agent": "lectern"},
            auto_decompress=False,  # a small compressed answer could unpack to any size
            timeout=times,
            cookie_jar=aiohttp.DummyCookieJar(),
            read_bufsize=_BUFFER,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._session.close()

    async def commit(self) -> str:
        """What the revision is at now."""
        path = f"api/models/{self.name.id}/revision/{quote(self.name.revision, safe='')}"
        return commit_of((await self._answer(self._url(path), LARGEST_ANSWER))[0])

    async def files(self, commit: str) -> dict[str, Entry]:
        """All files of a commit by their paths."""
        found: dict[str, Entry] = {}
        url: URL | None = self._url(f"api/models/{self.name.id}/tree/{commit}?recursive=true")
        for _ in range(_MOST_PAGES):
            text, url = await self._answer(url, LARGEST_ANSWER)
            found |= {one.path: one for one in entries_of(text)}
            if len(found) > MOST_FILES:
                break
            if url is None:
                return found
        raise HubAnswerError(f"{self.name} has more than {MOST_FILES} files. Choose another pipeline.")

    async def content(self, entry: Entry, commit: str, limit: int) -> bytes:
        """A small file; not yet compared with its digest."""
        return (await self._answer(self.file_url(entry, commit), min(entry.size, limit)))[0]

    def file_url(self, entry: Entry, commit: str) -> URL:
        return self._url(f"{self.name.id}/resolve/{commit}/{quote(entry.path)}")

    async def patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Tries again after HubLostError, later each time, as often in a row as the settings say."""
        failures = 0
        while True:
            try:
                return await work()
            except HubLostError as error:
                failures += 1
                if failures >= self.hub.attempts:
                    raise
                await self.wait(error, failures)

    async def wait(self, error: HubLostError, failures: int) -> None:
        await self._pause(min(2.0 ** (failures - 1), 30.0) if error.pause is None else error.pause)

    @asynccontextmanager
    async def get(self, url: URL, first: int = 0) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer (200, 206 or 416) at the end of all redirects.

        Args:
            first: the byte to begin with, as the server likes; see the status.

        Raises:
            HubLostError, also out of reading the body. HubAccessError, HubMissingError, HubAnswerError.
        """
        ranged = {"Range": f"bytes={first}-"} if first else {}
        with self._losses():
            for _ in range(_MOST_REDIRECTS):
                headers = ranged | self._authorization(self._checked(url))
                async with self._session.get(url, headers=headers, allow_redirects=False) as response:
                    if response.status in _REDIRECTS and "Location" in response.headers:
                        url = self._joined(url, response.headers["Location"])
                        continue
                    self._judge(response)
                    yield response
                    return
        raise HubAnswerError(f"{self._host} redirects without an end. Look at url in [hub] of lectern.toml.")

    @property
    def _host(self) -> str:
        return self._base.host or ""

    def _url(self, path: str) -> URL:
        return URL(f"{self.hub.url}/{path}", encoded=True)

    async def _answer(self, url: URL | None, limit: int) -> tuple[bytes, URL | None]:
        """The body, and where the list goes on."""

        async def once() -> tuple[bytes, URL | None]:
            async with self.get(url or self._base) as response:
                return await self._bounded(response, limit), self._following(response)

        return await self.patiently(once)

    def _following(self, response: aiohttp.ClientResponse) -> URL | None:
        """Where a list goes on, by the header `Link: <url>; rel="next"`."""
        header = response.headers.get("Link", "")
        found = re.search(r'<([^>]*)>\s*;\s*rel="?next"?', header)
        url = self._joined(response.url, found[1]) if found else None
        if url is not None and url.origin() != self._base.origin():
            raise HubAnswerError(
                f"The list of {self.name} goes on at {(url.host or '')[:200]}, which is not the hub. Look at url in"
                " [hub] of lectern.toml."
            )
        return url

    def _joined(self, url: URL, location: str) -> URL:
        try:
            joined = url.join(URL(location, encoded=True))
            _ = joined.origin()
        except ValueError:
            raise HubAnswerError(f"{self._host} redirects to what is no address. Look at url in [hub].") from None
        return joined

    async def _bounded(self, response: aiohttp.ClientResponse, limit: int) -> bytes:
        text = bytearray()
        async for piece in response.content.iter_any():
            text += piece
            if len(text) > limit:
                raise HubAnswerError(
                    f"{self._host} sent more than {limit} bytes where fewer were due. Look at url in [hub] of"
                    " lectern.toml, or try again."
                )
        return bytes(text)

    def _authorization(self, url: URL) -> dict[str, str]:
        own = self._token and url.origin() == self._base.origin()
        return {"Authorization": f"Bearer {self._token}"} if own else {}

    def _checked(self, url: URL) -> URL:
        host = (url.host or "").casefold()
        secure = url.scheme == "https" or (url.scheme == "http" and self._base.scheme == "http")
        if not secure or not (host == self._host.casefold() or self.hub.allows_host(host)):
            raise HubAnswerError(
                f"{self._host} redirects to {url.scheme}://{host[:200]}, where nothing may be fetched from. If you"
                " trust that host, add it to hosts in [hub] of lectern.toml."
            )
        return url

    def _judge(self, response: aiohttp.ClientResponse) -> None:
        """Raises what a status other than 2xx stands for."""
        status, said = response.status, response.headers.get("X-Error-Code", "")
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise HubAnswerError(f"{response.url.host} sent a compressed file without being asked. Try another url.")
        if status in (200, 206, 416):
            return
        if status in _PASSING or response.url.origin() != self._base.origin():
            raise self.lost(f"answered HTTP {status}", _retry_after(response))
        if said == "GatedRepo" or status == 403:
            raise HubAccessError(
                f"{self.name.id} is given to those who accepted its licence. Do that at {self.hub.url}/{self.name.id},"
                " and name the variable with an access token that may read it as token_env in [hub] of lectern.toml."
            )
        if status == 401 and said != "RepoNotFound":
            raise HubAccessError(
                f"{self._host} wants a valid access token for {self.name.id}. Name the variable that holds one as"
                " token_env in [hub] of lectern.toml."
            )
        if said == "RevisionNotFound":
            raise HubMissingError(
                f"{self.name.id} has no revision {self.name.revision!r} on {self._host}. Correct it, or leave it empty"
                " for main."
            )
        if status in (401, 404):
            raise HubMissingError(
                f"{self._host} has no {self.name}, or does not show it to you. Correct hub_id and revision; for a"
                " private one name your access token as token_env in [hub] of lectern.toml."
            )
        raise HubAnswerError(f"{self._host} refused {self.name} with HTTP {status}. Look at its page on the hub.")

    def lost(self, what: str, pause: float | None = None) -> HubLostError:
        error = HubLostError(
            f"{self._host} {what}, {self.hub.attempts} times in a row. Run it again later; what has arrived is kept."
        )
        error.pause = pause
        return error

    @contextmanager
    def _losses(self) -> Iterator[None]:
        try:
            yield
        except aiohttp.ClientSSLError as error:
            raise HubAccessError(
                f"{self._host} shows a certificate that is not trusted here. Set ca_file in [hub] of lectern.toml."
            ) from error
        except aiohttp.ClientConnectorError as error:
            raise self.lost("cannot be reached") from error
        except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
            raise self.lost("broke off or went silent") from error


def _retry_after(response: aiohttp.ClientResponse) -> float | None:
    value = response.headers.get("Retry-After", "")
    return min(float(value), _LONGEST_PAUSE) if re.fullmatch(r"\d{1,6}", value) else None
