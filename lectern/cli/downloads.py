"""A run's outputs as files of a folder."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from .client import PIECE_BYTES, Client
from .errors import NotSucceeded, OutOfReach

_UNFIT = re.compile(r'[\\/:*?"<>|\x00-\x1f]')


def download(client: Client, outputs: Iterable[Mapping[str, Any]], folder: Path) -> Iterator[Path]:
    """Each file once it is there whole; one of the same name is replaced. Raises NotSucceeded, Refused, OutOfReach."""
    items = list(outputs)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for item, name in zip(items, file_names(item["name"] for item in items), strict=True):
            yield _fetch(client, item["url"], folder / name)
    except OSError as error:
        raise NotSucceeded(f"The outputs cannot be saved to {folder}: {error.strerror}.") from None


def _fetch(client: Client, url: str, file: Path) -> Path:
    part = file.with_name(f"{file.name}.part")
    failed: OSError | None = None
    try:
        with part.open("wb") as target, client.open("GET", url) as response:
            size = int(response.headers.get("Content-Length", -1))
            while failed is None and (piece := response.read(PIECE_BYTES)):
                try:
                    target.write(piece)
                except OSError as error:  # of the disk, not of the connection
                    failed = error
        if failed is not None:
            raise failed
        if size not in (-1, part.stat().st_size):
            raise OutOfReach(f"{client.url} broke off while it sent {file.name}.")
        os.replace(part, file)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return file


def file_names(names: Iterable[str]) -> list[str]:
    """Fit for any file system and never outside the folder; numbered where two are alike."""
    taken: set[str] = set()
    found: list[str] = []
    for name in names:
        name = _UNFIT.sub("_", name).lstrip(".").rstrip(". ")[-150:] or "output"
        stem, dot, suffix = name.rpartition(".")
        number = 1
        while name.lower() in taken:
            number += 1
            name = f"{stem or suffix} ({number}){dot + suffix if stem else ''}"
        taken.add(name.lower())
        found.append(name)
    return found
