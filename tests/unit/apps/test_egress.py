"""The one client for addresses that callers give: where it goes, and above all where it does not."""

import asyncio
import ipaddress
import socket

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from lectern.apps.egress import Egress, Reach, allowed_address, check_url
from lectern.apps.errors import AddressFailed, AddressRefused
from lectern.hosts import HostRule, parse_rule, rules

QUICK = aiohttp.ClientTimeout(total=0.3)


def reach(*hosts: str, private: tuple[str, ...] = ()) -> Reach:
    return Reach(rules(hosts), rules(private), "fetch_hosts")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("example.com", HostRule("example.com")),
        (" Example.COM ", HostRule("example.com")),
        ("*.example.com", HostRule("example.com", below=True)),
        ("example.com:8443", HostRule("example.com", 8443)),
        ("n8n", HostRule("n8n")),
        ("10.0.0.5:5678", HostRule("10.0.0.5", 5678)),
        ("[FD00::1]:80", HostRule("fd00::1", 80)),
        ("bücher.example", HostRule("xn--bcher-kva.example")),
    ],
)
def test_a_host_of_the_settings(text, rule):
    assert parse_rule(text) == rule


@pytest.mark.parametrize(
    "text",
    [
        "", "*", "*.", "https://example.com", "example.com/x", "me@example.com", "a..b", "example.com:0",
        "example.com:99999", "example.com:x", "*.10.0.0.1", "2130706433", "0x7f.1", "1.2.3", "a.*.b", "[::1", "x?y",
    ],
)  # fmt: skip
def test_what_is_no_host_is_refused(text):
    with pytest.raises(ValueError, match=r"example\.com|without"):
        parse_rule(text)


@pytest.mark.parametrize(
    "url",
    [
        "https://files.example.com/a.png",
        "http://FILES.example.com./a.png?x=1#y",
        "https://a.b.cdn.example.com/",
        "http://own.example.com:8080/x",
        "https://1.1.1.1/x",
    ],
)
def test_addresses_of_hosts_that_are_named(url):
    check_url(url, reach("files.example.com", "*.cdn.example.com", "own.example.com:8080", "1.1.1.1"))


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/", "https://evil.com/files.example.com", "https://files.example.com.evil.com/",
        "https://xfiles.example.com/", "https://cdn.example.com/", "http://files.example.com:8080/",
        "https://own.example.com/", "ftp://files.example.com/", "file:///etc/passwd", "//files.example.com/x",
        "https://me:pw@files.example.com/", "https://files.example.com@evil.com/",
        "https://files.example.com\\@evil.com/", "https://files.example.com/a b", "https://files.example.com/\n",
        "https://files.example.com:99999/", "https:///x", "https://[::1/", "gopher://files.example.com/",
        "https://files.example.com/" + "a" * 3000, "", "http://2130706433/", "http://0177.0.0.1/", "http://0x7f000001/",
        "http://127.1/", "http://[::ffff:1.1.1.1]/",
    ],
)  # fmt: skip
def test_all_others_are_refused(url):
    with pytest.raises(AddressRefused):
        check_url(url, reach("files.example.com", "*.cdn.example.com", "own.example.com:8080", "1.1.1.1"))


def test_without_hosts_the_sentence_names_the_setting():
    with pytest.raises(AddressRefused, match=r"fetch_hosts of \[apps\] in lectern.toml names no host"):
        check_url("https://example.com/", reach())


PUBLIC = ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::1"]
PRIVATE = [
    "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.1.2.3", "192.0.0.1",
    "198.18.0.1", "240.0.0.1", "255.255.255.255", "::1", "fe80::1", "fc00::1", "fec0::1", "2001:db8::1",
    "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::1",
    "2001:0:1::1", "100::1",
]  # fmt: skip
NOWHERE = ["0.0.0.0", "::", "224.0.0.1", "ff02::1", "::ffff:0.0.0.0", "::ffff:224.0.0.1"]


@pytest.mark.parametrize("address", [*PUBLIC, *PRIVATE, *NOWHERE])
def test_addresses_are_judged(address):
    there = ipaddress.ip_address(address)
    assert (allowed_address(there, False), allowed_address(there, True)) == (address in PUBLIC, address not in NOWHERE)


@pytest.fixture
async def egress():
    made = Egress()
    yield made
    await made.close()


class Site:
    """A server on this machine, which knows what it was asked."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.bodies: list[bytes] = []

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{what}", self._answer)
        self.server = TestServer(app)
        await self.server.start_server()
        self.rule = f"127.0.0.1:{self.server.port}"
        self.reach = reach(self.rule, private=("127.0.0.1",))

    def url(self, what: str) -> str:
        return f"http://{self.rule}/{what}"

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        self.bodies.append(await request.read())
        match request.match_info["what"]:
            case "moved":
                return web.Response(status=302, headers={"Location": self.url("a.png")})
            case "gzip":
                return web.Response(body=b"\x1f\x8b", headers={"Content-Encoding": "gzip"})
            case "cookie":
                return web.Response(text="x", headers={"Set-Cookie": "a=b"})
            case "missing":
                return web.Response(status=404)
            case "slow":
                return await self._drip(request, 0.1, 100)
            case "endless":
                return await self._drip(request, 0, 100)
            case "broken":
                response = web.StreamResponse(headers={"Content-Length": "100"})
                await response.prepare(request)
                await response.write(b"half")
                assert request.transport is not None
                request.transport.abort()
                return response
        return web.Response(body=b"content", content_type="image/png")

    async def _drip(self, request: web.Request, pause: float, count: int) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(count):
            await response.write(b"x" * 1000)
            await asyncio.sleep(pause)
        return response


@pytest.fixture
async def site():
    made = Site()
    await made.start()
    yield made
    await made.server.close()


async def read(egress: Egress, url: str, where: Reach, limit: int = 10_000, **options) -> tuple[str, str, bytes]:
    async with egress.get(url, where, limit, **options) as fetched:
        return fetched.name, fetched.content_type, b"".join([piece async for piece in fetched.pieces])


async def test_a_file_is_fetched_without_what_could_tell_who_asks(egress, site, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert await read(egress, site.url("a.png"), site.reach) == ("a.png", "image/png", b"content")
    await read(egress, site.url("cookie"), site.reach)
    await read(egress, site.url("a.png"), site.reach)
    assert all("Cookie" not in request.headers for request in site.asked)
    assert {request.headers["Accept-Encoding"] for request in site.asked} == {"identity"}


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("moved", "sends on to another address"),
        ("gzip", "compressed"),
        ("missing", "HTTP 404"),
        ("endless", "larger than"),
        ("broken", "broke off"),
    ],
)
async def test_what_is_no_usable_file_is_told(egress, site, what, told):
    with pytest.raises(AddressFailed, match=told):
        await read(egress, site.url(what), site.reach)
    assert len(site.asked) == 1


async def test_a_slow_host_is_left(egress, site):
    with pytest.raises(AddressFailed, match="took too long"):
        await read(egress, site.url("slow"), site.reach, limit=10**9, timeout=QUICK)


async def test_a_told_length_that_is_too_large_is_enough(egress, site):
    with pytest.raises(AddressFailed, match="larger than"):
        await read(egress, site.url("a.png"), site.reach, limit=3)


async def test_nobody_there(egress):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(AddressFailed, match="cannot be reached"):
        await read(egress, f"http://127.0.0.1:{port}/", reach(f"127.0.0.1:{port}", private=("127.0.0.1",)))


@pytest.fixture
def names(monkeypatch):
    """Names as a hostile DNS server answers them; every look-up is counted."""
    real = socket.getaddrinfo
    table: dict[str, list[str]] = {}
    asked: list[str] = []

    def look_up(host, port, *args, **options):
        if host not in table:
            return real(host, port, *args, **options)
        asked.append(host)
        kinds = {4: socket.AF_INET, 6: socket.AF_INET6}
        found = [(kinds[ipaddress.ip_address(text).version], text) for text in table[host]]
        rest = {socket.AF_INET: (), socket.AF_INET6: (0, 0)}
        return [(kind, socket.SOCK_STREAM, 6, "", (text, port, *rest[kind])) for kind, text in found]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    table["asked"] = []
    return table, asked


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "0.0.0.0", "169.254.169.254", "::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "10.1.1.1"]
)
async def test_a_name_that_leads_into_the_own_network_is_refused(egress, site, names, address):
    table, asked = names
    table["files.example.com"] = [address]
    where = reach(f"files.example.com:{site.server.port}")
    with pytest.raises(AddressRefused, match=r"private_hosts of \[apps\] in lectern.toml"):
        await read(egress, f"http://files.example.com:{site.server.port}/a.png", where)
    assert asked == ["files.example.com"] and site.asked == []


async def test_a_name_that_may_lie_there_is_asked_with_its_own_name(egress, site, names):
    table, asked = names
    table["n8n.example.com"] = ["127.0.0.1"]
    where = reach(f"*.example.com:{site.server.port}", private=("n8n.example.com",))
    url = f"http://n8n.example.com:{site.server.port}/a.png"
    assert (await read(egress, url, where))[2] == b"content"
    assert site.asked[0].headers["Host"] == f"n8n.example.com:{site.server.port}"
    assert asked == ["n8n.example.com"]  # once: what was checked is what was connected to


async def test_trust_in_one_host_opens_no_connection_for_another(egress, site, names):
    table, _ = names
    table["n8n.example.com"] = table["bad.example.com"] = ["127.0.0.1"]
    where = reach(f"*.example.com:{site.server.port}", private=("n8n.example.com",))
    await read(egress, f"http://n8n.example.com:{site.server.port}/a.png", where)
    with pytest.raises(AddressRefused):
        await read(egress, f"http://bad.example.com:{site.server.port}/a.png", where)


async def test_of_several_addresses_only_those_that_are_allowed_are_tried(egress, site, names):
    table, _ = names
    table["mixed.example.com"] = ["0.0.0.0", "127.0.0.1", "224.0.0.1"]
    where = reach(f"mixed.example.com:{site.server.port}", private=("mixed.example.com",))
    assert (await read(egress, f"http://mixed.example.com:{site.server.port}/a.png", where))[2] == b"content"


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://[::1]/", "http://169.254.169.254/latest"])
def test_an_address_instead_of_a_name_is_judged_too(url):
    with pytest.raises(AddressRefused, match="private network"):
        check_url(url, reach("127.0.0.1", "[::1]", "169.254.169.254"))


async def test_posting_answers_the_status_and_reads_hardly_any_body(egress, site):
    assert await egress.post(site.url("hook"), site.reach, b"{}", {"X-Own": "1"}) == 200
    assert (site.bodies, site.asked[0].headers["X-Own"]) == ([b"{}"], "1")
    assert await egress.post(site.url("moved"), site.reach, b"{}", {}) == 302
    assert await egress.post(site.url("slow"), site.reach, b"{}", {}) == 200
    assert len(site.asked) == 3
