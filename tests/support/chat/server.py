"""The chat server itself: an aiohttp application, its settings, and records of all that came."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Self

from aiohttp import web

from support.chat.acts import Act
from support.chat.answers import default_answer
from support.chat.native import native_routes
from support.chat.refusals import refusal
from support.chat.speaking import Speaker
from support.chat.wire import Framing

Answers = Callable[[Mapping[str, Any]], str]
BODY_LIMIT = 1 << 30


class Seen(NamedTuple):
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]  # names in lower case
    body: Any  # JSON; None without a body
    port: int  # of the client's connection


class ChatServer:
    """A double of one chat server on a free port of this machine, on the running loop.

    kind: whose routes it has beside OpenAI's: openai (none), ollama, lmstudio, lmstudio-0.3, llamacpp, vllm,
        transformers, koboldcpp.
    models: what it lists and answers as; empty: it lists none and answers as any.
    listing: "whole", or how the list fails: "empty", "null", "failing" (500).
    schema: what it does with json_schema: honoured, ignored (echoes), broken (JSON cut off), refused, unnamed (refused
        without saying what); `json_object` False: refused.
    thoughts: what the model thinks first; `thinking` says how that is sent: as the field reasoning_content or
        reasoning, in tags, in tags of which the template wrote the first, or in parts (Mistral).
    vision: whether the model sees; pictures are counted as tokens, else dropped without a word.
    refuses: fields that are refused in the words of openai, fastapi or plain, with `refused_status`.
    newer_names: max_tokens is refused in favour of max_completion_tokens.
    limit: requests answered at once; further ones are answered 429. 0: any number.
    counts: whether it tells how many tokens there were.
    """

    def __init__(
        self,
        answer: Answers = default_answer,
        *,
        kind: str = "openai",
        models: Sequence[str] = ("tiny",),
        listing: Literal["whole", "empty", "null", "failing"] = "whole",
        schema: Literal["honoured", "ignored", "broken", "refused", "unnamed"] = "honoured",
        json_object: bool = True,
        thoughts: str = "",
        thinking: Literal["reasoning_content", "reasoning", "tags", "template", "parts"] = "reasoning_content",
        vision: bool = True,
        refuses: Sequence[str] = (),
        refused_status: int = 400,
        words: Literal["openai", "fastapi", "plain"] = "openai",
        newer_names: bool = False,
        key: str = "",
        seconds_per_token: float = 0.0,
        seconds_to_first: float = 0.0,
        limit: int = 0,
        counts: bool = True,
        framing: Framing = "lf",
        script: Sequence[Act] = (),
        port: int = 0,
    ) -> None:
        self.answer, self.kind, self.models, self.listing = answer, kind, tuple(models), listing
        self.schema, self.json_object = schema, json_object
        self.thoughts, self.thinking, self.vision = thoughts, thinking, vision
        self.refuses, self.refused_status, self.words, self.newer_names = refuses, refused_status, words, newer_names
        self.key, self.limit, self.counts = key, limit, counts
        self.framing: Framing = framing
        self.seconds_per_token, self.seconds_to_first = seconds_per_token, seconds_to_first
        self.script = list(script)
        self.requests: list[Seen] = []
        self.active = 0  # chats that are being answered
        self.highest = 0  # of them at once
        self.broken = 0  # chats whose connection the client broke off
        self.finished = 0  # chats that were answered to their end
        self.unloaded: list[str] = []
        self._port = port
        self._changed = asyncio.Event()
        self._runner: web.AppRunner | None = None

    # Life

    async def start(self) -> Self:
        app = web.Application(client_max_size=BODY_LIMIT, middlewares=[self._front])
        app.add_routes([web.post("/v1/chat/completions", self._chat), web.get("/v1/models", self._models)])
        app.add_routes([web.get("/health", self._health), *native_routes(self)])
        # A handler whose client has gone is cancelled, as uvicorn and the like do.
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self.port: int = self._runner.addresses[0][1]
        return self

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *error: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """As an entry of lectern.toml names it."""
        return f"http://127.0.0.1:{self.port}/v1"

    # What tests look at

    @property
    def chats(self) -> list[Any]:
        """The bodies of all chat requests, in order."""
        return [seen.body for seen in self.requests if seen.path == "/v1/chat/completions"]

    def paths(self) -> list[str]:
        return [seen.path for seen in self.requests]

    async def until(self, true: Callable[["ChatServer"], object], timeout: float = 10) -> None:
        """Waits for something about the requests to become true."""
        async with asyncio.timeout(timeout):
            while not true(self):
                await self._changed.wait()

    def tell(self) -> None:
        """Something changed."""
        self._changed.set()
        self._changed = asyncio.Event()

    def unload(self, model: str) -> None:
        self.unloaded.append(model)
        self.tell()

    # Requests

    @web.middleware
    async def _front(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        self.requests.append(await _seen(request))
        self.tell()
        return await handler(request)

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _models(self, request: web.Request) -> web.Response:
        if self.listing == "failing":
            return web.Response(status=500, text="Internal Server Error")
        if self.key and request.headers.get("Authorization") != f"Bearer {self.key}":
            return web.json_response({"error": {"message": "Invalid key"}}, status=401)
        data = [{"id": name, "object": "model", "owned_by": "test"} for name in self.models]
        listed = {"whole": data, "empty": [], "null": None}[self.listing]
        return web.json_response({"object": "list", "data": listed})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        seen = self.requests[-1]  # nothing was awaited since
        act = self.script.pop(0) if self.script else Act()
        if act.kind == "status":
            return _response(act.status, act.body, act.headers)
        if refused := refusal(self, seen.headers, seen.body):
            return _response(*refused)
        if self.limit and self.active >= self.limit:
            return _response(429, {"error": {"message": "Too many requests at once"}}, {"Retry-After": "0"})
        return await self._counted(Speaker(self, request, seen.body, act))

    async def _counted(self, speaker: Speaker) -> web.StreamResponse:
        self.active += 1
        self.highest = max(self.highest, self.active)
        self.tell()
        try:
            response = await speaker.speak()
        except (asyncio.CancelledError, ConnectionError):
            self.broken += 1
            raise
        else:
            self.finished += 1
            return response
        finally:
            self.active -= 1
            self.tell()


def _response(status: int, body: Any, headers: Mapping[str, str] | None = None) -> web.Response:
    if isinstance(body, str | bytes):
        raw = body.encode() if isinstance(body, str) else body
        return web.Response(body=raw, status=status, headers=headers)
    return web.json_response(body, status=status, headers=headers)


async def _seen(request: web.Request) -> Seen:
    data = await request.read()
    headers = {name.lower(): value for name, value in request.headers.items()}
    body = json.loads(data) if data else None
    port = request.transport.get_extra_info("peername")[1] if request.transport else 0
    return Seen(request.method, request.path, dict(request.query), headers, body, port)
