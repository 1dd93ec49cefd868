"""The apps that lie in a folder of workflows: UI format in `<stem>.json`, API format in `api/<stem>.json`."""

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from .graph import is_graph
from .publishing.appmode import read_picks
from .publishing.saved import app_section
from .publishing.versions import App

logger = logging.getLogger(__name__)

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
PICTURE_SUFFIX = ".jpg"
FILE_VERSION = 1  # a file has no history; versions come with publishing


@dataclass(frozen=True)
class Catalog:
    """The apps of one folder, read again whenever a file changed."""

    folder: Path

    def apps(self) -> list[App]:
        """All apps by slug; of two with one slug, the first file by name counts."""
        found: dict[str, App] = {}
        for _, app in self._read_all():
            found.setdefault(app.slug, app)
        return sorted(found.values(), key=lambda app: app.slug)

    def picture(self, slug: str) -> Path | None:
        """The picture that lies beside the app's workflow."""
        for file, app in self._read_all():
            if app.slug == slug:
                picture = file.with_suffix(PICTURE_SUFFIX)
                return picture if picture.is_file() else None
        return None

    def _read_all(self) -> Iterator[tuple[Path, App]]:
        for file in sorted(self.folder.glob("*.json")):
            companion = self.folder / "api" / file.name
            try:
                app = _read_app(file, companion, _stamp(file), _stamp(companion))
            except OSError as error:
                logger.debug("%s is not an app: %s", file, error)
                continue
            if app is not None:
                yield file, app


def _stamp(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=256)
def _read_app(file: Path, companion: Path, stamp: tuple[int, int], companion_stamp: tuple[int, int]) -> App | None:
    """The app of one pair of files, or None when it is not one. The stamps only make the cache notice changes."""
    try:
        workflow, graph = (json.loads(path.read_text("utf-8")) for path in (file, companion))
    except (ValueError, RecursionError) as error:
        logger.debug("%s is not an app: %s", file, error)
        return None
    return make_app(workflow, graph) if isinstance(workflow, dict) else None


def make_app(workflow: dict[str, Any], graph: object) -> App | None:
    """The app that the workflow's `extra.lectern.app` describes, or None without a usable description."""
    section = app_section(workflow)
    slug, title = section.get("slug"), section.get("title")
    if not (isinstance(slug, str) and SLUG.fullmatch(slug) and isinstance(title, str) and is_graph(graph)):
        return None
    assert isinstance(graph, dict)
    return App(
        slug=slug,
        title=title,
        description=str(section.get("description", "")),
        version=FILE_VERSION,
        workflow=workflow,
        graph=graph,
        picked=read_picks(workflow, graph),
        source="bundled",
        picture=PICTURE_SUFFIX,
        bundled=True,
    )
