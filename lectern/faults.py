"""What other people's libraries raise over files from elsewhere, as one sentence of ours."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .errors import LecternError, first_line
from .outofmemory import ran_out


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
        raise said(first_line(error)) from error
