"""App Mode workflows that lie in the user's workflows folder: what could be published with one call."""

import json
import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from ..backend import Source
from ..comfy import Unreachable
from ..errors import NotReady
from .publisher import WORKFLOW_BYTES
from .saved import app_section, mapping
from .versions import App

MOST_FILES = 500


class _Looked(NamedTuple):
    app_mode: bool
    title: str
    identity: str  # the root graph's id
    slug: str


class Offers:
    """Reads each file once, and again when it changed. Lives on the background loop."""

    def __init__(self, client: Source) -> None:
        self._client = client
        self._looked: dict[tuple[str, Any, Any], _Looked] = {}

    async def list(self, published: Iterable[App]) -> list[dict[str, Any]]:
        """Every workflow with App Mode's picks: file, title, and the app that it is published as. Raises NotReady."""
        apps = list(published)
        try:
            files = await self._client.saved_workflows()
            found = [(file, await self._look(file)) for file in files[:MOST_FILES] if _is_json(file)]
        except Unreachable as error:
            raise NotReady(f"ComfyUI does not answer: {error}.") from error
        return [
            {"file": file["path"], "title": look.title, "app_mode": True, "published": _published(look, apps)}
            for file, look in found
            if look.app_mode
        ]

    async def _look(self, file: Any) -> _Looked:
        key = (file["path"], file.get("modified"), file.get("size"))
        if key not in self._looked:
            content = await self._client.saved_workflow(file["path"], WORKFLOW_BYTES)
            self._looked[key] = _read(file["path"], content)
        return self._looked[key]


def _is_json(file: Any) -> bool:
    path, size = file.get("path"), file.get("size")
    return isinstance(path, str) and path.endswith(".json") and not (isinstance(size, int) and size > WORKFLOW_BYTES)


def _read(path: str, content: bytes | None) -> _Looked:
    try:
        document = mapping(json.loads(content or b""))
    except (ValueError, RecursionError):
        document = {}
    picks = mapping(mapping(document.get("extra")).get("linearData"))
    section = app_section(document)
    stem = re.sub(r"(\.app)?\.json$", "", PurePosixPath(path).name)
    title, slug = section.get("title"), section.get("slug")
    return _Looked(
        bool(picks.get("inputs") or picks.get("outputs")),
        title if isinstance(title, str) and title else stem,
        str(document.get("id") or ""),
        slug if isinstance(slug, str) else re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-"),
    )


def _published(look: _Looked, apps: list[App]) -> str | None:
    for app in apps:
        identity = str((app.workflow or {}).get("id") or "")
        if app.slug == look.slug or (look.identity and identity == look.identity):
            return app.slug
    return None
