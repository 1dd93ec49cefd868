"""Pictures into a folder: encoded on all cores, written whole, nothing overwritten."""

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from torch import Tensor

from ..errors import SaveError
from ..parallel import in_order
from .encoders import Encoder
from .names import numbered


def save_pictures(
    folder: Path,
    frames: Sequence[Tensor],
    stems: Sequence[str],
    encoder: Encoder,
    step: Callable[[], None] = lambda: None,
    check: Callable[[], None] = lambda: None,
    infotexts: Sequence[str] = (),
) -> list[str]:
    """Writes one file for each (H, W, C) frame and returns their names in `folder`, in order.

    A name that is taken gets (2), (3) and so on behind it. `step` is called after each file, `check` while one is
    awaited; both may raise to stop. What was written until then is whole and stays.

    Args:
        infotexts: one for each frame, or none at all; empty for a frame without.

    Raises:
        SaveError: the folder cannot be written to, or a picture cannot be encoded as asked.
    """
    names = []
    pictures = zip(frames, infotexts or [""] * len(frames), strict=True)
    with in_order(lambda picture: encoder(*picture), pictures, check) as encoded:
        for stem, data in zip(stems, encoded, strict=True):
            names.append(write_new(folder, stem, encoder.suffix, data))
            step()
    return names


def write_new(folder: Path, stem: str, suffix: str, data: bytes) -> str:
    """Writes a file that was not there before and returns its name.

    Raises:
        SaveError: the folder cannot be written to.
    """
    try:
        with _part(folder, data) as part:
            number = 1
            while True:
                name = f"{numbered(stem, number) if number > 1 else stem}{suffix}"
                if _claim(part, folder / name):
                    return name
                number += 1
    except OSError as error:
        raise SaveError(
            f"The picture {stem[:80]!r} could not be written to {folder}: {error.strerror or error}. Make that folder"
            " writable, free some space, or choose another filename_prefix."
        ) from error


@contextmanager
def _part(folder: Path, data: bytes) -> Iterator[Path]:
    """The data under a temporary name, which is gone afterwards."""
    part = folder / f".lectern-{secrets.token_hex(8)}.part"
    try:
        with part.open("xb") as file:
            file.write(data)
        yield part
    finally:
        part.unlink(missing_ok=True)


def _claim(part: Path, target: Path) -> bool:
    """Gives the part its name unless that is taken, in one step of the file system where it can link."""
    try:
        os.link(part, target)
    except FileExistsError:
        return False
    except OSError:  # no hard links here (FAT, some network folders): an empty file holds the name for a moment
        try:
            target.touch(exist_ok=False)
        except FileExistsError:
            return False
        part.replace(target)
    return True
