"""The JSON that callers get: apps and runs."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from ..contract import Output
from ..faces.roles import derive_roles, settled_roles
from ..publishing.library import Described
from ..publishing.versions import App
from ..runs import OutputItem, Run
from ..schema import FILE_MB, input_schema

PAGES = "/lectern"
PREFIX = f"{PAGES}/v1"


def run_url(run_id: str) -> str:
    return f"{PREFIX}/runs/{run_id}"


def app_url(slug: str) -> str:
    return f"{PREFIX}/apps/{quote(slug)}"


def app_view(described: Described, file_mb: int = FILE_MB) -> dict[str, Any]:
    """An app as callers see it.

    Args:
        file_mb: the largest file that any run may bring, in megabytes.
    """
    app, contract, missing = described
    picture = picture_url(app)
    return {
        "slug": app.slug,
        "title": app.title,
        "description": app.description,
        "version": app.version,
        "active_version": app.active,
        "versions": list(app.versions),
        "source": app.source,
        "inputs": input_schema(contract, min(file_mb, app.options.max_mb or file_mb)),
        "outputs": {output.name: _promise(output) for output in contract.outputs},
        "stale": [stale._asdict() for stale in contract.stale],
        "missing": [item._asdict() for item in missing],
        "options": app.options.model_dump(),
        "faces": {
            "roles": settled_roles(contract, app.graph, app.options.roles or {}),
            "derived": derive_roles(contract, app.graph),
        },
        "picture": picture,
        "created_at": iso(app.created_ms),
        "updated_at": iso(app.updated_ms),
        "urls": _app_urls(app) | ({} if picture is None else {"picture": picture}),
    }


def picture_url(app: App) -> str | None:
    return f"{app_url(app.slug)}/picture?{quote(app.picture)}" if app.picture else None


def _app_urls(app: App) -> dict[str, str]:
    url = app_url(app.slug)
    parts = ("runs", "versions", "export")
    return {
        "get": url,
        **{part: f"{url}/{part}" for part in parts},
        "openapi": f"{url}/openapi.json",
        "web": f"{PAGES}/a/{quote(app.slug)}",
    }


def _promise(output: Output) -> dict[str, Any]:
    return {
        "node_id": output.node_id,
        "class_type": output.class_type,
        "title": output.title,
        "media": None if output.media is None else str(output.media),
        "media_types": list(output.media_types),
    }


def run_view(
    run: Run, progress: Mapping[str, Any] | None, queue_position: int | None, outputs: Sequence[OutputItem]
) -> dict[str, Any]:
    """A run as callers see it.

    Args:
        progress: while ComfyUI has it.
        queue_position: while it waits; 1 is next.
        outputs: those of the run, or while it goes on those that there are so far.
    """
    viewed = [output_view(run, item, place) for place, item in enumerate(outputs)]
    url = run_url(run.id)
    return {
        "id": run.id,
        "app": run.app,
        "version": run.version,
        "status": str(run.status),
        "input": dict(run.input),
        "n": run.terms.takes,
        "priority": str(run.terms.priority),
        "worker": run.worker or None,
        "output": _by_name(viewed),
        "outputs": viewed,
        "error": None if run.error is None else run.error._asdict(),
        "progress": None if progress is None else dict(progress),
        "queue_position": queue_position,
        "logs": run.logs,
        "metadata": dict(run.metadata),
        "metrics": _metrics(run),
        "created_at": iso(run.created_ms),
        "started_at": iso(run.started_ms),
        "completed_at": iso(run.completed_ms),
        "expires_at": iso(run.expires_ms),
        "urls": {
            "get": url,
            "cancel": f"{url}/cancel",
            "events": f"{url}/events",
            "zip": f"{url}/outputs.zip",
            "web": f"{PAGES}/a/{quote(run.app)}?run={run.id}",
        },
    }


def _by_name(outputs: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    named: dict[str, list[dict[str, Any]]] = {}
    for item in outputs:
        content = {key: value for key, value in item.items() if key != "output"}
        named.setdefault(item["output"], []).append(content)
    return named


def output_view(run: Run, item: OutputItem, place: int) -> dict[str, Any]:
    return {
        "output": item.output,
        "url": f"{run_url(run.id)}/outputs/{place}",
        "content_type": item.content_type,
        "name": item.name,
        "size_bytes": item.size_bytes,
        "node_id": item.node_id,
        "take": item.take,
        **({} if item.text is None else {"text": item.text}),
    }


def _metrics(run: Run) -> dict[str, int | None]:
    """`execution_ms` is ComfyUI's own figure; whatever else passed until the end was waiting."""
    waited = None
    if run.completed_ms is not None:
        waited = max(0, run.completed_ms - run.created_ms - (run.execution_ms or 0))
    return {"queue_ms": waited, "execution_ms": run.execution_ms, "cached_nodes": run.cached_nodes}


def iso(milliseconds: int | None) -> str | None:
    """A point in time as ISO 8601 in UTC with milliseconds."""
    if milliseconds is None:
        return None
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
