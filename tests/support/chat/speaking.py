"""One answer of the chat server, as one act or another."""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import web

from support.chat.acts import Act
from support.chat.answers import pictures, texts
from support.chat.wire import chunk, completion, event, tokens, usage, usage_chunk

if TYPE_CHECKING:
    from support.chat.server import ChatServer

_PICTURE = 256  # tokens of a picture


class Speaker:
    def __init__(self, server: "ChatServer", request: web.Request, body: Mapping[str, Any], act: Act) -> None:
        self._server, self._request, self._body, self._act = server, request, body, act
        self._model = body["model"]
        self._stream = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})

    async def speak(self) -> web.StreamResponse:
        act = self._act
        if act.kind == "raw":
            raw = act.body if isinstance(act.body, bytes) else str(act.body).encode()
            return web.Response(body=raw, headers={"Content-Type": act.content_type})
        await asyncio.sleep(self._server.seconds_to_first + (act.seconds if act.kind == "slow" else 0.0))
        if act.kind == "plain" or not self._body.get("stream"):
            return web.json_response(self._whole())
        await self._stream.prepare(self._request)
        if act.kind == "hang":
            await asyncio.Event().wait()
        await self._say({"role": "assistant", "content": ""})
        if act.kind in ("tools", "refusal"):
            return await self._other_than_text()
        return await self._text()

    def _whole(self) -> dict[str, Any]:
        thoughts, said = self._thoughts(), self._said()
        message = {"content": "".join(said)} | ({self._server.thinking: "".join(thoughts)} if thoughts else {})
        return completion(self._model, message, self._finish(len(said)), self._usage(len(said) + len(thoughts)))

    async def _text(self) -> web.StreamResponse:
        thoughts, said = self._thoughts(), self._said()
        for token in thoughts:
            await self._say({self._server.thinking: token})
        for number, token in enumerate(said):
            if number == self._act.tokens and (ended := await self._deviate()):
                return ended
            await self._say({"content": token})
            await asyncio.sleep(self._server.seconds_per_token)
        await self._send(chunk(self._model, {}, self._finish(len(said))))
        return await self._end(len(said) + len(thoughts))

    async def _deviate(self) -> web.StreamResponse | None:
        """What becomes of an answer behind some tokens."""
        match self._act.kind:
            case "stall":
                await asyncio.Event().wait()
            case "cut":
                assert self._request.transport is not None
                self._request.transport.abort()
                return self._stream
            case "unfinished":
                return await self._close()
            case "error":
                await self._send(self._act.body)
                return await self._close()
            case "filtered":
                await self._send(chunk(self._model, {}, "content_filter"))
                return await self._end(self._act.tokens)
            case "huge":
                while True:
                    await self._say({"content": "very " * 200})
        return None

    async def _other_than_text(self) -> web.StreamResponse:
        if self._act.kind == "tools":
            call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "paint", "arguments": "{}"}}
            await self._say({"tool_calls": [call]})
            await self._send(chunk(self._model, {}, "tool_calls"))
        else:
            await self._say({"refusal": "I'm sorry, I cannot help with that."})
            await self._send(chunk(self._model, {}, "stop"))
        return await self._end(1)

    def _said(self) -> list[str]:
        """The answer's tokens, thoughts in tags among them, as many as are allowed."""
        text = self._shaped(self._server.answer(self._body))
        if self._server.thinking in ("tags", "template") and self._server.thoughts:
            opening = "<think>\n" if self._server.thinking == "tags" else ""
            text = f"{opening}{self._server.thoughts}\n</think>\n\n{text}"
        most = self._body.get("max_tokens") or self._body.get("max_completion_tokens")
        return tokens(text)[:most] if most else tokens(text)

    def _shaped(self, text: str) -> str:
        if (self._body.get("response_format") or {}).get("type") != "json_schema":
            return text
        if self._server.schema == "ignored":
            return f"Here you are: {' '.join(texts(self._body, 'user'))[:200]}"
        return text[: len(text) * 2 // 3] if self._server.schema == "broken" else text

    def _thoughts(self) -> list[str]:
        """Those that are sent apart."""
        apart = self._server.thinking not in ("tags", "template")
        return tokens(self._server.thoughts) if apart else []

    def _finish(self, said: int) -> str:
        most = self._body.get("max_tokens") or self._body.get("max_completion_tokens")
        return "length" if most and said >= most else "stop"

    def _usage(self, count: int) -> dict[str, int]:
        seen = len(pictures(self._body)) if self._server.vision else 0
        return usage(sum(len(tokens(text)) for text in texts(self._body)) + seen * _PICTURE, count)

    async def _say(self, delta: Mapping[str, Any]) -> None:
        if "parts" in delta:  # Mistral
            delta = {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": delta["parts"]}]}]}
        await self._send(chunk(self._model, delta))

    async def _send(self, content: Any) -> None:
        for piece in event(content, self._server.framing):
            await self._stream.write(piece)
            if self._server.framing == "torn":
                await asyncio.sleep(0)

    async def _end(self, count: int) -> web.StreamResponse:
        options = self._body.get("stream_options") or {}
        if self._server.counts and (options.get("include_usage") or self._server.kind == "transformers"):
            await self._send(usage_chunk(self._model, self._usage(count)))
        if self._act.kind == "open":
            await asyncio.Event().wait()
        if self._server.kind != "transformers":  # it just closes
            await self._send("[DONE]")
        return await self._close()

    async def _close(self) -> web.StreamResponse:
        await self._stream.write_eof()
        return self._stream
