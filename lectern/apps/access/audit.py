"""`audit.log` in the private folder: who changed what and when, never what it was about."""

import asyncio
import json
import logging
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from aiohttp import web

from ..callers import Caller
from .addresses import client

FILE_NAME = "audit.log"
FILE_BYTES = 5_000_000
FILES = 4  # the oldest is deleted

logger = logging.getLogger(__name__)
trail = logging.getLogger("lectern.audit")


class _File(RotatingFileHandler):
    """Readable by its owner only; a full disk is told once, as one line."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, maxBytes=FILE_BYTES, backupCount=FILES - 1, encoding="utf-8", delay=True)
        self._told = False

    def _open(self) -> TextIOWrapper:
        os.makedirs(os.path.dirname(self.baseFilename), exist_ok=True)
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return os.fdopen(descriptor, "a", encoding="utf-8")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        if not self._told:
            logger.warning("Lectern cannot write %s; see whether the disk is full.", self.baseFilename)
        self._told = True


class AuditLog:
    """Writes on a thread of its own, so that the server never waits for the disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lectern-audit")
        self._file: _File | None = None

    def write(self, entry: Mapping[str, object]) -> None:
        self._thread.submit(self._write, json.dumps(entry, separators=(",", ":")))

    async def close(self) -> None:
        """Returns once every line is written."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _write(self, line: str) -> None:
        if self._file is None:
            self._file = _File(self._folder / FILE_NAME)
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
