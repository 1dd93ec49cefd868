"""The one HTTP client that goes to addresses which callers give: input files by URL, and webhooks.

Only hosts that `lectern.toml` names are asked, and only at public addresses unless it says otherwise. The address is
checked where it is looked up for the connection itself, so that no second lookup can give another one.
"""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from socket import AddressFamily
from typing import Any, NamedTuple

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from ..hosts import HostRule, rules
from ..settings import Settings
from .errors import AddressFailed, AddressRefused

URL_LENGTH = 2048  # characters
PORTS = {"http": 80, "https": 443}
FETCH_TIMEOUT = aiohttp.ClientTimeout(total=300, sock_connect=10, sock_read=30)
POST_TIMEOUT = aiohttp.ClientTimeout(total=15, sock_connect=10)
CONNECTIONS = 16
ANSWER_BYTES = 1024  # read of an answer to a POST
GOODBYE_SECONDS = 2  # given to that; its status is known already
MB = 1_000_000
PIECE_BYTES = 256 * 1024
HEADERS = {"Accept-Encoding": "identity", "User-Agent": "Lectern"}
TOO_FAR = "the address of {host} lies in a private network; private_hosts of [apps] in lectern.toml has to name it"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # an IPv6-only network's way to IPv4 hosts (RFC 6052)


@dataclass(frozen=True)
class Reach:
    """Which hosts may be asked."""

    hosts: tuple[HostRule, ...]
    private: tuple[HostRule, ...]  # those of them that may lie anywhere
    setting: str  # that holds `hosts`

    def allows(self, host: str, port: int, scheme: str) -> bool:
        return any(rule.names(host) and port == (rule.port or PORTS[scheme]) for rule in self.hosts)

    def trusts(self, host: str, port: int) -> bool:
        return any(rule.names(host) and rule.port in (None, port) for rule in self.private)


def fetch_reach(settings: Settings) -> Reach:
    return Reach(rules(settings.apps.fetch_hosts), rules(settings.apps.private_hosts), "fetch_hosts")


def webhook_reach(settings: Settings) -> Reach:
    return Reach(rules(settings.apps.webhook_hosts), rules(settings.apps.private_hosts), "webhook_hosts")


class Fetched(NamedTuple):
    """An answer that is being read."""

    name: str  # last part of the address, perhaps empty
    content_type: str  # as told, perhaps empty
    pieces: AsyncIterator[bytes]  # raises AddressFailed when the host breaks off


def check_url(text: str, reach: Reach) -> URL:
    """The address, when it may be asked. What it leads to is only known once it is looked up.

    Raises AddressRefused.
    """
    url = _parse(text)
    if not reach.hosts:
        raise AddressRefused(f"No address is allowed: {reach.setting} of [apps] in lectern.toml names no host.")
    host, port = _place(url)
    if not reach.allows(host, port, url.scheme):
        shown = host if port == PORTS[url.scheme] else f"{host}:{port}"
        raise AddressRefused(f"{shown} is not among {reach.setting} of [apps] in lectern.toml.")
    literal = _literal(host)
    if literal is not None and not allowed_address(literal, reach.trusts(host, port)):
        raise AddressRefused(f"This is not allowed: {TOO_FAR.format(host=host)}.")
    return url


def _parse(text: str) -> URL:
    try:
        if len(text) > URL_LENGTH or not text.isprintable() or " " in text:
            raise ValueError
        url = URL(text)
        _ = url.port
    except ValueError:
        raise AddressRefused(f"Write the address as https://host/path, of at most {URL_LENGTH} characters.") from None
    if url.scheme not in PORTS or not url.raw_host:
        raise AddressRefused("The address must begin with http:// or https:// and name a host.")
    if url.raw_user is not None or url.raw_password is not None:
        raise AddressRefused("The address must not hold a user name or password.")
    return url.with_fragment(None)


def _place(url: URL) -> tuple[str, int]:
    """Host without the dot that may end it, and port."""
    host = (url.raw_host or "").lower().removesuffix(".")
    literal = _literal(host)
    return str(literal or host), url.port or PORTS[url.scheme]


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def allowed_address(address: Address, private: bool) -> bool:
    """Whether a connection may go there; one that carries an IPv4 address within is judged by that one, too."""
    inner = _embedded(address)
    if inner is not None and not allowed_address(inner, private):
        return False
    if address.is_multicast or address.is_unspecified:
        return False
    if private:
        return True
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global
    if address.ipv4_mapped is not None or address in _NAT64:
        return True
    return address in _GLOBAL_UNICAST and address.is_global


def _embedded(address: Address) -> ipaddress.IPv4Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF) if address in _NAT64 else None


class AddressForbidden(OSError):
    """A name leads only to addresses that are not allowed. An OSError, because aiohttp passes these on as they are."""


class GuardedResolver(AbstractResolver):
    """Looks names up as the system does and leaves out what is not allowed."""

    def __init__(self, private: bool) -> None:
        self._private = private
        self._system = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AddressFamily.AF_INET
    ) -> list[ResolveResult]:
        found = await self._system.resolve(host, port, family)
        fit = [one for one in found if allowed_address(_without_zone(one["host"]), self._private)]
        if found and not fit:
            raise AddressForbidden(TOO_FAR.format(host=host))
        return fit

    async def close(self) -> None:
        await self._system.close()


def _without_zone(text: str) -> Address:
    return ipaddress.ip_address(text.partition("%")[0])


class Egress:
    """Lives on one event loop; made without one."""

    def __init__(self) -> None:
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    @asynccontextmanager
    async def get(
        self, text: str, reach: Reach, limit: int, timeout: aiohttp.ClientTimeout = FETCH_TIMEOUT
    ) -> AsyncIterator[Fetched]:
        """A file, piece by piece.

        Args:
            limit: bytes.

        Raises:
            AddressRefused: lectern.toml does not allow the address, or where its name leads.
            AddressFailed: no answer, none that is a file, or one that is too large.
        """
        response = await self._request("GET", text, reach, timeout)
        async with response:
            _expect_file(response, limit)
            kind = response.content_type if "Content-Type" in response.headers else ""
            yield Fetched(URL(text).name, kind, _pieces(response, limit))

    async def post(
        self,
        text: str,
        reach: Reach,
        body: bytes,
        headers: Mapping[str, str],
        timeout: aiohttp.ClientTimeout = POST_TIMEOUT,
    ) -> int:
        """The answer's status; of its body hardly anything is read. Raises AddressRefused, AddressFailed."""
        response = await self._request("POST", text, reach, timeout, data=body, headers=headers)
        with suppress(aiohttp.ClientError, TimeoutError, OSError):
            async with response, asyncio.timeout(GOODBYE_SECONDS):
                await response.content.read(ANSWER_BYTES)
        return response.status

    async def _request(
        self, method: str, text: str, reach: Reach, timeout: aiohttp.ClientTimeout, **options: Any
    ) -> aiohttp.ClientResponse:
        url = check_url(text, reach)
        session = self._session(reach.trusts(*_place(url)))
        try:
            return await session.request(method, url, timeout=timeout, allow_redirects=False, **options)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _translated(url.raw_host or "", error) from None

    def _session(self, private: bool) -> aiohttp.ClientSession:
        """One for each of the two judgements: a connection is only used again for addresses judged alike."""
        if private not in self._sessions:
            connector = aiohttp.TCPConnector(
                resolver=GuardedResolver(private), use_dns_cache=False, limit=CONNECTIONS, force_close=True
            )
            self._sessions[private] = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=HEADERS,
                trust_env=False,
                auto_decompress=False,
            )
        return self._sessions[private]


def _expect_file(response: aiohttp.ClientResponse, limit: int) -> None:
    """Raises AddressFailed."""
    host = response.url.host
    if 300 <= response.status < 400:
        raise AddressFailed(f"{host} sends on to another address, which is not followed; give the final one.")
    if response.status != 200:
        raise AddressFailed(f"{host} answered HTTP {response.status}.")
    if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise AddressFailed(f"{host} sends the file compressed, although it was asked not to.")
    if (response.content_length or 0) > limit:
        raise _too_large(response, limit)


async def _pieces(response: aiohttp.ClientResponse, limit: int) -> AsyncIterator[bytes]:
    read = 0
    try:
        while piece := await response.content.read(PIECE_BYTES):
            read += len(piece)
            if read > limit:
                raise _too_large(response, limit)
            yield piece
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise _translated(response.url.host or "", error) from None


def _too_large(response: aiohttp.ClientResponse, limit: int) -> AddressFailed:
    return AddressFailed(f"The file at {response.url.host} is larger than the {limit // MB} MB that are allowed.")


def _translated(host: str, error: Exception) -> AddressRefused | AddressFailed:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, AddressForbidden):
        return AddressRefused(f"This is not allowed: {cause}.")
    if isinstance(error, (asyncio.TimeoutError, TimeoutError)):
        return AddressFailed(f"{host} took too long to answer.")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return AddressFailed(f"The name {host} is not known.")
    if isinstance(error, (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError)):
        return AddressFailed(f"{host} has no certificate that this machine trusts.")
    if isinstance(error, aiohttp.ClientConnectorError):
        return AddressFailed(f"{host} cannot be reached.")
    return AddressFailed(f"{host} broke off.")
