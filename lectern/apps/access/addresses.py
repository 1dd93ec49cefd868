"""Where a request comes from: the other end of its connection, and what proxies say about whom they speak for."""

import ipaddress
import re
import socket
from collections.abc import Iterator, Mapping
from functools import lru_cache

from aiohttp import HttpVersion11, web
from multidict import CIMultiDictProxy

UNIX = "unix"  # the other end of a socket file, which only this machine has
UNKNOWN = "unknown"

Headers = CIMultiDictProxy[str]

# Whom a proxy speaks for. `Forwarded` (RFC 7239) is read apart.
_CLIENTS = (
    "X-Forwarded-For",
    "X-Real-IP",
    "X-Client-IP",
    "X-Cluster-Client-IP",
    "X-Original-Forwarded-For",
    "True-Client-IP",
    "CF-Connecting-IP",
    "Fastly-Client-IP",
)
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:@/\\?#\s]+)(:[0-9]*)?")
_FORWARDED = re.compile(r'(?i)(?:^|[;,])\s*(for|host)\s*=\s*("[^"]*"|[^;,\s]*)')


def peer(request: web.Request) -> str:
    """IP address at the other end of the connection, whatever any header says; UNIX; UNKNOWN once it is gone."""
    transport = request.transport
    if transport is None:
        return UNKNOWN
    name = transport.get_extra_info("peername")
    if isinstance(name, tuple) and name:  # a socket file's is a text
        return str(name[0])
    connection = transport.get_extra_info("socket")
    unix = connection is not None and connection.family == getattr(socket, "AF_UNIX", None)
    return UNIX if unix else UNKNOWN


@lru_cache(maxsize=256)
def is_loopback(address: str) -> bool:
    """Of an IP address, also an IPv4 one written as IPv6; anything else is not."""
    if address == UNIX:
        return True
    parsed = _parsed(address)
    return parsed is not None and parsed.is_loopback


@lru_cache(maxsize=256)
def is_loopback_host(host: str) -> bool:
    """Whether a Host header can only mean this machine. Any other name could be pointed here by whoever owns it.

    0.0.0.0 and [::] count: ComfyUI prints them as its address, and no name server answers for them.
    """
    found = _HOST.fullmatch(host.strip())
    if found is None:
        return False
    name = found[1].strip("[]").lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761: always this machine
        return True
    parsed = _parsed(name)
    return parsed is not None and (parsed.is_loopback or parsed.is_unspecified)


def from_here(request: web.Request) -> bool:
    """Whether the request was made on this machine: the peer is here, and no proxy speaks for somebody elsewhere.

    A proxy that hides itself cannot be seen; HTTP/1.0 gives away the commonest, nginx as it comes.
    """
    if not is_loopback(peer(request)) or request.version < HttpVersion11:
        return False
    return not _is_forwarded(request.headers) or _forwarded_from_here(request.headers)


def named_here(headers: Headers) -> bool:
    """Whether the address in the browser means this machine (else a stranger's name was pointed here)."""
    hosts = [*headers.getall("Host", []), *headers.getall("X-Forwarded-Host", []), *_forwarded(headers, "host")]
    return "Host" in headers and all(map(is_loopback_host, hosts))


def client(request: web.Request) -> str:
    """Who is counted and written down: the peer, or whom a proxy on this machine names last."""
    address = peer(request)
    if not is_loopback(address):
        return address
    named = ",".join(request.headers.getall("X-Forwarded-For", [])).rpartition(",")[2]
    parsed = _parsed(_bare(named))
    return address if parsed is None else str(parsed)


def neighbourhood(address: str) -> str:
    """What one person can have many of counts as one: the /64 of an IPv6 address."""
    parsed = _parsed(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
    return address


def _is_forwarded(headers: Mapping[str, str]) -> bool:
    return any(name in headers for name in ("Via", "Forwarded", *_CLIENTS)) or any(
        name.lower().startswith("x-forwarded-") for name in headers
    )


def _forwarded_from_here(headers: Headers) -> bool:
    clients = [part for name in _CLIENTS for value in headers.getall(name, []) for part in value.split(",")]
    clients += _forwarded(headers, "for")
    return bool(clients) and all(is_loopback(_bare(address)) for address in clients)


def _forwarded(headers: Headers, wanted: str) -> Iterator[str]:
    for name, value in _FORWARDED.findall(",".join(headers.getall("Forwarded", []))):
        if name.lower() == wanted:
            yield value.strip('"')


def _bare(address: str) -> str:
    """Without quotes, brackets and port."""
    address = address.strip().strip('"')
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    mapped = getattr(parsed, "ipv4_mapped", None)
    return parsed if mapped is None else mapped
