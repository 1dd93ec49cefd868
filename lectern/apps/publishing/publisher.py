"""Publishing: a workflow becomes a version of an app. Amending, activating, deleting, exporting, proposing."""

import base64
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from ..backend import Source
from ..callers import Caller, require_app
from ..catalog import SLUG
from ..comfy import Unreachable
from ..contract import Contract, derive_contract, needed_classes
from ..errors import AppNotFound, BadRequest, BundledApp, InvalidInput, NotReady, StaleInput
from ..faces.roles import check_roles
from ..graph import Graph, is_graph
from ..nodeclasses import NodeClasses
from ..picks import Picked, dump_picks, parse_picks
from ..running.dispatcher import now_ms
from ..store.published import NewVersion
from ..store.storage import Storage
from ..surface.submission import parse_json
from .appmode import read_picks
from .converting import MOST_NODES, WorkflowFormat, convert
from .library import UNKNOWN_APP, Library
from .proposals import proposal_view, propose_all
from .requests import Amendment, Publication
from .saved import Workflow, app_section
from .versions import App, AppOptions, read_options

WORKFLOW_BYTES = 16 * 2**20
EXPORT_FORMAT = 1


class Drawn(NamedTuple):
    """A workflow in both formats, as far as they are there."""

    workflow: Workflow | None
    graph: Graph


class Publisher:
    """Lives on the background loop."""

    def __init__(self, library: Library, storage: Storage, classes: NodeClasses, client: Source) -> None:
        self._library = library
        self._storage = storage
        self._classes = classes
        self._client = client

    async def publish(self, slug: str, asked: Publication, caller: Caller, expected: int | None) -> App:
        """Raises BadRequest, InvalidInput, StaleInput, VersionConflict, WorkflowFormat, Forbidden, NotReady."""
        check_slug(slug)
        require_app(caller, slug, public=False)
        drawn = await self._draw(asked.workflow, asked.graph, asked.file)
        picked, source, contract = await self._pick(drawn, asked.inputs, asked.outputs)
        known = await self._known(slug)
        bundled = await self._library.bundled(slug)
        options = AppOptions() if known is None else known.options
        section = {} if drawn.workflow is None else app_section(drawn.workflow)
        new = NewVersion(
            slug=slug,
            title=asked.title or (known.title if known else "") or _title(section, asked.file, slug),
            description=_description(asked, known, section),
            workflow=drawn.workflow,
            graph=drawn.graph,
            picked=dump_picks(picked),
            source=source,
            author=caller.owner,
            options=_options(asked.options, options, contract).model_dump(),
            picture=asked.picture,
            created_ms=now_ms(),
            first=1 if bundled is None else bundled.version + 1,
            expected=expected,
        )
        await self._storage.call(lambda store: store.apps.publish(new))
        await self._storage.durable()
        self._library.changed()
        return await self._library.app(slug, None, caller)

    async def amend(self, slug: str, asked: Amendment, caller: Caller) -> App:
        """Raises AppNotFound, BundledApp, InvalidInput, Forbidden."""
        app = await self._own(slug, caller)
        given = {"title": asked.title, "description": asked.description}
        values: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        if asked.options is not None:
            options = read_options(asked.options, app.options)
            if options.roles != app.options.roles:
                check_roles(options.roles or {}, (await self._library.describe(app)).contract)
            values["options"] = options.model_dump()
        await self._storage.call(lambda store: store.apps.amend(slug, now_ms(), **values))
        await self._storage.durable()
        self._library.changed()
        return await self._library.app(slug, None, caller)

    async def activate(self, slug: str, number: int, caller: Caller) -> App:
        """Raises AppNotFound, VersionNotFound, BundledApp, Forbidden."""
        await self._own(slug, caller)
        app = await self._library.app(slug, number, caller)
        if app.source == "bundled":
            raise BundledApp(f"Version {number} comes with the pack; delete the app to have that one again.")
        await self._storage.call(lambda store: store.apps.activate(slug, number, now_ms()))
        await self._storage.durable()
        self._library.changed()
        return await self._library.app(slug, None, caller)

    async def delete(self, slug: str, caller: Caller) -> None:
        """Raises AppNotFound, BundledApp, Forbidden."""
        await self._own(slug, caller)
        await self._storage.call(lambda store: store.apps.delete(slug, now_ms()))
        await self._storage.durable()
        self._library.changed()

    async def versions(self, slug: str, caller: Caller) -> list[dict[str, Any]]:
        """The newest first. Raises AppNotFound."""
        from ..surface.views import iso

        app = await self._library.app(slug, None, caller)
        bundled = await self._library.bundled(slug)
        lines = await self._storage.call(lambda store: store.apps.lines(slug)) if self._storage.exists else []
        listed = [line._asdict() | {"version": line.number, "created_at": iso(line.created_ms)} for line in lines]
        if bundled is not None:
            picks = {"inputs": len(bundled.picked.picks), "outputs": len(bundled.picked.outputs)}
            listed.append({"version": bundled.version, "title": bundled.title, "source": "bundled", **picks})
        keys = ("version", "title", "created_at", "source", "inputs", "outputs")
        return [{key: line.get(key) for key in keys} | {"active": line["version"] == app.active} for line in listed]

    async def export(self, slug: str, version: int | None, caller: Caller) -> dict[str, Any]:
        """The app as one document that `publish` takes again. Raises AppNotFound, VersionNotFound."""
        app = await self._library.app(slug, version, caller)
        picture = await self._library.picture(app)
        picked = dump_picks(app.picked)
        encoded = None if picture is None else base64.b64encode(picture.content).decode()
        small = picture is not None and len(picture.content) <= 512 * 1024
        return {
            "lectern_app": EXPORT_FORMAT,
            "slug": app.slug,
            "title": app.title,
            "description": app.description,
            "workflow": app.workflow,
            "prompt": app.graph,
            "inputs": picked["inputs"],
            "outputs": picked["outputs"],
            "options": app.options.model_dump(),
            "picture": f"data:{picture.content_type};base64,{encoded}" if picture is not None and small else None,
        }

    async def propose(self, workflow: Workflow | None, graph: Graph | None) -> dict[str, Any]:
        """What could be picked, and what was or should be. Stores nothing."""
        drawn = await self._draw(workflow, graph, "")
        known = await self._classes.get({node["class_type"] for node in drawn.graph.values()})
        section = {} if drawn.workflow is None else app_section(drawn.workflow)
        title = _title(section, "", "")
        slug = section.get("slug")
        return {
            **proposal_view(drawn.graph, known, drawn.workflow),
            "title": title,
            "description": str(section.get("description", "")),
            "slug": slug if isinstance(slug, str) and SLUG.fullmatch(slug) else "",
        }

    async def _draw(self, workflow: Workflow | None, graph: Graph | None, file: str) -> Drawn:
        """Both formats of what is given. Raises WorkflowFormat, BadRequest, NotReady."""
        if file:
            workflow, graph = await self._read_file(file)
        if graph is None:
            assert workflow is not None
            graph = convert(workflow, await self._classes.all())
        if len(graph) > MOST_NODES:
            raise WorkflowFormat(f"The workflow has {len(graph)} nodes; at most {MOST_NODES} can be published.")
        return Drawn(workflow, graph)

    async def _read_file(self, file: str) -> tuple[Workflow | None, Graph | None]:
        if PurePosixPath(file).is_absolute() or ".." in PurePosixPath(file).parts or "\\" in file:
            raise BadRequest("from must be a path in the user's workflows folder, such as decks/a.app.json.")
        try:
            content = await self._client.saved_workflow(file, WORKFLOW_BYTES)
        except Unreachable as error:
            raise NotReady(f"ComfyUI does not answer: {error}.") from error
        if content is None:
            raise BadRequest("from names no file in the user's workflows folder; GET /lectern/v1/workflows lists them.")
        try:
            document = parse_json(content)
        except BadRequest:
            raise BadRequest("The file that from names is not JSON in UTF-8, or holds what cannot be stored.") from None
        if not isinstance(document, dict):
            raise BadRequest("The file that from names is no workflow.")
        return (None, document) if is_graph(document) else (document, None)

    async def _pick(self, drawn: Drawn, inputs: object, outputs: object) -> tuple[Picked, str, Contract]:
        """The picks that were given, else App Mode's, else the likely ones. Raises InvalidInput, StaleInput."""
        known = await self._classes.get({node["class_type"] for node in drawn.graph.values()})
        own = Picked() if drawn.workflow is None else read_picks(drawn.workflow, drawn.graph)
        fallback = own if own.picks or own.outputs else propose_all(drawn.graph, known, drawn.workflow).picked
        source = "app_mode" if fallback is own else "proposed"
        picked = fallback
        if inputs is not None or outputs is not None:
            given = parse_picks([] if inputs is None else inputs, [] if outputs is None else outputs, drawn.graph)
            picked, source = _completed(given, fallback, inputs is None, outputs is None), "picks"
        contract = derive_contract(picked, drawn.graph, {**known, **await self._more(picked, drawn.graph, known)})
        stale = [item._asdict() for item in contract.stale]
        if not contract.outputs:
            message = "The workflow has no output node; add one that saves or shows something."
            raise InvalidInput(message, [*stale, {"input": "outputs", "code": "missing", "message": message}])
        if inputs and not contract.inputs:
            raise StaleInput("None of the picked inputs exists in the workflow; pick others.", stale)
        return picked, source, contract

    async def _more(self, picked: Picked, graph: Graph, known: Mapping[str, Any]) -> Mapping[str, Any]:
        return await self._classes.get(needed_classes(picked, graph) - known.keys())

    async def _known(self, slug: str) -> App | None:
        if not self._storage.exists:
            return None
        heads = await self._storage.call(lambda store: store.apps.heads())
        if not any(head.slug == slug for head in heads):
            return None
        from ..callers import HOUSEHOLD

        return await self._library.app(slug, None, HOUSEHOLD)

    async def _own(self, slug: str, caller: Caller) -> App:
        """An app that may be changed. Raises AppNotFound, BundledApp, Forbidden."""
        require_app(caller, slug, public=False)
        app = await self._known(slug)
        if app is not None:
            return app
        if await self._library.bundled(slug) is not None:
            raise BundledApp("This app comes with the pack; publish it under another name to change it.")
        raise AppNotFound(UNKNOWN_APP)


def check_slug(slug: str) -> None:
    """Raises BadRequest."""
    if not SLUG.fullmatch(slug):
        raise BadRequest("The app's name in its address may have a-z, 0-9 and hyphens, at most 63 characters.")


def _options(given: object, before: AppOptions, contract: Contract) -> AppOptions:
    """What is asked for over what was there. Raises InvalidInput."""
    if given is None:
        return before
    options = read_options(given, before)
    if options.roles != before.roles:  # of an earlier version's inputs some may be gone, which is no mistake
        check_roles(options.roles or {}, contract)
    return options


def _completed(given: Picked, fallback: Picked, no_inputs: bool, no_outputs: bool) -> Picked:
    """What the request leaves out is taken from the workflow."""
    return Picked(
        fallback.picks if no_inputs else given.picks, fallback.outputs if no_outputs else given.outputs, given.stale
    )


def _description(asked: Publication, known: App | None, section: Mapping[str, Any]) -> str:
    if asked.description is not None:
        return asked.description
    return known.description if known is not None else str(section.get("description", ""))


def _title(section: Mapping[str, Any], file: str, slug: str) -> str:
    title = section.get("title")
    if isinstance(title, str) and title.strip():
        return title.strip()[:200]
    stem = re.sub(r"(\.app)?\.json$", "", PurePosixPath(file).name) or slug
    return re.sub(r"[-_]+", " ", stem).strip().capitalize()[:200]
