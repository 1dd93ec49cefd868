"""One request and its answer, told to a part while it comes. Lives on the background loop."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
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
    clock = Clock(connection.entry)
    reader = _Reader(connection, Answer(part), clock)
    try:
        async with clock.limit, connection.send("POST", f"{connection.entry.url}/chat/completions", body) as response:
            if not 200 <= response.status < 300:
                return Rejection(response.status, response.headers, complaint(await _beginning(response)))
            return await reader.read(response)
    except TimeoutError as error:
        if reader.answer.finish:  # all of it was there, only the stream was left open
            return reader.answer
        raise clock.late(connection.label, connection.place) from error


class _Reader:
    """Reads an answer with status 2xx: a stream of events, or one JSON object where the server does not stream."""

    def __init__(self, connection: Connection, answer: Answer, clock: Clock) -> None:
        self.answer = answer
        self._label, self._place = connection.label, connection.place
        self._most = connection.entry.answer_kb * 1024
        self._clock = clock
        self._came = 0  # bytes

    async def read(self, response: aiohttp.ClientResponse) -> Answer | Rejection:
        if response.content_type in ("text/html", "application/xhtml+xml"):
            raise self._elsewhere()
        pieces = self._pieces(response)
        first = await self._first(pieces)
        if first.startswith(b"<"):
            raise self._elsewhere()
        if first.startswith(b"{"):  # whatever it is called: some name a stream JSON and the other way round
            return await self._whole(response, first, pieces)
        return await self._stream(response, first, pieces)

    async def _pieces(self, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        while piece := await response.content.readany():
            self._came += len(piece)
            if self._came > self._most * _FRAMES:
                raise self._larger()
            yield piece

    async def _first(self, pieces: AsyncIterator[bytes]) -> bytes:
        """From the first byte on that is no blank."""
        async for piece in pieces:
            if begun := piece.lstrip(_BLANK):
                return begun
        return b""

    async def _whole(
        self, response: aiohttp.ClientResponse, first: bytes, pieces: AsyncIterator[bytes]
    ) -> Answer | Rejection:
        content = bytearray(first)
        async for piece in pieces:
            content += piece
            if len(content) > self._most * 4:  # escaped, a letter takes up to six bytes in place of two
                raise self._larger()
        try:
            found = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise self._broken() from error
        if rejection := self._rejection(found, response, 400):
            return rejection
        self._take(found)
        self.answer.finish = self.answer.finish or "stop"
        return self.answer

    async def _stream(
        self, response: aiohttp.ClientResponse, first: bytes, pieces: AsyncIterator[bytes]
    ) -> Answer | Rejection:
        events, found = Events(self._most), 0
        piece: bytes | None = first
        while piece is not None:
            for data in self._cut(events, piece):
                found += 1
                if data == _DONE:
                    self.answer.finish = self.answer.finish or "stop"
                    await drained(response)
                    return self.answer
                if rejection := self._event(data, response):
                    return rejection
            piece = await anext(pieces, None)
        return self._ended(response, events, found)

    def _ended(self, response: aiohttp.ClientResponse, events: Events, found: int) -> Answer | Rejection:
        """The connection was closed without [DONE]."""
        for data in events.end():
            if data == _DONE:
                self.answer.finish = self.answer.finish or "stop"
            elif _is_json(data) and (rejection := self._event(data, response)):
                return rejection
        if self.answer.finish:
            return self.answer
        if not found and response.content_type != "text/event-stream":
            raise self._broken()
        raise Disconnected(
            f"{self._label} broke off its answer before it was complete. Look at its server's console, then try again."
        )

    def _cut(self, events: Events, piece: bytes) -> list[str]:
        try:
            return events.feed(piece)
        except TooLong as error:
            raise self._larger() from error

    def _event(self, data: str, response: aiohttp.ClientResponse) -> Rejection | None:
        try:
            content = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise self._broken() from error
        if rejection := self._rejection(content, response, 500):
            return rejection
        self._take(content)
        return None

    def _rejection(self, content: Any, response: aiohttp.ClientResponse, status: int) -> Rejection | None:
        """An error that came with status 200."""
        if not isinstance(content, Mapping) or not (content.get("error") or content.get("object") == "error"):
            return None
        said = complaint_of(content)
        return Rejection(said.code or status, response.headers, said)

    def _take(self, content: Any) -> None:
        piece = read_piece(content)
        if piece is None:
            raise self._broken()
        if self.answer.take(piece):
            self._clock.token()
        if piece.finish:
            self._clock.ending()
        if self.answer.size > self._most:
            raise self._larger()

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
