"""All apps: those that come with the pack, and over them those that somebody published."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from ..callers import Caller, require_app
from ..catalog import Catalog
from ..contract import Contract, derive_contract, needed_classes
from ..errors import AppNotFound, VersionNotFound
from ..faces.backends import Backends
from ..faces.names import is_backend
from ..graph import Graph
from ..nodeclasses import FRESH_SECONDS, NodeClasses
from ..picks import load_picks
from ..store.published import Head, Picture
from ..store.storage import Storage
from .missing import Missing, missing
from .versions import App, AppOptions

UNKNOWN_APP = "There is no app with this name; GET /lectern/v1/apps lists them."


STALE_SECONDS = 5.0
SHARED_SECONDS = 1.0  # after which apps that other processes may have changed are read again
MISSED_SECONDS = 0.1


class Described(NamedTuple):
    app: App
    contract: Contract
    missing: list[Missing]


class _Derived(NamedTuple):
    since: float  # time.monotonic()
    graph: Graph
    contract: Contract
    missing: list[Missing]


class Library:
    """Lives on the background loop."""

    def __init__(self, bundled: Catalog, storage: Storage, classes: NodeClasses, backends: Backends) -> None:
        self._bundled = bundled
        self._storage = storage
        self._classes = classes
        self._backends = backends
        self._heads: list[Head] | None = None
        self._read_at = 0.0  # time.monotonic()
        self._files: dict[str, App] = {}  # of the pack
        self._looked = -STALE_SECONDS  # time.monotonic()
        self._versions: dict[tuple[str, int], App] = {}
        self._described: dict[tuple[str, int], _Derived] = {}

    def changed(self) -> None:
        """Somebody published, amended or deleted."""
        self._heads = None

    async def apps(self, caller: Caller) -> list[App]:
        """Those that the caller may see, by slug."""
        found = {app.slug: app for app in await asyncio.to_thread(self._bundled.apps)}
        for head in await self._stored():
            found[head.slug] = await self._read(head, head.active, found.get(head.slug))
        return [app for _, app in sorted(found.items()) if may_use(caller, app)]

    async def app(self, slug: str, version: int | None, caller: Caller, stale: bool = False) -> App:
        """The active version, or the one that is asked for.

        Args:
            stale: a file of the pack need not be looked at again when it was moments ago.

        Raises AppNotFound, VersionNotFound, Unauthorized, Forbidden.
        """
        if is_backend(slug):
            return await self._backend(slug, version, caller)
        bundled = await self.bundled(slug, stale)
        head = await self._head(slug, version)
        app = bundled if head is None else await self._read(head, head.active, bundled)
        require_app(caller, slug, app is not None and app.options.public)
        if app is None:
            raise AppNotFound(UNKNOWN_APP)
        if version in (None, app.version):
            return app
        if version not in app.versions:
            listed = ", ".join(map(str, app.versions))
            raise VersionNotFound(f"App {slug} has no version {version}; there is {listed}.")
        assert head is not None and version is not None
        return await self._read(head, version, bundled)

    async def _backend(self, slug: str, version: int | None, caller: Caller) -> App:
        """An app that nobody published, and that is not listed: it stands for a server or a pipeline."""
        require_app(caller, slug, public=False)
        app = await self._backends.app(slug, version)
        if app is None:
            raise AppNotFound(UNKNOWN_APP)
        return app

    async def check(self, caller: Caller, slug: str) -> None:
        """Whether the caller may use this app, which need not be there any more. Raises Unauthorized, Forbidden."""
        head = next((head for head in await self._stored() if head.slug == slug), None)
        require_app(caller, slug, head is not None and head.options.get("public") is True)

    async def check_guest(self, caller: Caller) -> None:
        """Whether any app is open to those without a key. Raises Unauthorized."""
        if caller.guest:  # a key for some apps alone may read what no app is named in
            require_app(caller, "", any(head.options.get("public") is True for head in await self._stored()))

    async def bundled(self, slug: str, stale: bool = False) -> App | None:
        now = time.monotonic()
        if not stale or now - self._looked > STALE_SECONDS:
            self._files = {app.slug: app for app in await asyncio.to_thread(self._bundled.apps)}
            self._looked = now
        return self._files.get(slug)

    async def describe(self, app: App, stale: bool = False) -> Described:
        """With its contract, and what this ComfyUI lacks for it. Raises NotReady."""
        key = app.slug, app.version
        known = self._described.get(key) if stale else None
        if known is None or time.monotonic() - known.since > FRESH_SECONDS or known.graph is not app.graph:
            known = self._described[key] = await self._derive(app, stale)
        return Described(app, known.contract, known.missing)

    async def _derive(self, app: App, stale: bool) -> "_Derived":
        wanted = needed_classes(app.picked, app.graph) | {node["class_type"] for node in app.graph.values()}
        info = await self._classes.get(wanted, stale)
        contract = derive_contract(app.picked, app.graph, info)
        return _Derived(time.monotonic(), app.graph, contract, missing(app.graph, info, contract))

    async def picture(self, app: App) -> Picture | None:
        if self._storage.exists:
            stored = await self._storage.call(lambda store: store.apps.picture(app.slug))
            if stored is not None:
                return stored
        file = await asyncio.to_thread(self._bundled.picture, app.slug)
        return None if file is None else Picture(await asyncio.to_thread(Path.read_bytes, file), "image/jpeg")

    async def _stored(self, missed: bool = False) -> list[Head]:
        """`missed`: they lack what another process may have added a moment ago."""
        seconds = MISSED_SECONDS if missed else SHARED_SECONDS
        late = self._storage.shared and time.monotonic() - self._read_at > seconds
        if self._heads is None or late:
            if not self._storage.exists:
                return []
            self._heads = await self._storage.call(lambda store: store.apps.heads())
            self._read_at = time.monotonic()
        return self._heads

    async def _head(self, slug: str, version: int | None) -> Head | None:
        head = None
        for missed in (False, True):
            head = next((head for head in await self._stored(missed) if head.slug == slug), None)
            if not self._storage.shared or (head is not None and version in (None, *head.versions)):
                break
        return head

    async def _read(self, head: Head, number: int, bundled: App | None) -> App:
        """Versions are immutable and so remembered; what concerns the whole app is set anew."""
        if bundled is not None and number == bundled.version:
            made = bundled
        else:
            made = self._versions.get((head.slug, number)) or await self._load(head.slug, number)
        numbers = (*((bundled.version,) if bundled is not None else ()), *head.versions)
        return replace(
            made,
            title=head.title if number == head.active else made.title,
            description=head.description,
            active=head.active,
            versions=numbers,
            options=AppOptions.model_validate(dict(head.options)),
            picture=f"{head.updated_ms}" if head.picture else (bundled.picture if bundled else ""),
            updated_ms=head.updated_ms,
            bundled=False,
        )

    async def _load(self, slug: str, number: int) -> App:
        stored = await self._storage.call(lambda store: store.apps.version(slug, number))
        if stored is None:
            raise VersionNotFound(f"Version {number} of app {slug} was deleted a moment ago.")
        app = App(
            slug=slug,
            title=stored.title,
            description="",
            version=number,
            workflow=stored.workflow,
            graph=stored.graph,
            picked=load_picks(stored.picked),
            source=stored.source,
            created_ms=stored.created_ms,
        )
        self._versions[slug, number] = app
        return app


def may_use(caller: Caller, app: App) -> bool:
    return app.options.public or (not caller.guest and caller.may_use(app.slug))
