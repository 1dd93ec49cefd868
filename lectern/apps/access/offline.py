"""Keys from the command line, also while ComfyUI runs: its process keeps the run lock, SQLite lets both write."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import NotReady
from ..store.storage import FILE_NAME, quiet_alembic
from .keyring import STAMP_NAME, now_ms
from .keys import Issued, Wanted, issue

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from ..store.keys import KeyStore


def create_key_offline(private: Path, wanted: Wanted) -> Issued:
    """Makes a key in the database of that folder, which is created when missing. Raises NotReady."""
    issued = issue(wanted, now_ms())
    with key_store_offline(private) as store:
        store.insert(issued.key)
    return issued


@contextmanager
def key_store_offline(private: Path) -> Iterator["KeyStore"]:
    """For listing and revoking, too. A ComfyUI that runs sees the change with its next request.

    Raises NotReady.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from ..store.database import open_engine
    from ..store.keys import KeyStore

    file = private / FILE_NAME
    try:
        engine = open_engine(file)
        try:
            _prepare(engine, file)
            yield KeyStore(engine)
        finally:
            engine.dispose()
        with (private / STAMP_NAME).open("ab") as stamp:
            stamp.write(b".")
    except (OSError, SQLAlchemyError) as error:
        reason = getattr(error, "orig", None) or type(error).__name__
        raise NotReady(f"The keys in {file} cannot be used: {reason}.") from None


def _prepare(engine: "Engine", file: Path) -> None:
    """The newest schema. Who holds the lock migrates, so when ComfyUI does, it has."""
    from alembic.util import CommandError
    from sqlalchemy import inspect

    from ..store.database import lock
    from ..store.migrate import migrate

    held = lock(file)
    if held is None:
        if not inspect(engine).has_table("keys"):
            raise NotReady("The ComfyUI that runs has an older Lectern without keys; restart it, then try again.")
        return
    try:
        with quiet_alembic():
            migrate(engine)
    except CommandError:
        raise NotReady(f"{file} was written by a newer Lectern; update it or move the file.") from None
    finally:
        held.release()
