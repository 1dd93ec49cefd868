"""Where requests come from: peers, hosts, proxies."""

import socket
from types import SimpleNamespace

import aiohttp
import pytest
from aiohttp import HttpVersion10, web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from lectern.apps.access.addresses import UNIX, client, from_here, is_loopback_host, named_here, neighbourhood, peer


class Transport:
    """What aiohttp asks of a connection."""

    def __init__(self, address: str) -> None:
        self.address = address

    def get_extra_info(self, name: str, default: object = None) -> object:
        return (self.address, 4711) if name == "peername" else None


def request(address: str = "127.0.0.1", **headers: str) -> web.Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return make_mocked_request("GET", "/", headers=named, transport=Transport(address))


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1"])
def test_this_machine(address):
    assert from_here(request(address))


@pytest.mark.parametrize(
    "address", ["192.168.1.5", "10.0.0.1", "203.0.113.9", "fe80::1%eth0", "::ffff:192.168.1.5", "0.0.0.0", "", "here"]
)
def test_another_machine(address):
    assert not from_here(request(address))


def test_a_connection_that_is_gone_comes_from_nowhere():
    gone = make_mocked_request("GET", "/", transport=Transport("127.0.0.1"))
    gone._protocol = SimpleNamespace(transport=None)
    assert (peer(gone), from_here(gone)) == ("unknown", False)


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Forwarded_For": "127.0.0.1"},
        {"X_Forwarded_For": "127.0.0.1, ::1", "Via": "1.1 Caddy", "X_Forwarded_Proto": "http"},
        {"X_Forwarded_For": "127.0.0.1:5000"},
        {"X_Real_IP": "::ffff:127.0.0.1"},
        {"Forwarded": 'for="[::1]:4711";proto=http'},
        {"Forwarded": "proto=http; for=127.0.0.1, for=127.0.0.2"},
    ],
)
def test_a_proxy_may_speak_for_this_machine(headers):
    assert from_here(request(**headers))


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Forwarded_For": "203.0.113.9"},
        {"X_Forwarded_For": "127.0.0.1, 203.0.113.9"},
        {"X_Forwarded_For": "203.0.113.9, 127.0.0.1"},
        {"X_Forwarded_For": ""},
        {"X_Forwarded_For": "unknown"},
        {"X_Forwarded_For": "127.0.0.1", "X_Real_IP": "203.0.113.9"},
        {"X_Real_IP": "2001:db8::1"},
        {"Forwarded": "for=203.0.113.9"},
        {"Forwarded": "for=127.0.0.1, for=203.0.113.9"},
        {"Forwarded": 'FOR="[2001:db8::1]:4711"'},
        {"Forwarded": "for=_hidden"},
        {"Forwarded": "proto=https"},
        {"Via": "1.1 proxy"},
        {"X_Forwarded_Proto": "https"},
        {"X_Forwarded_Host": "localhost"},
        {"CF_Connecting_IP": "203.0.113.9"},
        {"True_Client_IP": "203.0.113.9"},
    ],
)
def test_a_proxy_that_speaks_for_others_or_hides_them(headers):
    assert not from_here(request(**headers))


def test_a_second_header_of_the_same_name_counts_too():
    headers = CIMultiDict([("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-For", "203.0.113.9")])
    assert not from_here(make_mocked_request("GET", "/", headers=headers, transport=Transport("127.0.0.1")))


def test_http_1_0_is_what_a_proxy_speaks_that_says_nothing():
    plain = make_mocked_request("GET", "/", version=HttpVersion10, transport=Transport("127.0.0.1"))
    assert not from_here(plain)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8188",
        "localhost.",
        "me.localhost:8188",
        "127.0.0.1",
        "127.1.2.3:80",
        "[::1]:8188",
        "[::ffff:127.0.0.1]",
        "0.0.0.0:8188",
        "[::]:8188",
    ],
)
def test_hosts_that_mean_this_machine(host):
    assert is_loopback_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8188",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "notlocalhost",
        "evil@localhost",
        "localhost@evil.example",
        "localhost/evil.example",
        "localhost evil",
        "localhost:8188:evil",
        "[::1",
        "::1",
        "192.168.1.5:8188",
        "my-machine:8188",
        "2130706433",
        "127.1",
    ],
)
def test_hosts_that_may_mean_another(host):
    assert not is_loopback_host(host)


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        ({"Host": "localhost"}, True),
        ({}, False),
        ({"Host": "evil.example"}, False),
        ({"Host": "localhost", "X_Forwarded_Host": "localhost:3000"}, True),
        ({"Host": "localhost", "X_Forwarded_Host": "evil.example"}, False),
        ({"Host": "localhost", "Forwarded": 'for=127.0.0.1;host="evil.example"'}, False),
    ],
)
def test_every_name_has_to_mean_this_machine(headers, named):
    assert named_here(request(**headers).headers) is named


@pytest.mark.parametrize(
    ("address", "forwarded", "known"),
    [
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # anybody could write it
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),  # the proxy here wrote the last one
        ("127.0.0.1", "[2001:db8::1]:99", "2001:db8::1"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
    ],
)
def test_who_is_counted(address, forwarded, known):
    headers = {} if forwarded is None else {"X_Forwarded_For": forwarded}
    assert client(request(address, **headers)) == known


def test_neighbours_count_as_one():
    assert neighbourhood("2001:db8:1:2:3:4:5:6") == neighbourhood("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert neighbourhood("203.0.113.9") == "203.0.113.9"


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no socket files here")
async def test_a_socket_file_is_this_machine(tmp_path):
    seen = []

    async def handle(request: web.Request) -> web.Response:
        seen.append((peer(request), from_here(request)))
        return web.Response()

    app = web.Application()
    app.router.add_get("/", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(tmp_path / "s")).start()
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(tmp_path / "s"))) as session:
        await session.get("http://localhost/")
    await runner.cleanup()
    assert seen == [(UNIX, True)]
