"""One request and its answer, told to a part while it comes. Lives on the background loop."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import aiohttp

from ...chats import Chat
from ..errors import AnswerError, ChatTimeout, Disconnected
from ..watching import Part
from .complaint import complaint, complaint_of
from .connection import Connection, drained
from .faults import Rejection
from .reading import Answer, read_piece
from .sse import Events, TooLong

_DONE = "[DONE]"
_LATE_END = 2.0  # seconds for what may still come behind the last token: usage, [DONE]
_FRAMES = 64  # bytes on the wire for a byte of text: one event with its JSON for every token
_ESCAPED = 4  # the same within one event: letters may be written as \u1234
_ERROR_BYTES = 64 * 1024  # of an error answer that are looked at
_BLANK = b" \t\r\n\xef\xbb\xbf"


class Clock:
    """An entry's limits on one answer, as one deadline that moves with every token."""

    def __init__(self, entry: Chat) -> None:
        self._entry = entry
        self._now = asyncio.get_running_loop().time
        self._end = self._now() + entry.total_seconds
        self._begun = False
        self.limit = asyncio.timeout_at(min(self._end, self._now() + entry.first_token_seconds))

    def token(self) -> None:
        self._begun = True
        self._allow(self._entry.stall_seconds)

    def ending(self) -> None:
        """The last token was there."""
        self._allow(_LATE_END)

    def _allow(self, seconds: float) -> None:
        self.limit.reschedule(min(self._end, self._now() + seconds))

    def late(self, label: str, place: str) -> ChatTimeout:
        entry = self._entry
        if self._now() >= self._end:
            return ChatTimeout(
                f"{label} did not finish its answer in {entry.total_seconds:g} seconds. Ask for fewer tokens, or raise"
                f" total_seconds in {place}."
            )
        if self._begun:
            return ChatTimeout(
                f"{label} stopped writing for {entry.stall_seconds:g} seconds in the middle of its answer. Look whether"
                f" its server hangs, or raise stall_seconds in {place}."
            )
        return ChatTimeout(
            f"{label} wrote nothing for {entry.first_token_seconds:g} seconds. Look whether its server is busy or loads"
            f" the model, or raise first_token_seconds in {place}."
        )


async def exchange(connection: Connection, body: Mapping[str, Any], part: Part) -> Answer | Rejection:
    """Asks once.

    Raises:
        ChatTimeout, Unreachable, Disconnected, AnswerError, SettingsError.
    """
    clock, answer = Clock(connection.entry), Answer(part)
    try:
        async with clock.limit, connection.send("POST", f"{connection.entry.url}/chat/completions", body) as response:
            if not 200 <= response.status < 300:
                return Rejection(response.status, response.headers, complaint(await _beginning(response)))
            return await _Reader(connection, response, answer, clock).read() or answer
    except TimeoutError as error:
        if answer.finish:  # all of it was there, only the stream was left open
            return answer
        raise clock.late(connection.label, connection.place) from error


class _Reader:
    """Reads an answer with status 2xx: a stream of events, or one JSON object where the server does not stream."""

    def __init__(self, connection: Connection, response: aiohttp.ClientResponse, answer: Answer, clock: Clock) -> None:
        self._label, self._place = connection.label, connection.place
        self._most = connection.entry.answer_kb * 1024
        self._response, self._answer, self._clock = response, answer, clock
        self._came = 0  # bytes

    async def read(self) -> Rejection | None:
        """The error that came in place of the answer, or with it; None when the answer is whole."""
        if self._response.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
            raise self._packed()
        if self._response.content_type in ("text/html", "application/xhtml+xml"):
            raise self._elsewhere()
        first = await self._first()
        if first.startswith(b"<"):
            raise self._elsewhere()
        if first.startswith(b"{"):  # whatever it is called: some name a stream JSON and the other way round
            return await self._whole(first)
        return await self._stream(first)

    async def _next(self) -> bytes:
        """More of the answer; nothing at its end."""
        piece = await self._response.content.readany()
        self._came += len(piece)
        if self._came > self._most * _FRAMES:
            raise self._larger()
        return piece

    async def _first(self) -> bytes:
        """From the first byte on that is no blank."""
        while piece := await self._next():
            if begun := piece.lstrip(_BLANK):
                return begun
        return b""

    async def _whole(self, first: bytes) -> Rejection | None:
        content = bytearray(first)
        while piece := await self._next():
            content += piece
            if len(content) > self._most * _ESCAPED:
                raise self._larger()
        found = self._json(content)
        if rejection := self._rejection(found, 400):
            return rejection
        self._take(found)
        self._finished()
        return None

    async def _stream(self, first: bytes) -> Rejection | None:
        events, found, piece = Events(self._most * _ESCAPED), 0, first
        while piece:
            came, ended = self._answer.size, self._answer.finish
            for data in self._cut(events, piece):
                found += 1
                if data == _DONE:
                    self._finished()
                    await drained(self._response)
                    return None
                if rejection := self._event(data):
                    return rejection
            if self._answer.size > came:
                self._clock.token()
            if self._answer.finish and not ended:
                self._clock.ending()
            piece = await self._next()
        return self._ended(events, found)

    def _ended(self, events: Events, found: int) -> Rejection | None:
        """The connection was closed without [DONE]."""
        for data in events.end():
            if data == _DONE:
                self._finished()
            elif _is_json(data) and (rejection := self._event(data)):
                return rejection
        if self._answer.finish:
            return None
        if not found and self._response.content_type != "text/event-stream":
            raise self._broken()
        raise Disconnected(
            f"{self._label} broke off its answer before it was complete. Look at its server's console, then try again."
        )

    def _cut(self, events: Events, piece: bytes) -> list[str]:
        try:
            return events.feed(piece)
        except TooLong as error:
            raise self._larger() from error

    def _event(self, data: str) -> Rejection | None:
        content = self._json(data)
        if rejection := self._rejection(content, 500):
            return rejection
        self._take(content)
        return None

    def _json(self, data: str | bytearray) -> Any:
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise self._broken() from error

    def _rejection(self, content: Any, status: int) -> Rejection | None:
        """An error that came with status 200."""
        if not isinstance(content, dict) or not (content.get("error") or content.get("object") == "error"):
            return None
        said = complaint_of(content)
        return Rejection(said.code or status, self._response.headers, said)

    def _take(self, content: Any) -> None:
        piece = read_piece(content)
        if piece is None:
            raise self._broken()
        self._answer.take(piece)
        if self._answer.size > self._most:
            raise self._larger()

    def _finished(self) -> None:
        self._answer.finish = self._answer.finish or "stop"

    def _broken(self) -> AnswerError:
        return AnswerError(
            f"{self._label} sent something that is no chat completion. Correct the url in {self._place}: most end in"
            " /v1."
        )

    def _elsewhere(self) -> AnswerError:
        return AnswerError(
            f"{self._label} sent a web page in place of an answer, so its url leads elsewhere. Correct it in"
            f" {self._place}: most end in /v1."
        )

    def _packed(self) -> AnswerError:
        return AnswerError(
            f"{self._label} sent a compressed answer, which is not unpacked here. Switch compression off in its server,"
            " or in the proxy before it."
        )

    def _larger(self) -> AnswerError:
        return AnswerError(
            f"{self._label} sent more than {self._most // 1024} kilobytes. Limit its tokens, or raise answer_kb in"
            f" {self._place}."
        )


def _is_json(data: str) -> bool:
    """Whether the last event came whole, though without the empty line behind it."""
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


async def _beginning(response: aiohttp.ClientResponse) -> bytearray:
    """As much of an error answer as is looked at."""
    content = bytearray()
    while len(content) < _ERROR_BYTES and (piece := await response.content.readany()):
        content += piece
    return content
