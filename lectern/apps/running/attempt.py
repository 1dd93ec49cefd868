"""One attempt to execute one prompt on ComfyUI: submit, watch, reconcile, cancel.

Events only say when to look; ComfyUI's history decides. So a lost event, or a lost WebSocket, costs seconds and never
hangs a run.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

from ..comfy import ComfyClient, Unreachable
from ..graph import Graph
from ..runs import OutputItem, RunError, RunStatus
from .messages import Event, Preview
from .outputs import collect_outputs, node_outputs
from .progress import Progress, Track, advance
from .verdict import DEQUEUED, Verdict, invalid_workflow, read_history, refusal
from .wire import Wire

logger = logging.getLogger(__name__)

# Looks in a row that must find a prompt neither in the queue nor in the history before it counts as lost: between
# two requests a prompt may move from one to the other.
ABSENCES = 2


class Watcher:
    """What an attempt reports while it goes on. Does nothing by itself."""

    def progressed(self, progress: Progress) -> None: ...

    def landed(self, item: OutputItem, place: int) -> None: ...

    def previewed(self, preview: Preview) -> None: ...


class Attempt:
    """Lives on the background loop.

    Args:
        names: node id to name of the outputs that the app promises.
        poll: seconds between two looks when no event comes.
    """

    def __init__(
        self,
        client: ComfyClient,
        wire: Wire,
        prompt_id: str,
        graph: Graph,
        names: Mapping[str, str],
        watcher: Watcher,
        poll: float,
    ) -> None:
        self.prompt_id = prompt_id
        self.reason: RunError | None = None  # why it was canceled, unless its caller wanted it
        self._client = client
        self._wire = wire
        self._graph = graph
        self._names = names
        self._watcher = watcher
        self._poll = poll
        self._track = Track(graph)
        self._look = asyncio.Event()
        self._canceled = False
        self._accepted = False  # ComfyUI said that it took the prompt
        self._watched = False  # the WebSocket was open from before the submit until now
        self._limit: tuple[float, RunError] | None = None  # seconds of execution, and what they are called
        self._timer: asyncio.TimerHandle | None = None
        self._sizes: dict[OutputItem, asyncio.Task[int | None]] = {}  # of what has landed, in that order

    @property
    def progress(self) -> Progress:
        return self._track.view()

    @property
    def canceled(self) -> bool:
        return self._canceled

    @property
    def landed(self) -> list[OutputItem]:
        """The outputs so far."""
        return list(self._sizes)

    def cancel(self, reason: RunError | None = None) -> None:
        """Asks ComfyUI to stop the prompt, as often as it takes."""
        self._canceled = True
        self.reason = self.reason or reason
        self._look.set()

    def limit(self, seconds: float, reason: RunError) -> None:
        """Cancels the prompt when it executes longer than that; other people's jobs before it do not count."""
        self._limit = (seconds, reason)
        self._start_timer()

    def unlimit(self) -> None:
        self._limit = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start_timer(self) -> None:
        if self._limit is not None and self._timer is None and self._track.started:
            self._timer = asyncio.get_running_loop().call_later(self._limit[0], self.cancel, self._limit[1])

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Follows the prompt's events inside the block. Raises Unreachable before it when ComfyUI is away."""
        await self._wire.attach(self._take, self._lose)
        self._watched = self._wire.open
        try:
            yield
        finally:
            self._wire.detach()
            for task in self._sizes.values():
                task.cancel()

    async def submit(self) -> Verdict | None:
        """Gives ComfyUI the prompt; a verdict when it refuses it, or refuses one of the outputs in `names`.

        Raises:
            Unreachable: with `sent` when ComfyUI may have taken the prompt all the same.
        """
        answer = await self._client.submit(self._graph, self.prompt_id, self._wire.client_id)
        body = answer.body if isinstance(answer.body, dict) else {}
        if answer.status == 200:
            self._accepted = True
            verdict = refusal(body, self._graph, self._names)
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

    async def outputs(self, entry: Mapping[str, Any]) -> tuple[OutputItem, ...]:
        """Everything that the promised nodes gave: first what has been seen landing, in that order."""
        found = collect_outputs(entry, self._names)
        seen = [item for item in self._sizes if item in found]
        return tuple(await asyncio.gather(*map(self._sized, [*seen, *(i for i in found if i not in self._sizes)])))

    async def _sized(self, item: OutputItem) -> OutputItem:
        if item.text is not None:
            return item
        task = self._sizes.get(item)
        size = await (self._client.size(item) if task is None else task)
        return replace(item, size_bytes=size)

    async def _observe(self) -> tuple[Verdict | None, bool]:
        """The verdict when the prompt has ended, and whether ComfyUI knows the prompt at all."""
        entry = await self._client.history(self.prompt_id)
        if entry is not None:
            return read_history(entry, self._graph), True
        place = await self._client.place(self.prompt_id)
        if place is not None and not place.running:
            self._advance("waiting", {"ahead": place.ahead})
        elif place is not None and not self._track.started:
            self._advance("execution_start", {})
        return None, place is not None

    async def _pause(self) -> None:
        with suppress(TimeoutError):  # not asyncio.wait_for, which in Python 3.11 can lose our own cancellation
            async with asyncio.timeout(self._poll):
                await self._look.wait()
        self._look.clear()

    def _lose(self) -> None:
        self._watched = False
        self._look.set()

    def _take(self, message: Event | Preview) -> None:
        if isinstance(message, Preview):
            if message.prompt_id == self.prompt_id:
                self._watcher.previewed(message)
            return
        if message.data.get("prompt_id") != self.prompt_id:
            return
        self._advance(message.kind, message.data)
        if message.kind == "executed":
            self._land(message.data)
        if message.kind == "executing" and message.data.get("node") is None:
            # ComfyUI sends this last, when the history entry is there. It says "ended", not "succeeded".
            self._look.set()

    def _advance(self, kind: str, data: Mapping[str, Any]) -> None:
        track = advance(self._track, kind, data)
        if track is not self._track:
            self._track = track
            self._start_timer()
            self._watcher.progressed(track.view())

    def _land(self, data: Mapping[str, Any]) -> None:
        node_id, shown = data.get("display_node") or data.get("node"), data.get("output")
        if not (isinstance(node_id, str) and node_id in self._names and isinstance(shown, dict)):
            return
        for item in node_outputs(self._names[node_id], node_id, shown):
            if item not in self._sizes:
                self._sizes[item] = asyncio.create_task(self._size(item))
                self._watcher.landed(item, len(self._sizes) - 1)

    async def _size(self, item: OutputItem) -> int | None:
        return item.size_bytes if item.text is not None else await self._client.size(item)
