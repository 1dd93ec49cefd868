"""What other people's libraries raise over files from elsewhere, as one sentence of ours."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .errors import LecternError, first_line
from .outofmemory import ran_out

UNKNOWN_PICTURE = "cannot identify image file"


@contextmanager
def told(said: Callable[[str], LecternError]) -> Iterator[None]:
    """Raises `said(reason)` for any error but our own, and but too little memory.

    Any: what a damaged or hostile file makes a library do has no end (division by zero, a missing attribute), and
    tokenizers raises nothing narrower than Exception itself.
    """
    try:
        yield
    except LecternError:
        raise
    except Exception as error:
        if ran_out(error):
            raise
        raise said(_reason(error)) from error


def _reason(error: Exception) -> str:
    """Pillow names the file by its path on this machine, or by an address in memory."""
    reason = first_line(error)
    return "it is not what its name or its first bytes say" if reason.startswith(UNKNOWN_PICTURE) else reason
