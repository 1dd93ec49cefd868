"""The app service: apps and runs as values, with no HTTP in it. All its coroutines belong to one event loop."""

import asyncio
import logging
import ssl
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ..errors import AppError
from ..settings import Settings
from .backend import EngineMaker, Parts, Source
from .callers import Caller
from .catalog import Catalog
from .comfy import ComfyClient
from .contract import Contract, targets
from .egress import Egress
from .errors import InvalidInput, MissingModel, NewerStore, NotReady, QueueFull
from .faces.backends import Backends
from .faces.doors import Doors
from .files.keeper import FileKeeper, Shelf
from .files.names import id_of
from .files.placing import Placer
from .files.references import References
from .nodeclasses import NodeClasses
from .nodeinfo import Scalar
from .publishing.library import Described, Library
from .publishing.missing import Missing
from .publishing.offers import Offers
from .publishing.publisher import Publisher
from .publishing.versions import App
from .running.dispatcher import Pace, now_ms
from .running.embedded import EmbeddedEngine
from .running.engine import Audience, Engine, Seen
from .running.preparing import Preparer
from .running.service import Limits, RunService
from .runs import Growing, NewRun, Priority, Run, RunStatus, Terms, Workflow
from .store.storage import Storage
from .surface.submission import Submission
from .surface.views import app_view
from .validation import check_inputs
from .webhooks.delivery import Webhooks

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from .store.idempotency import Repeatable
    from .store.runs import Full

logger = logging.getLogger(__name__)

LARGEST_SEED = 2**64 - 1  # of torch

FULL = {
    "queued": "{limit} runs are waiting already; try again later.",
    "of_app": "{limit} runs of this app are waiting already; try again later.",
    "of_owner": "This key has {limit} runs that have not ended; wait for one of them.",
}


class Readiness(NamedTuple):
    ready: bool
    reasons: list[str]
    active: Mapping[RunStatus, int]


class AppService:
    """What the routes call."""

    def __init__(
        self,
        catalog: Catalog,
        storage: Storage,
        source: Source,
        settings: Callable[[], Settings],
        private: Path,
        engine: EngineMaker,
        shelf: Shelf | None = None,
    ) -> None:
        """`shelf`: where files lie that several processes need, beside this one's own folder."""
        self.private = private  # Lectern's folder
        self.settings = settings  # raises SettingsError while lectern.toml has a mistake
        self._egress = Egress()
        self.files = FileKeeper(private / "files", storage, settings, shelf=shelf)
        self.references = References(self.files, self._egress, settings)
        self.webhooks = Webhooks(storage, settings, private, self._egress)
        storage.note = self._note
        self._storage = storage
        self._source = source
        self._classes = NodeClasses(source)
        backends = Backends(settings, self._classes)
        self.library = Library(catalog, storage, self._classes, backends)
        self.doors = Doors(self.library, backends)
        self.publisher = Publisher(self.library, storage, self._classes, source)
        self.offers = Offers(source)
        self._snapshots: dict[tuple[str, int], tuple[Contract, Workflow]] = {}
        self.runs = RunService(
            storage, self._make(engine), self._limits, self.webhooks, self._chores, self.library.check
        )

    def _make(self, engine: EngineMaker) -> Callable[[Audience], Engine]:
        return lambda reports: engine(Parts(self._storage, self.files, self.settings, reports))

    async def resume(self) -> None:
        """Goes on with the runs of an earlier process; costs nothing when there never was one."""
        if not self._storage.exists:
            return
        try:
            await self._storage.call(lambda _: None)
        except NotReady as error:
            logger.warning("%s", error)
            if not self._storage.shared or isinstance(error, NewerStore):
                return  # a server comes back, and what waits there has nobody else
        self.runs.wake()

    async def begin(self) -> None:
        """Takes part in a fleet, whether there are runs or not; opens the store. Raises NewerStore.

        A store that does not answer just now is tried again with every call.
        """
        try:
            await self._storage.call(lambda _: None)
        except NewerStore:
            raise
        except NotReady as error:
            logger.warning("Lectern: %s", error)
        self.runs.wake()

    async def close(self) -> None:
        """Lets go of everything; runs stay as they are, for `resume` of the next process."""
        await self.runs.close()
        await self.webhooks.stop()
        await self._egress.close()
        await self._source.close()
        await self._storage.close()

    async def apps(self, caller: Caller, search: str = "") -> list[dict[str, Any]]:
        """Raises NotReady when ComfyUI cannot be asked for its nodes."""
        return [self._view(one) for one in await self.described(caller, search)]

    async def described(self, caller: Caller, search: str = "") -> list[Described]:
        """Raises NotReady."""
        found = [app for app in await self.library.apps(caller) if _matches(app, search)]
        return await asyncio.gather(*map(self.library.describe, found))

    async def app(self, slug: str, version: int | None, caller: Caller) -> dict[str, Any]:
        """Raises AppNotFound, VersionNotFound, NotReady."""
        return self._view(await self.describe(slug, version, caller))

    async def describe(self, slug: str, version: int | None, caller: Caller, stale: bool = False) -> Described:
        return await self.library.describe(await self.library.app(slug, version, caller), stale)

    async def submit(self, slug: str, asked: Submission, caller: Caller, wait: float | None = None) -> Seen:
        """Checks and queues a run. Once it returns, the run is stored, and a power cut does not lose it.

        Args:
            wait: seconds to wait for the run's end.

        Raises AppNotFound, VersionNotFound, InvalidInput, MissingModel, QueueFull, IdempotencyKeyReuse, NotReady.
        """
        try:
            return await self._submit(slug, asked, caller, wait)
        except AppError as error:
            self.runs.metrics.refused(error.code)
            raise

    async def _submit(self, slug: str, asked: Submission, caller: Caller, wait: float | None) -> Seen:
        app = await self.library.app(slug, asked.version, caller, stale=True)
        repeatable = self._repeatable(asked, caller)
        if repeatable is not None and self._storage.exists:
            known = await self._storage.call(lambda store: store.runs.repeated(repeatable))
            if known is not None:
                await self._storage.durable()  # the first request may still wait for it
                return await self.runs.wait(known.id, wait or 0, caller)
        if asked.webhook is not None:
            self.webhooks.check(asked.webhook.url)
        described, values = await self._checked(app, asked)
        await self.runs.check(self._snapshot(app, described.contract), values)
        inputs = described.contract.inputs
        resolved = await self.references.resolve_all(caller.owner, inputs, values, app.options.max_mb)
        new = NewRun(
            id=str(uuid.uuid4()),
            app=app.slug,
            version=app.version,
            workflow=self._snapshot(app, described.contract),
            input=cast(Mapping[str, Scalar], resolved),
            metadata=asked.metadata,
            created_ms=now_ms(),
            terms=self._terms(app, described.contract, asked, caller),
        )
        with self.runs.end_of(new.id) as ended:
            seen = await self._queue(new, app, repeatable, caller)
            await self._storage.durable()  # ComfyUI has it meanwhile
            if wait is None or seen.run.id != new.id:
                return seen if wait is None else await self.runs.wait(seen.run.id, wait, caller)
            return await self.runs.until(ended, new.id, wait, caller)

    def _view(self, described: Described) -> dict[str, Any]:
        return app_view(described, self.settings().apps.file_mb)

    async def ready(self) -> Readiness:
        """Whether a run would be accepted and executed now."""
        reasons: list[str] = []
        active: Mapping[RunStatus, int] = {}
        try:
            await self._classes.get({"SaveImage"})
        except NotReady as error:
            reasons.append(str(error))
        reasons += await self.runs.lacks()
        if self._storage.exists:
            try:
                active = await self._storage.call(lambda store: store.runs.count())
            except NotReady as error:
                reasons.append(str(error))
        limit = self.settings().apps.queued
        if active.get(RunStatus.QUEUED, 0) >= limit:
            reasons.append(FULL["queued"].format(limit=limit))
        return Readiness(not reasons, list(dict.fromkeys(reasons)), active)

    async def metrics(self) -> bytes:
        """As Prometheus reads them."""
        state = await self.ready()
        measures = await self.runs.measures()
        render = self.runs.metrics.render
        return await asyncio.to_thread(render, state.active, self.runs.streams, state.ready, measures)

    async def _checked(self, app: App, asked: Submission) -> tuple[Described, dict[str, Any]]:
        """By what ComfyUI had a moment ago; only what that forbids is checked against what it has now."""
        try:
            return await self._check(app, asked, stale=True)
        except (InvalidInput, MissingModel):
            return await self._check(app, asked, stale=False)

    async def _check(self, app: App, asked: Submission, stale: bool) -> tuple[Described, dict[str, Any]]:
        described = await self.library.describe(app, stale)
        if described.missing:
            raise MissingModel(_lacking(described.missing), [item._asdict() for item in described.missing])
        contract = described.contract
        seeds = {} if asked.seed is None else {item.name: asked.seed for item in contract.inputs if item.seed}
        values = check_inputs(contract, {**seeds, **asked.input})
        check_takes(app, contract, asked.takes)
        return described, values

    def _snapshot(self, app: App, contract: Contract) -> Workflow:
        """The same object for the same contract: its digest is not computed with every run."""
        key = app.slug, app.version
        known = self._snapshots.get(key)
        if known is None or known[0] is not contract:
            known = self._snapshots[key] = contract, snapshot(app, contract)
        return known[1]

    def _terms(self, app: App, contract: Contract, asked: Submission, caller: Caller) -> Terms:
        return Terms(
            owner=caller.owner,
            takes=asked.takes,
            seeds=growing(contract) if asked.takes > 1 else {},
            retry=app.options.retry,
            seconds=app.options.max_seconds,
            deadline_ms=None if asked.cancel_after is None else now_ms() + int(asked.cancel_after * 1000),
            webhook=asked.webhook,
            priority=asked.priority or Priority(app.options.priority),
            alone=app.options.exclusive,
        )

    async def _queue(self, new: NewRun, app: App, repeatable: "Repeatable | None", caller: Caller) -> Seen:
        from .store.runs import Bounds, Full

        bounds = Bounds(self.settings().apps.queued, app.options.queued, caller.concurrent)
        queued = await self._storage.call(lambda store: store.runs.insert(new, bounds, repeatable))
        if isinstance(queued, Full):
            raise _too_many(queued)
        if not queued.new:
            return await self.runs.run(queued.run.id, caller)
        self.runs.submitted(queued.run, new.workflow)
        positions = {} if queued.position is None else {new.id: queued.position}
        return Seen(queued.run, self.runs.view(queued.run, positions))

    def _repeatable(self, asked: Submission, caller: Caller) -> "Repeatable | None":
        if asked.idempotency_key is None:
            return None
        from .store.idempotency import Repeatable

        return Repeatable(caller.owner, asked.idempotency_key, asked.digest)

    def _note(self, connection: "Connection", event: str, run: Run) -> None:
        """In the transaction of the change: what is to be sent of it."""
        from .webhooks.notes import note

        note(connection, event, run, now_ms())

    async def _chores(self) -> None:
        """Once an hour: files and webhooks that nobody needs any more."""
        inputs = await self._storage.call(lambda store: store.upkeep.inputs())
        values = [value for given in inputs for value in given.values() if isinstance(value, str)]
        await self.files.sweep(now_ms(), {name for name in map(id_of, values) if name is not None})
        await self.webhooks.sweep()

    def _limits(self) -> Limits:
        apps = self.settings().apps
        return Limits(apps.keep_days, apps.streams)


def snapshot(app: App, contract: Contract) -> Workflow:
    """What a run of this app executes, independent of the app's later versions."""
    return Workflow(app.graph, targets(contract), {output.node_id: output.name for output in contract.outputs})


def growing(contract: Contract) -> dict[str, Growing]:
    """The seeds, and within what they grow from take to take."""
    found = {}
    for item in contract.inputs:
        if item.seed:
            low = int(item.minimum or 0)
            high = LARGEST_SEED if item.maximum is None else int(item.maximum)
            found[item.name] = Growing(low, max(low, high))
    return found


def check_takes(app: App, contract: Contract, takes: int) -> None:
    """Raises InvalidInput."""
    message = ""
    if takes > app.options.max_n:
        message = f"n must be at most {app.options.max_n} for this app; got {takes}."
    elif takes > 1 and not any(item.seed for item in contract.inputs):
        message = "n must be 1 for this app: it has no seed among its inputs, so all its results would be the same."
    if message:
        raise InvalidInput(message, [{"input": "n", "code": "out_of_range", "message": message}])


def _lacking(missing: list[Missing]) -> str:
    first = missing[0]
    kinds = {"node": "the node", "model": "the model", "file": "the file"}
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return f'ComfyUI lacks {kinds[first.kind]} {first.name} that "{first.title}" needs{more}; install what is missing.'


def _matches(app: App, search: str) -> bool:
    words = search.lower().split()
    text = f"{app.slug} {app.title} {app.description}".lower()
    return all(word in text for word in words)


def _too_many(full: "Full") -> QueueFull:
    return QueueFull(FULL[full.what].format(limit=full.limit))


def create_service(
    *,
    workflows: Path,
    private: Path,
    base_url: Callable[[], str],
    tls: Callable[[], ssl.SSLContext | None],
    settings: Callable[[], Settings],
    pace: Pace | None = None,
    storage: Storage | None = None,
) -> AppService:
    """Puts the parts together; opens nothing.

    Args:
        workflows: folder of app workflows, see catalog.py.
        private: folder for `lectern.db`; made when the first run is submitted.
        base_url: ComfyUI's address, without a trailing slash.
        tls: trust for an https address, None for the system's own.
        settings: the current settings; may raise SettingsError.
        pace: waiting times; tests make them short.
        storage: that of `private`, when somebody else needs it too.
    """
    client = ComfyClient(base_url, tls)

    def engine(parts: Parts) -> Engine:
        preparer = Preparer(Placer(parts.files, settings), client)
        return EmbeddedEngine(parts.storage, client, preparer, pace or Pace(), parts.reports)

    return AppService(Catalog(workflows), storage or Storage(private), client, settings, private, engine)
