"""`stream: true`: latent previews as partial pictures, then the pictures, as server-sent events."""

import asyncio
import base64
from typing import Any

from aiohttp import web

from ....envelope import Call
from ....errors import AppError
from ...callers import Caller
from ...errors import TooManyStreams
from ...running.channel import KEEPALIVE
from ...runs import Run
from ...service import AppService
from ...surface.answers import begin
from ...surface.sending import EVENT_STREAM
from ..events import events_of
from ..pictures import Bench, Encoded, encoded
from ..waiting import Waiting, checked
from .asking import Asked
from .wording import Events


class Streaming:
    """Lives on the server's loop."""

    def __init__(self, service: AppService, call: Call, waiting: Waiting, bench: Bench) -> None:
        self._service = service
        self._call = call
        self._waiting = waiting
        self._bench = bench

    async def send(
        self, request: web.Request, run: Run, asked: Asked, caller: Caller, stop: bool
    ) -> web.StreamResponse:
        """Of a run that is queued. `stop`: it is canceled when the listener leaves. Raises CallerLeft."""
        response = web.StreamResponse(headers={**EVENT_STREAM, "x-request-id": run.id})
        await begin(request, response)
        events = Events(asked)
        telling = self._tell(response, events, run, asked, caller)
        try:
            await self._waiting.attended(request, telling, run.id, caller, stop)
        except AppError as error:
            await response.write(events.error(error))
        await response.write_eof()
        return response

    async def _tell(self, response: web.StreamResponse, events: Events, run: Run, asked: Asked, caller: Caller) -> None:
        await self._partial(response, events, run, asked, caller)
        ended = checked(await self._waiting.end(run, caller))
        for picture in await self._waiting.pictures(ended, caller):
            kind = picture.item.content_type
            made = await self._bench.do(encoded, picture.content, kind, asked.format, asked.compression)
            await response.write(await asyncio.to_thread(events.completed, made))

    async def _partial(
        self, response: web.StreamResponse, events: Events, run: Run, asked: Asked, caller: Caller
    ) -> None:
        """As many as are asked for, spread over the run as far as its progress tells; fewer where it has fewer."""
        try:
            listening = await self._call(self._service.runs.listen(run.id, "", caller))
        except TooManyStreams:
            return  # the run goes on all the same, and its end is waited for
        reached, sent = 0.0, 0
        async for event in events_of(listening):
            if event.name == "progress":
                reached = float(event.data["value"])
            elif event.name == "preview" and sent < asked.partial and reached >= sent / (asked.partial + 1):
                await response.write(events.partial(await _preview(event.data, asked), sent))
                sent += 1
            elif not event.name:
                await response.write(KEEPALIVE)


async def _preview(data: dict[str, Any], asked: Asked) -> Encoded:
    """In the format of the picture that follows, as far as that is known: most apps save PNG."""
    content = base64.b64decode(data["data_base64"])
    return await asyncio.to_thread(encoded, content, data["content_type"], asked.format or "png", asked.compression)
