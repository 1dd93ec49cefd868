"""Keys from the command line, also while ComfyUI runs: its process keeps the run lock, SQLite lets both write."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ..errors import NotReady
from ..store.places import FILE_NAME, bring_up, on_server
from .keyring import STAMP_NAME, now_ms
from .keys import Issued, Wanted, issue

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ..store.keys import KeyStore

T = TypeVar("T")


def create_key_offline(private: Path, wanted: Wanted, url: str = "") -> Issued:
    """Makes a key in the database of that folder or URL, which is created when missing. Raises NotReady."""
    issued = issue(wanted, now_ms())
    with_keys_offline(private, lambda store: store.insert(issued.key), url)
    return issued


def with_keys_offline(private: Path, action: Callable[["KeyStore"], T], url: str = "") -> T:
    """For listing and revoking, too. A ComfyUI that runs sees the change with its next request, gateways in a second.

    Raises NotReady.
    """
    return _on_server(url, action) if url else _in_file(private, action)


def _on_server(url: str, action: Callable[["KeyStore"], T]) -> T:
    def act(engine: "Engine") -> T:
        from ..store.keys import KeyStore

        return action(KeyStore(engine))

    return on_server(url, act)


def _in_file(private: Path, action: Callable[["KeyStore"], T]) -> T:
    from sqlalchemy.exc import SQLAlchemyError

    from ..store.database import open_engine
    from ..store.keys import KeyStore

    file = private / FILE_NAME
    try:
        engine = open_engine(file)
        try:
            _prepare(engine, file)
            done = action(KeyStore(engine))
        finally:
            engine.dispose()
        with (private / STAMP_NAME).open("ab") as stamp:
            stamp.write(b".")
        return done
    except (OSError, SQLAlchemyError) as error:
        reason = getattr(error, "orig", None) or type(error).__name__
        raise NotReady(f"The keys in {file} cannot be used: {reason}.") from None


def _prepare(engine: "Engine", file: Path) -> None:
    """The newest schema. Who holds the lock migrates, so when ComfyUI does, it has."""
    from sqlalchemy import inspect

    from ..store.database import lock

    held = lock(file)
    if held is None:
        if not inspect(engine).has_table("keys"):
            raise NotReady("The ComfyUI that runs has an older Lectern without keys; restart it, then try again.")
        return
    try:
        bring_up(engine, f"{file} was written by a newer Lectern; update it or move the file.")
    finally:
        held.release()
