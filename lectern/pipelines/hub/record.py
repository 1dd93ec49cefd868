"""`.lectern.json` in a downloaded folder: which commit it is of, and which of its files are whole."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import FolderError
from ..finding import INDEX
from .names import HubName

FILE = ".lectern.json"
PART = ".part"  # behind the name of a file that is not whole yet
_LARGEST = 16 << 20  # bytes


@dataclass
class Record:
    """Changed as files arrive, and written each time: what it says is on disk."""

    id: str
    revision: str
    commit: str
    files: list[str] = field(default_factory=list)  # paths of those that were compared with their digest
    variants: dict[str, list[str]] = field(default_factory=dict)  # -> paths, of those that are there wholly

    def add(self, path: str) -> None:
        if path not in self.files:
            self.files.append(path)


def read_record(folder: Path, name: HubName) -> Record | None:
    """Raises FolderError: it cannot be read, or is of another pipeline."""
    file = folder / FILE
    try:
        with file.open("rb") as source:
            record = Record(**json.loads(source.read(_LARGEST)))
        paths = [*record.files, *(path for paths in record.variants.values() for path in paths)]
        held = all(isinstance(path, str) for path in paths)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise FolderError(
            f"{file} cannot be read. Delete the folder {folder}, and the pipeline is fetched anew."
        ) from error
    if not held or (record.id, record.revision) != (name.id, name.revision):
        raise FolderError(
            f"{folder} was downloaded as {record.id} at {record.revision}, not as {name.id} at {name.revision}. Delete"
            " that folder, or ask for what it holds."
        )
    return record


def write_record(folder: Path, record: Record) -> None:
    """A crash leaves the old one or the new one."""
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / f"{FILE}{PART}"
    new.write_text(json.dumps(vars(record), indent=1), "utf-8")
    os.replace(new, folder / FILE)


def is_whole(folder: Path, name: HubName, variant: str) -> bool:
    """Whether nothing is to be fetched.

    A folder that Lectern did not download is its owner's business, and so are changes to files that have arrived.

    Raises FolderError: the record cannot be used.
    """
    if not (folder / INDEX).is_file():
        return False
    record = read_record(folder, name)
    if record is None:
        return True
    paths = record.variants.get(variant)
    return paths is not None and all((folder / path).is_file() for path in paths)
