"""`audit.log` in the private folder: who changed what and when, never what it was about."""

import asyncio
import json
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from ..callers import Caller
from .addresses import client

FILE_NAME = "audit.log"

trail = logging.getLogger("lectern.audit")


class AuditLog:
    """Writes on a thread of its own, so that the server never waits for the disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lectern-audit")
        self._file: logging.Handler | None = None

    def write(self, entry: Mapping[str, object]) -> None:
        self._thread.submit(self._write, json.dumps(entry, separators=(",", ":")))

    async def close(self) -> None:
        """Returns once every line is written."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _write(self, line: str) -> None:
        if self._file is None:
            from .auditfile import AuditFile  # its base class is one that ComfyUI has not imported

            self._file = AuditFile(self._folder / FILE_NAME)
            trail.addHandler(self._file)
            trail.setLevel(logging.INFO)
            trail.propagate = False  # ComfyUI shows INFO on its console
        trail.info("%s", line)

    def _close(self) -> None:
        if self._file is not None:
            trail.removeHandler(self._file)
            self._file.close()
            self._file = None


def entry(
    request: web.Request, caller: Caller, status: int | None, location: str | None, now: float
) -> dict[str, object]:
    """One line of the audit log: nothing that a person wrote, apart from the app's name."""
    resource = request.match_info.route.resource
    route = "" if resource is None else resource.canonical
    run = request.match_info.get("id") if "/runs/{id}" in route else None
    if location is not None and route.endswith("/runs"):
        run = location.rpartition("/")[2]
    return {
        "at": datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "key": caller.owner,
        "method": request.method,
        "route": route,
        "app": (request.match_info.get("slug") or "")[:63] or None,
        "run": None if run is None else run[:36],
        "status": status,
        "remote": client(request),
    }
