"""Alembic's log, which ComfyUI would show."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_alembic() -> Iterator[None]:
    """Alembic tells every step at INFO, its own import included, and ComfyUI shows INFO on its console."""
    logger = logging.getLogger("alembic")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
