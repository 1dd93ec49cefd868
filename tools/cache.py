"""The cache folder: everything the tools download, build or write lies there, never in the checkout."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tools.console import ToolError, say

CHECKOUT = Path(__file__).resolve().parent.parent


def cache_folder(environ: Mapping[str, str] = os.environ, home: Path | None = None) -> Path:
    """`$LECTERN_CACHE`, else `$XDG_CACHE_HOME/lectern`, else `~/.cache/lectern`; not created here."""
    if own := environ.get("LECTERN_CACHE"):
        folder = Path(own).expanduser().absolute()
    elif xdg := environ.get("XDG_CACHE_HOME"):
        folder = Path(xdg).expanduser().absolute() / "lectern"
    else:
        folder = (home or Path.home()) / ".cache" / "lectern"
    if folder.resolve().is_relative_to(CHECKOUT):
        raise ToolError(f"The cache folder {folder} lies inside the checkout: set LECTERN_CACHE to one outside it.")
    return folder


def cache_path(*parts: str) -> Path:
    """A path inside the cache folder whose parent folder exists."""
    path = cache_folder().joinpath(*parts)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ToolError(
            f"The cache folder {cache_folder()} cannot be written ({error.strerror}): set LECTERN_CACHE to another."
        ) from error
    return path


def checkout_key(checkout: Path = CHECKOUT) -> str:
    """A short name for one checkout, so that two checkouts share downloads but not servers."""
    return f"{checkout.name}-{hashlib.sha256(str(checkout).encode()).hexdigest()[:8]}"


def write_atomically(path: Path, text: str) -> None:
    """Write a text file so that a reader sees the old text or the new one, never half of it."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def remove_tree(path: Path) -> None:
    """Delete a folder or a leftover of one; nothing happens when it is not there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def lock(name: str) -> Iterator[None]:
    """Hold the cache's lock of that name; a second process says that it waits, and waits."""
    # The descriptor is not inheritable: a server left running does not keep the lock.
    with cache_path("locks", f"{name}.lock").open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"  waiting for another run that holds the lock '{name}' ...")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
