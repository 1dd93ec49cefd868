"""The error that a refusal stands for, and whether another try may help."""

import random
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from ..errors import Busy, ChatError, Failed, NotAuthorised, Redirected, Refused
from .complaint import Complaint, Discretion

PASSING = frozenset((429, 500, 502, 503, 504, 529))  # statuses that another try may change
LONGEST_WAIT = 60.0  # seconds that a server may ask us to wait
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 16.0  # seconds between two tries


class Rejection(NamedTuple):
    """An answer that is none."""

    status: int
    headers: Mapping[str, str]
    said: Complaint

    @property
    def passes(self) -> bool:
        return self.status in PASSING

    @property
    def wait(self) -> float:
        """Seconds that the server asks for; 0 when it does not say."""
        return retry_after(self.headers.get("Retry-After", ""), datetime.now(UTC)) if self.passes else 0.0


def retry_after(value: str, now: datetime) -> float:
    """Seconds, of a number or an HTTP date; 0 for anything else."""
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", value.strip()):
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds())


def pause(attempt: int, wanted: float) -> float:
    """Seconds before the next try: twice as long each time, and never the same for two that failed together.

    Args:
        attempt: those that failed, from 1 on.
        wanted: what the server asked for.
    """
    longest = min(_FIRST_PAUSE * 2 ** (attempt - 1), _LONGEST_PAUSE)
    return max(wanted, longest * random.uniform(0.5, 1.0))


def fault(label: str, place: str, rejection: Rejection, discretion: Discretion) -> ChatError:
    """
    Args:
        label: how the model is named to people.
        place: where its entry is.
    """
    status = rejection.status
    if status in (401, 403):  # its words may show a part of the key
        return NotAuthorised(
            f"{label} wants an API key, or another one (HTTP {status}). Set key_env or key_file in {place}."
        )
    if 300 <= status < 400:
        return Redirected(
            f"{label} points to another address (HTTP {status}), where nothing is sent. Write that one as url in"
            f" {place}."
        )
    words = discretion.shown(rejection.said.words)
    quoted = f": {words}." if words else f" (HTTP {status})."
    if status == 429:
        return Busy(f"{label} is asked too often{quoted} {_until(rejection.wait)}")
    if status >= 500:
        return Failed(f"{label} failed{quoted} {_until(rejection.wait, 'Look at its console, or try again.')}")
    if status == 404 and not words:
        return Refused(f"{label} is not found at its address (HTTP 404). Correct the url in {place}; most end in /v1.")
    if status == 413:
        return Refused(f"{label} takes no request of this size{quoted} Shorten the text, or send smaller pictures.")
    return Refused(f"{label} refused the request{quoted} Correct what it names, or choose another model.")


def _until(wait: float, otherwise: str = "Wait a minute, or lower concurrency in its entry.") -> str:
    return f"It asks to wait {wait:.0f} seconds; try again then." if wait > LONGEST_WAIT else otherwise
