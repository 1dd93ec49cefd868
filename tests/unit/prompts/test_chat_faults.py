"""What goes wrong between us and a chat server, each under its own name; and what is never told."""

import asyncio
import gzip
import logging
import socket
import ssl
import subprocess
import traceback

import pytest
from aiohttp import web

from lectern.chats import Chat
from lectern.errors import SettingsError
from lectern.prompts.errors import (
    AnswerError,
    ChatError,
    ChatTimeout,
    Disconnected,
    NotAuthorised,
    Redirected,
    Unreachable,
)
from lectern.prompts.server import faults
from support.chat import Act
from support.chat.acts import unavailable
from support.chat.desk import IDEA, PICTURE, SCHEMA, Desk

KEY = "sk-proj-0123456789abcdefghij"


@pytest.fixture
async def desk(monkeypatch):
    monkeypatch.setattr(faults, "_FIRST_PAUSE", 0.002)
    async with Desk() as desk:
        yield desk


async def foreign(desk, handler, name: str = "local", **entry):
    """A server that is none of ours behind an entry."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    desk.entries[name] = Chat(url=f"http://127.0.0.1:{runner.addresses[0][1]}", model="tiny", **entry)
    return runner


# Limits


@pytest.mark.parametrize(
    ("act", "limits", "said"),
    [
        (
            Act("slow", seconds=60),
            {"first_token_seconds": 0.1},
            "wrote nothing for 0.1 seconds.*first_token_seconds in",
        ),
        (Act("hang"), {"first_token_seconds": 0.1}, "wrote nothing for 0.1 seconds"),
        (Act("stall"), {"stall_seconds": 0.1}, "stopped writing for 0.1 seconds.*raise stall_seconds in"),
        (Act("stall"), {"total_seconds": 0.1}, "did not finish its answer in 0.1 seconds.*raise total_seconds in"),
        (Act("hang"), {"total_seconds": 0.1}, "did not finish its answer in 0.1 seconds"),
    ],
)
async def test_every_limit_has_its_own_sentence(desk, act, limits, said):
    server = await desk.add(script=[act], entry=limits)
    with pytest.raises(ChatTimeout, match=said):
        await desk.ask()
    await server.until(lambda server: server.broken == 1, timeout=2)
    assert len(server.chats) == 1  # it is not asked again: it has waited long enough
    assert (await desk.ask()).text  # and the connection's place is free


async def test_a_slow_writer_is_waited_for(desk):
    await desk.add(seconds_per_token=0.03, entry={"first_token_seconds": 0.25, "stall_seconds": 0.25})
    assert (await desk.ask()).text == f"{IDEA}, at dawn"


async def test_comments_are_no_tokens(desk):
    async def handler(request):
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        while True:
            await response.write(b": OPENROUTER PROCESSING\n\n")
            await asyncio.sleep(0.02)

    runner = await foreign(desk, handler, first_token_seconds=0.15)
    with pytest.raises(ChatTimeout, match=r"wrote nothing for 0\.15 seconds"):
        await desk.ask()
    await runner.cleanup()


async def test_no_connection_in_time(desk, monkeypatch):
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        others = [socket.socket() for _ in range(4)]
        for one in others:  # fill its queue
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        port = full.getsockname()[1]
        desk.entries["local"] = Chat(url=f"http://127.0.0.1:{port}", model="tiny", connect_seconds=0.2)
        with pytest.raises(Unreachable, match=r"gave no connection in 0\.2 seconds"):
            await desk.ask()
        for one in others:
            one.close()


async def test_nothing_listens_there(desk):
    server = await desk.add(entry={"model": "tiny"})
    await server.stop()
    with pytest.raises(Unreachable, match=r"cannot be reached \(nothing listens there\).*\[chat\.local\]"):
        await desk.ask()


async def test_nobody_knows_the_name(desk):
    desk.entries["local"] = Chat(url="http://nowhere.invalid/v1", model="tiny")
    with pytest.raises(Unreachable, match="nobody knows this name"):
        await desk.ask()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    subprocess.run([*command, *names, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    return certificate, key


async def test_a_certificate_that_is_not_trusted(desk, certificate):
    async def handler(request):
        return web.json_response({"choices": [{"message": {"content": "red"}, "finish_reason": "stop"}]})

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    url = f"https://127.0.0.1:{runner.addresses[0][1]}"
    desk.entries["local"] = Chat(url=url, model="tiny")
    with pytest.raises(Unreachable, match=r"certificate that is not trusted here\. Set ca_file"):
        await desk.ask()
    desk.change(ca_file=certificate[0])
    assert (await desk.ask()).text == "red"
    desk.change(ca_file=None, verify_tls=False)
    assert (await desk.ask()).text == "red"
    await desk.hub.close()
    await runner.cleanup()


# Answers that are none


def raw(body, kind="text/event-stream"):
    return Act("raw", body=body, content_type=kind)


DONE = 'data: {"choices": [{"delta": {"content": "red"}, "finish_reason": "stop"}]}\n\n'


@pytest.mark.parametrize(
    ("act", "cause", "said"),
    [
        (raw("<html>Sign in</html>", "text/html"), AnswerError, "sent a web page.*its url leads elsewhere"),
        (raw("\n <!doctype html>", "text/plain"), AnswerError, "sent a web page"),
        (raw("hello", "text/plain"), AnswerError, "is no chat completion.*most end in /v1"),
        (raw("", "application/json"), AnswerError, "is no chat completion"),
        (raw("{", "application/json"), AnswerError, "is no chat completion"),
        (raw('{"a": 1}', "application/json"), AnswerError, "is no chat completion"),
        (raw(b"\x1f\x8b\x08\x00", "application/octet-stream"), AnswerError, "is no chat completion"),
        (raw("data: red\n\n"), AnswerError, "is no chat completion"),
        (raw("data: 5\n\n"), AnswerError, "is no chat completion"),
        (raw("data: " + "[" * 15_000 + "\n\n"), AnswerError, "is no chat completion"),
        (raw("data: [DONE]\n\n"), AnswerError, "gave an empty answer"),
        (Act("tools"), AnswerError, "wanted to call a tool"),
        (Act("refusal"), AnswerError, "declined to answer"),
        (Act("filtered", tokens=0), AnswerError, "content filter"),
        (raw("data: " + "x" * 100_000), AnswerError, "sent more than 16 kilobytes.*raise answer_kb"),
        (Act("huge"), AnswerError, "sent more than 16 kilobytes"),
        (raw('{"choices": "' + "x" * 100_000, "application/json"), AnswerError, "sent more than 16 kilobytes"),
        (raw(": " + "x" * 10_000 + "\n\n"), Disconnected, "broke off its answer"),
        (raw(""), Disconnected, "broke off its answer"),
    ],
)
async def test_an_answer_that_is_none(desk, act, cause, said):
    server = await desk.add(script=[act] * 3, entry={"answer_kb": 16})
    with pytest.raises(cause, match=said):
        await desk.ask()
    assert len(server.chats) == (3 if cause is Disconnected else 1)


@pytest.mark.parametrize("stream", [DONE, DONE.strip(), DONE + "data: [DONE]", DONE + 'data: {"choi'])
@pytest.mark.parametrize("kind", ["text/event-stream", "application/json", "text/plain"])
async def test_an_answer_that_only_ends_badly(desk, stream, kind):
    await desk.add(script=[raw(stream, kind)])
    assert (await desk.ask()).text == "red"


async def test_only_thoughts(desk):
    await desk.add(thoughts="Hm, well.", answer=lambda body: "")
    with pytest.raises(AnswerError, match="only thought and gave no answer"):
        await desk.ask()


async def test_a_connection_that_breaks_off_at_every_try(desk):
    server = await desk.add(script=[Act("cut")] * 3)
    with pytest.raises(Disconnected, match="broke off the connection"):
        await desk.ask()
    assert len(server.chats) == 3


async def test_an_error_with_status_200(desk):
    """As LM Studio answers addresses that it does not know."""
    await desk.add(script=[raw('{"error": "Unexpected endpoint or method."}', "application/json")])
    with pytest.raises(ChatError, match="refused the request: Unexpected endpoint or method"):
        await desk.ask()


async def test_a_compressed_answer_is_named(desk):
    async def handler(request):
        return web.Response(body=gzip.compress(DONE.encode()), headers={"Content-Encoding": "gzip"})

    runner = await foreign(desk, handler)
    with pytest.raises(AnswerError, match=r"sent a compressed answer.*Switch compression off"):
        await desk.ask()
    await runner.cleanup()


# Secrets


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("LECTERN_KEY", KEY)
    return {"key_env": "LECTERN_KEY"}


async def test_the_key_is_sent(desk, key):
    server = await desk.add(key=KEY, entry=key)
    assert (await desk.ask()).text
    assert {seen.headers["authorization"] for seen in server.requests} == {f"Bearer {KEY}"}


async def test_no_key_no_header(desk):
    server = await desk.add()
    await desk.ask()
    assert not any("authorization" in seen.headers for seen in server.requests)


async def test_a_key_that_is_missing_here(desk):
    await desk.add(entry={"key_env": "LECTERN_NO_SUCH_KEY"})
    with pytest.raises(SettingsError, match="LECTERN_NO_SUCH_KEY is not set"):
        await desk.ask()


async def test_a_wrong_key_is_not_repeated(desk, key):
    await desk.add(key="another", entry={**key, "model": "tiny"})
    with pytest.raises(NotAuthorised) as caught:
        await desk.ask()
    assert "sk-" not in str(caught.value) and "Set key_env or key_file in [chat.local]" in str(caught.value)


async def test_the_key_follows_no_redirect(desk, key):
    elsewhere = await desk.add("elsewhere")

    async def handler(request):
        raise web.HTTPTemporaryRedirect(f"{elsewhere.url}/chat/completions?key=1")

    runner = await foreign(desk, handler, **key)
    with pytest.raises(Redirected, match="points to another address") as caught:
        await desk.ask()
    assert str(elsewhere.port) not in str(caught.value)
    assert elsewhere.requests == []
    desk.change(model="")
    with pytest.raises(Redirected):
        await desk.ask()
    assert elsewhere.requests == []
    await runner.cleanup()


async def test_cookies_are_not_kept_and_nothing_is_unpacked(desk):
    seen = []

    async def handler(request):
        seen.append((request.headers.get("Cookie"), request.headers["Accept-Encoding"]))
        answer = web.json_response({"choices": [{"message": {"content": "red"}, "finish_reason": "stop"}]})
        answer.set_cookie("session", "1")
        return answer

    runner = await foreign(desk, handler)
    await desk.ask()
    await desk.ask()
    assert seen == [(None, "identity")] * 2
    await runner.cleanup()


IDEA_OF_OURS = "The secret merger of Alpha and Beta shall be shown as two rivers that meet"

BAD = {
    "refused": Act("status", 400, {"error": {"message": f"Bad: {IDEA_OF_OURS} {KEY}"}}),
    "failed": Act("status", 500, {"error": {"message": f"Cannot do {IDEA_OF_OURS}"}}),
    "in the stream": Act("error", body={"error": {"message": f"{KEY} {IDEA_OF_OURS[:40]}", "code": 400}}),
    "no JSON": Act("status", 502, f"<p>{IDEA_OF_OURS} {KEY}</p>"),
    "garbage": raw(f"data: {IDEA_OF_OURS} {KEY}\n\n"),
    "stalled": Act("stall"),
    "cut": Act("cut"),
    "busy": unavailable(429),
}


@pytest.mark.parametrize("act", BAD.values(), ids=BAD.keys())
async def test_no_error_and_no_log_tells_what_was_asked_or_the_key(desk, key, caplog, act):
    caplog.set_level(logging.DEBUG)
    entry = {**key, "model": "tiny", "stall_seconds": 0.1, "attempts": 2}
    server = await desk.add(script=[act] * 20, entry=entry, answer=lambda body: f"An answer to {IDEA_OF_OURS}")
    with pytest.raises(ChatError) as caught:
        await desk.ask(IDEA_OF_OURS, schema=SCHEMA, pictures=[PICTURE])
    told = [str(caught.value), *(record.getMessage() for record in caplog.records if record.name.startswith("lectern"))]
    for secret in (KEY, "sk-proj", "merger", "Alpha", "rivers", "base64", str(server.port)):
        assert not any(secret in one for one in told), secret
    assert "\n" not in told[0] and told[0].endswith(".")


@pytest.mark.parametrize(
    "answer",
    [
        f"HTTP/1.1 4000 {KEY}\0\r\n\r\n",
        f"Bearer {KEY} {IDEA_OF_OURS}\r\n\r\n",
        f"HTTP/1.1 200 OK\r\nX\1: {KEY}\1\r\n\r\n",
        f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{KEY} {IDEA_OF_OURS}\r\n",
        f"HTTP/1.1 200 OK\r\nContent-Length: {KEY}\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_not_quoted_by_what_caused_the_error(desk, key, answer):
    """ComfyUI logs an error with all that led to it, and aiohttp quotes what it does not understand."""

    async def handler(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer.encode())
        writer.close()

    async with await asyncio.start_server(handler, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        desk.entries["local"] = Chat(url=f"http://127.0.0.1:{port}", model="tiny", attempts=1, **key)
        with pytest.raises(ChatError) as caught:
            await desk.ask(IDEA_OF_OURS)
    logged = "".join(traceback.format_exception(caught.value, chain=True))
    assert KEY not in logged and "merger" not in logged
