"""One attempt to execute one prompt on ComfyUI: submit, watch, reconcile, cancel.

Events only say when to look; ComfyUI's history decides. So a lost event, or a lost WebSocket, costs seconds and never
hangs a run.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiohttp import ClientWebSocketResponse

from .comfy import ComfyClient, Unreachable, read_event
from .graph import Graph
from .progress import Progress, Track, advance
from .runs import RunError, RunStatus
from .verdict import DEQUEUED, Verdict, invalid_workflow, read_history, refusal

logger = logging.getLogger(__name__)

# Looks in a row that must find a prompt neither in the queue nor in the history before it counts as lost: between
# two requests a prompt may move from one to the other.
ABSENCES = 2


class Attempt:
    """Lives on the background loop. `poll` is the time in seconds between two looks when no event comes."""

    def __init__(self, client: ComfyClient, prompt_id: str, graph: Graph, poll: float) -> None:
        self.prompt_id = prompt_id
        self._client = client
        self._graph = graph
        self._poll = poll
        self._track = Track(graph)
        self._look = asyncio.Event()
        self._canceled = False
        self._accepted = False  # ComfyUI said that it took the prompt
        self._watched = False  # the WebSocket was open from before the submit until now

    @property
    def progress(self) -> Progress:
        return self._track.view()

    @property
    def canceled(self) -> bool:
        return self._canceled

    def cancel(self) -> None:
        """Asks ComfyUI to stop the prompt, as often as it takes."""
        self._canceled = True
        self._look.set()

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Follows the prompt's events inside the block. Raises Unreachable before it when ComfyUI is away."""
        socket = await self._client.events(self.prompt_id)
        self._watched = socket is not None
        listener = asyncio.create_task(self._listen(socket))
        try:
            yield
        finally:
            listener.cancel()
            await asyncio.wait([listener])  # `await listener` could not tell its cancellation from ours
            if not listener.cancelled():
                listener.result()

    async def submit(self, wanted: Collection[str]) -> Verdict | None:
        """Gives ComfyUI the prompt; a verdict when it refuses it, or refuses one of the outputs in `wanted`.

        Raises:
            Unreachable: with `sent` when ComfyUI may have taken the prompt all the same.
        """
        answer = await self._client.submit(self._graph, self.prompt_id, self.prompt_id)
        body = answer.body if isinstance(answer.body, dict) else {}
        if answer.status == 200:
            self._accepted = True
            verdict = refusal(body, self._graph, wanted)
            if verdict is not None:
                with suppress(Unreachable):
                    await self._client.cancel(self.prompt_id)
            return verdict
        if answer.status == 400:
            return Verdict(RunStatus.FAILED, invalid_workflow(body, self._graph))
        error = RunError("not_ready", f"ComfyUI answered HTTP {answer.status} to the workflow; its log says why.")
        return Verdict(RunStatus.FAILED, error)

    async def follow(self, look_now: bool = False) -> Verdict | None:
        """Waits for the end. None: ComfyUI knows nothing of the prompt, as after a restart."""
        if look_now:
            self._look.set()
        absences = 0
        while absences < ABSENCES:
            await self._pause()
            try:
                if self._canceled:
                    await self._client.cancel(self.prompt_id)
                verdict, present = await self._observe()
            except Unreachable as error:
                logger.debug("ComfyUI is away: %s", error)
                if self._canceled:
                    return None
                continue
            if verdict is not None:
                return verdict
            absences = 0 if present else absences + 1
            if self._canceled and not present:
                self._look.set()
        dequeued = self._accepted and self._watched and not self._track.started
        return Verdict(RunStatus.CANCELED, DEQUEUED) if dequeued else None

    async def _observe(self) -> tuple[Verdict | None, bool]:
        """The verdict when the prompt has ended, and whether ComfyUI knows the prompt at all."""
        entry = await self._client.history(self.prompt_id)
        if entry is not None:
            return read_history(entry, self._graph), True
        place = await self._client.place(self.prompt_id)
        if place is not None and not place.running:
            self._track = advance(self._track, "waiting", {"ahead": place.ahead})
        return None, place is not None

    async def _pause(self) -> None:
        with suppress(TimeoutError):  # not asyncio.wait_for, which in Python 3.11 can lose our own cancellation
            async with asyncio.timeout(self._poll):
                await self._look.wait()
        self._look.clear()

    async def _listen(self, socket: ClientWebSocketResponse | None) -> None:
        while True:
            if socket is not None:
                await self._receive(socket)
            self._watched = False
            self._look.set()
            await asyncio.sleep(self._poll)
            with suppress(Unreachable):
                socket = await self._client.events(self.prompt_id)

    async def _receive(self, socket: ClientWebSocketResponse) -> None:
        try:
            while (event := await read_event(socket)) is not None:
                self._take(*event)
        finally:
            await socket.close()

    def _take(self, event: str, data: Mapping[str, Any]) -> None:
        if data.get("prompt_id") != self.prompt_id:
            return
        self._track = advance(self._track, event, data)
        if event == "executing" and data.get("node") is None:
            # ComfyUI sends this last, when the history entry is there. It says "ended", not "succeeded".
            self._look.set()
