"""Files that are written whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ..errors import SaveError


@contextmanager
def written_whole(path: Path) -> Iterator[BinaryIO]:
    """A new file beside the target that takes its name only when complete; else nothing is left behind.

    Raises:
        SaveError: the folder cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise SaveError(_cannot_write(path, error)) from error
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(part).chmod(0o644 & ~_umask())
        Path(part).replace(path)
    except OSError as error:
        raise SaveError(_cannot_write(path, error)) from error
    finally:
        Path(part).unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _cannot_write(path: Path, error: OSError) -> str:
    return (
        f"The deck could not be written to {path.parent}: {error.strerror or error}. Make that folder writable, free"
        " some space, or choose another filename_prefix."
    )
