"""What those who listen to a run are told, on its subject in NATS."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from ...comfy import Unreachable
from ...errors import NotReady
from ...running.watching import RunWatcher
from ...runs import OutputItem, Run
from ...surface.views import output_view
from .. import topology
from ..link import Link, translated
from ..messages import Event, Shown
from .outputs import Outputs

logger = logging.getLogger(__name__)

WATCHED_SECONDS = 12.0  # that previews are shown after a gateway last said that somebody listens
BACKLOG = 1000  # messages that wait to be sent


class Speaker:
    """Sends, in order and without waiting; what cannot be sent is left out: the run's state tells all that matters."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._queue: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue(BACKLOG)
        self._task: asyncio.Task[None] | None = None
        self._watched: dict[str, float] = {}  # run -> time.monotonic() until which somebody listens

    def say(self, subject: str, content: bytes) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._work(), name="lectern events")
        if not self._queue.full():
            self._queue.put_nowait((subject, content))

    def watch(self, run_id: str) -> None:
        now = time.monotonic()
        self._watched = {run: until for run, until in self._watched.items() if until > now}
        self._watched[run_id] = now + WATCHED_SECONDS

    def watched(self, run_id: str) -> bool:
        return self._watched.get(run_id, 0.0) > time.monotonic()

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _work(self) -> None:
        while True:
            subject, content = await self._queue.get()
            try:
                with translated():
                    await self._link.client.publish(subject, content)
            except NotReady as error:
                logger.debug("an event is not sent: %s", error)


class FleetChannel:
    """The events of one run, to whoever listens at whichever gateway."""

    silent = False  # who listens later is told from the stream

    def __init__(self, run_id: str, speaker: Speaker) -> None:
        self._run_id = run_id
        self._speaker = speaker

    @property
    def listeners(self) -> int:
        return int(self._speaker.watched(self._run_id))

    def publish(self, name: str, data: Mapping[str, Any]) -> None:
        self._speaker.say(f"{topology.EVENTS}.{self._run_id}", Event(name, data).dump())

    def landed(self, data: Mapping[str, Any], item: OutputItem) -> None:
        self._speaker.say(f"{topology.EVENTS}.{self._run_id}", Event("output", data, item).dump())

    def show(self, data: Mapping[str, Any]) -> None:
        self._speaker.say(f"{topology.PREVIEWS}.{self._run_id}", Shown(data).dump())


class FleetWatcher(RunWatcher):
    """As the one-process engine's; outputs are told once their bytes are where the gateways find them."""

    def __init__(
        self, run: Run, channel: FleetChannel, told: Callable[[Run, Mapping[str, Any]], None], outputs: Outputs
    ) -> None:
        super().__init__(run, channel, told)
        self._fleet = channel
        self._outputs = outputs
        self._telling: set[asyncio.Task[None]] = set()

    def landed(self, item: OutputItem, place: int) -> None:
        task = asyncio.create_task(self._land(item, len(self._run.outputs) + place))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _land(self, item: OutputItem, place: int) -> None:
        try:
            stored = item if item.text is not None else await asyncio.shield(self._outputs.begin(self._run, item))
        except (NotReady, Unreachable, asyncio.CancelledError) as error:
            logger.debug("an output is told at the end: %s", error)
            return
        self._fleet.landed(output_view(self._run, stored, place), stored)
