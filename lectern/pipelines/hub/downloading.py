"""A pipeline from the hub into its folder: what is missing of it, model_index.json last.

A folder is listed by its model_index.json, so one that is not finished never shows.
"""

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable
from errno import EDQUOT, ENOSPC
from pathlib import Path
from typing import NamedTuple
from weakref import WeakValueDictionary

from ...modelhub import ModelHub
from ..errors import FolderError, HubAnswerError, HubClosedError, HubMissingError, SpaceError
from ..finding import INDEX
from ..index import LARGEST_INDEX, index_of
from ..packages import require
from . import choosing
from .connection import Connection, Pause
from .fetching import Progress, fetch, settled
from .listing import Entry
from .names import HubName, place
from .parts import is_content, is_file
from .record import FILE, PART, Record, is_whole, read_record, write_record

log = logging.getLogger(__name__)

_GB = 10**9
_SPARE = 256 << 20  # bytes that are left on the disk


class Plan(NamedTuple):
    files: list[Entry]
    texts: dict[Entry, bytes]  # read already; written last, in this order

    @property
    def paths(self) -> list[str]:
        return [one.path for one in (*self.files, *self.texts)]


class Downloads:
    """Every folder is worked on by one run at a time. Lives on the background loop."""

    def __init__(self, settings: Callable[[], ModelHub], pause: Pause = asyncio.sleep) -> None:
        self._settings, self._pause = settings, pause
        self._locks: WeakValueDictionary[Path, asyncio.Lock] = WeakValueDictionary()

    async def bring(self, name: HubName, variant: str, roots: list[Path], progress: Progress) -> Path:
        """The folder with everything that this variant needs. Asks nobody when it is there.

        Raises:
            HubClosedError, HubAccessError, HubMissingError, HubAnswerError, HubLostError, SpaceError, FolderError,
            PackageError, SettingsError: what went wrong; files that arrived are kept for the next run.
        """
        folder = place(name, roots)
        lock = self._locks.setdefault(folder, asyncio.Lock())
        async with lock:
            if not is_whole(folder, name, variant):
                require()
                hub = _allowed(self._settings(), name, folder)
                await _alone(folder, lambda: self._download(hub, name, variant, folder, progress))
        return folder

    async def _download(self, hub: ModelHub, name: HubName, variant: str, folder: Path, progress: Progress) -> None:
        async with Connection(hub, name, self._pause) as connection:
            record = read_record(folder, name)
            if record is None:
                record = Record(name.id, name.revision, await connection.commit())
            plan = await _plan(connection, record.commit, folder, variant)
            progress.total = sum(one.size for one in plan.files)
            _check_size(hub, name, progress.total)
            missing = await _missing(plan, folder, record, progress)
            _check_space(name, folder, missing)
            write_record(folder, record)
            for entry in missing:
                await fetch(connection, entry, record.commit, folder / entry.path, progress)
                record.add(entry.path)
                write_record(folder, record)
            for entry, text in plan.texts.items():
                if entry.path not in record.files or not (folder / entry.path).is_file():
                    _write(folder / entry.path, text)
                    record.add(entry.path)
            record.variants[variant] = plan.paths
            write_record(folder, record)
            log.info("Downloaded %s, commit %s, into %s.", name, record.commit, folder)


def _allowed(hub: ModelHub, name: HubName, folder: Path) -> ModelHub:
    if not hub.downloads:
        raise HubClosedError(
            f"{name} is not wholly in models/diffusers, and downloads are switched off. Set downloads = true in [hub]"
            f" of lectern.toml, or put the pipeline into models/diffusers/{name.folder} yourself."
        )
    if not hub.allows_owner(name.owner):
        raise HubClosedError(
            f"lectern.toml allows downloads of the owners {', '.join(hub.owners)} alone, not of {name.owner}. Add that"
            " name to owners in [hub]."
        )
    if folder.is_dir() and not (folder / FILE).is_file() and any(folder.iterdir()):
        raise FolderError(
            f"{folder} holds files that Lectern did not download, but no {INDEX}, so nothing is written there. Complete"
            " the folder, or move it away."
        )
    return hub


async def _alone(folder: Path, work: Callable[[], Awaitable[None]]) -> None:
    """Keeps another ComfyUI with the same models folder out, and says when the disk is full."""
    from filelock import FileLock, Timeout

    try:
        root = folder.parent.parent
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / f".lectern.{folder.parent.name}.{folder.name}.lock", timeout=0, thread_local=False):
            await work()
    except Timeout as error:
        raise FolderError(f"Another program is downloading into {folder}. Wait for it, then run this again.") from error
    except OSError as error:
        if error.errno in (ENOSPC, EDQUOT):
            raise SpaceError(f"The disk of {folder} is full. Make room; what has arrived is kept.") from error
        raise FolderError(
            f"{folder} cannot be written to: {error.strerror or error}. Make it writable, or name another folder for"
            " diffusers in extra_model_paths.yaml."
        ) from error


async def _plan(connection: Connection, commit: str, folder: Path, variant: str) -> Plan:
    name = str(connection.name)
    files = await connection.files(commit)
    if INDEX not in files:
        raise HubMissingError(f"{name} has no {INDEX}, so it is no diffusers pipeline. Choose another one.")
    text = await _text(connection, files[INDEX], commit, LARGEST_INDEX)
    index = await settled(index_of, folder, text)
    choice = choosing.chosen(name, index, files, variant)
    wanted, texts = list(choice.files), {}
    for one in choice.indexes:
        texts[one] = await _text(connection, one, commit, choosing.LARGEST_INDEX)
        wanted += choosing.shards(name, one, texts[one], files)
    return Plan(wanted, texts | {files[INDEX]: text})


async def _text(connection: Connection, entry: Entry, commit: str, limit: int) -> bytes:
    text = await connection.content(entry, commit, limit)
    if not is_content(entry, text):
        raise HubAnswerError(
            f"{connection.name}: {entry.path} arrived with other content than the hub's list says. Run it again."
        )
    return text


async def _missing(plan: Plan, folder: Path, record: Record, progress: Progress) -> list[Entry]:
    """Files that are not there wholly. One that arrived just before a crash is known by its content."""
    missing = []
    for entry in plan.files:
        file = _contained(folder, entry)
        if (entry.path in record.files and file.is_file()) or await settled(is_file, entry, file):
            record.add(entry.path)
            progress.done += entry.size
        else:
            missing.append(entry)
    return missing


def _contained(folder: Path, entry: Entry) -> Path:
    """Raises FolderError when a link in the folder leads the path out of it."""
    file = folder / entry.path
    if not file.resolve().is_relative_to(folder.resolve()):
        raise FolderError(f"{file} leads out of {folder} by a link, so nothing is written there. Remove that link.")
    return file


def _write(file: Path, text: bytes) -> None:
    new = file.with_name(file.name + PART)
    new.write_bytes(text)
    new.replace(file)


def _check_size(hub: ModelHub, name: HubName, size: int) -> None:
    if size > hub.largest_gb * _GB:
        raise SpaceError(
            f"{name} has {size / _GB:.1f} GB of files to fetch, more than the {hub.largest_gb:g} GB that largest_gb in"
            " [hub] of lectern.toml allows. Raise that, or choose a smaller variant."
        )


def _check_space(name: HubName, folder: Path, missing: list[Entry]) -> None:
    needed = sum(one.size for one in missing)
    begun = sum(_begun(folder / one.path) for one in missing)
    free = shutil.disk_usage(folder if folder.is_dir() else folder.parent.parent).free + begun
    if needed + _SPARE > free and needed:
        raise SpaceError(
            f"{name} needs {needed / _GB:.1f} GB more on the disk of {folder}, of which {free / _GB:.1f} GB are free."
            " Make room, choose a smaller variant, or name a folder on another disk in extra_model_paths.yaml."
        )


def _begun(file: Path) -> int:
    part = file.with_name(file.name + PART)
    return part.stat().st_size if part.is_file() else 0
