"""The app service: apps and runs as values, with no HTTP in it. All its coroutines belong to one event loop."""

import asyncio
import logging
import ssl
import uuid
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..settings import Settings
from .catalog import App, Catalog
from .comfy import ComfyClient, Unreachable
from .contract import Contract, derive_contract, needed_classes, targets
from .dispatcher import Dispatcher, Pace, now_ms
from .errors import NotReady, OutputUnavailable, QueueFull, RunNotFound, VersionNotFound
from .nodeclasses import NodeClasses
from .publishing.appmode import read_picks
from .runs import IN_FLIGHT, NewRun, Run, RunStatus, Workflow
from .store.storage import Storage
from .streams import OutputStream, open_stream
from .surface.submission import Listing, Submission
from .surface.views import app_view, run_view
from .validation import check_inputs

if TYPE_CHECKING:
    from .store.stores import Stores

logger = logging.getLogger(__name__)

UNKNOWN_RUN = "There is no run with this id."


class Seen(NamedTuple):
    """A run and how its caller sees it, of one moment."""

    run: Run
    view: dict[str, Any]


class AppService:
    """What the routes call."""

    def __init__(
        self,
        catalog: Catalog,
        storage: Storage,
        client: ComfyClient,
        settings: Callable[[], Settings],
        pace: Pace,
    ) -> None:
        self.settings = settings  # raises SettingsError while lectern.toml has a mistake
        self._catalog = catalog
        self._storage = storage
        self._client = client
        self._classes = NodeClasses(client)
        self._dispatcher = Dispatcher(storage, client, self._announce, pace)
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    async def resume(self) -> None:
        """Goes on with the runs of an earlier process; costs nothing when there never was one."""
        if not self._storage.exists:
            return
        try:
            await self._storage.call(lambda _: None)
        except NotReady as error:
            logger.warning("%s", error)
            return
        self._dispatcher.wake()

    async def close(self) -> None:
        """Lets go of everything; runs stay as they are, for `resume` of the next process."""
        await self._dispatcher.stop()
        await self._client.close()
        await self._storage.close()

    async def apps(self) -> list[dict[str, Any]]:
        """Raises NotReady when ComfyUI cannot be asked for its nodes."""
        apps = await asyncio.to_thread(self._catalog.apps)
        return [app_view(app, await self._contract(app)) for app in apps]

    async def app(self, slug: str) -> dict[str, Any]:
        """Raises AppNotFound, NotReady."""
        app = await asyncio.to_thread(self._catalog.app, slug)
        return app_view(app, await self._contract(app))

    async def submit(self, slug: str, asked: Submission) -> Seen:
        """Checks and queues a run. Once it returns, the run is stored.

        Raises AppNotFound, VersionNotFound, InvalidInput, QueueFull, NotReady.
        """
        limit = self.settings().apps.queued
        app = await asyncio.to_thread(self._catalog.app, slug)
        if asked.version not in (None, app.version):
            raise VersionNotFound(f"App {app.slug} has no version {asked.version}; its only version is {app.version}.")
        contract = await self._contract(app)
        values = check_inputs(contract, asked.input)
        new = NewRun(
            str(uuid.uuid4()), app.slug, app.version, snapshot(app, contract), values, asked.metadata, now_ms()
        )
        if await self._storage.call(lambda store: store.runs.insert(new, limit)) is None:
            raise QueueFull(f"{limit} runs are waiting already; try again later.")
        seen = await self.run(new.id)
        self._dispatcher.wake()
        return seen

    async def run(self, run_id: str) -> Seen:
        """Raises RunNotFound."""
        if not self._storage.exists:
            raise RunNotFound(UNKNOWN_RUN)
        run, positions = await self._storage.call(lambda store: _read(store, run_id))
        if run is None:
            raise RunNotFound(UNKNOWN_RUN)
        return Seen(run, self._view(run, positions))

    async def runs(self, listing: Listing) -> list[dict[str, Any]]:
        if not self._storage.exists:
            return []
        found = await self._storage.call(lambda store: store.runs.newest(listing.app, listing.statuses, listing.limit))
        positions = await self._storage.call(lambda store: store.runs.queue_positions([run.id for run in found]))
        return [self._view(run, positions) for run in found]

    async def wait(self, run_id: str, seconds: float) -> Seen:
        """The run once it has ended, or as it is after so many seconds. Raises RunNotFound."""
        ended = asyncio.Event()
        self._waiting[run_id].add(ended)
        try:
            seen = await self.run(run_id)
            if seen.run.finished:
                return seen
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await ended.wait()
            return await self.run(run_id)
        finally:
            self._forget(run_id, ended)

    async def cancel(self, run_id: str) -> Seen:
        """Ends a queued run, stops a running one, leaves an ended one. Raises RunNotFound."""
        await self.run(run_id)
        run = await self._storage.call(lambda store: store.runs.cancel(run_id, now_ms()))
        if run is not None and run.finished:
            self._announce(run_id)
        self._dispatcher.cancel(run_id)
        return await self.run(run_id)

    async def output(self, run_id: str, place: int) -> OutputStream:
        """The bytes of one output; the caller closes the stream. Raises RunNotFound, OutputUnavailable, NotReady."""
        run = (await self.run(run_id)).run
        if place >= len(run.outputs):
            raise OutputUnavailable(f"The run has {len(run.outputs)} outputs, counted from 0; there is no {place}.")
        try:
            return await open_stream(self._client, run.outputs[place])
        except Unreachable as error:
            raise NotReady(f"ComfyUI does not answer: {error}.") from error

    async def _contract(self, app: App) -> Contract:
        picked = read_picks(app.workflow, app.graph)
        try:
            known = await self._classes.get(needed_classes(picked, app.graph))
        except Unreachable as error:
            raise NotReady(f"ComfyUI does not answer: {error}.") from error
        return derive_contract(picked, app.graph, known)

    def _view(self, run: Run, positions: dict[str, int]) -> dict[str, Any]:
        progress = self._dispatcher.progress(run.id) if run.status in IN_FLIGHT else None
        return run_view(run, progress, positions.get(run.id))

    def _announce(self, run_id: str) -> None:
        for event in self._waiting.pop(run_id, ()):
            event.set()

    def _forget(self, run_id: str, event: asyncio.Event) -> None:
        waiting = self._waiting.get(run_id)
        if waiting is not None:
            waiting.discard(event)
            if not waiting:
                del self._waiting[run_id]


def snapshot(app: App, contract: Contract) -> Workflow:
    """What a run of this app executes, independent of the app's later versions."""
    return Workflow(app.graph, targets(contract), {output.node_id: output.name for output in contract.outputs})


def _read(store: "Stores", run_id: str) -> tuple[Run | None, dict[str, int]]:
    """The run and, while it waits, its place in the queue."""
    run = store.runs.get(run_id)
    waits = run is not None and run.status is RunStatus.QUEUED
    return run, store.runs.queue_positions([run_id]) if waits else {}


def create_service(
    *,
    workflows: Path,
    private: Path,
    base_url: Callable[[], str],
    tls: Callable[[], ssl.SSLContext | None],
    settings: Callable[[], Settings],
    pace: Pace | None = None,
) -> AppService:
    """Puts the parts together; opens nothing.

    Args:
        workflows: folder of app workflows, see catalog.py.
        private: folder for `lectern.db`; made when the first run is submitted.
        base_url: ComfyUI's address, without a trailing slash.
        tls: trust for an https address, None for the system's own.
        settings: the current settings; may raise SettingsError.
        pace: waiting times; tests make them short.
    """
    client = ComfyClient(base_url, tls)
    return AppService(Catalog(workflows), Storage(private), client, settings, pace or Pace())
