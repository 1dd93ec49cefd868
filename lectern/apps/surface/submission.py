"""What a caller asks for: the body, headers and query of requests that submit or list runs, read and checked."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..errors import BadRequest, InvalidInput
from ..inputs import ECHO_LENGTH, shown
from ..runs import RunStatus

METADATA_KEYS = 16
METADATA_KEY_LENGTH = 64  # characters
METADATA_VALUE_LENGTH = 512  # characters
LIST_LIMIT = 100
LIST_DEFAULT = 20

_KEYS = ("input", "version", "metadata")
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # an escaped NUL, not an escaped backslash before "u0000"


class Submission(NamedTuple):
    """The body of POST /runs, checked as far as it can be without the app."""

    input: Mapping[str, Any]
    version: int | None
    metadata: Mapping[str, str]


class Listing(NamedTuple):
    """The query of GET /runs."""

    app: str | None
    statuses: tuple[RunStatus, ...]
    limit: int


def parse_json(content: bytes) -> Any:
    """The body's JSON. Raises BadRequest, also for what JSON forbids but Python reads (NaN) or cannot store."""
    try:
        value = json.loads(content.decode("utf-8"), parse_constant=_refuse_constant)
        # A lone half of a surrogate pair can be written in JSON but in no file, database or answer.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        raise BadRequest("The body is not JSON in UTF-8.") from None
    if _NUL.search(content):
        raise BadRequest("The body contains the character U+0000, which cannot be stored.")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def parse_submission(body: object) -> Submission:
    """Raises BadRequest when the body is not an object, InvalidInput with every mistake in its own keys."""
    if not isinstance(body, dict):
        raise BadRequest('The body must be a JSON object such as {"input": {}}.')
    problems = [*_unknown_keys(body), *_input(body), *_version(body), *_metadata(body)]
    if problems:
        raise InvalidInput(" ".join(p["message"] for p in problems)[:1000], problems)
    return Submission(body.get("input", {}), body.get("version"), body.get("metadata", {}))


def _problem(key: str, code: str, message: str) -> dict[str, str]:
    return {"input": key[:ECHO_LENGTH], "code": code, "message": message}


def _unknown_keys(body: Mapping[str, Any]) -> Iterable[dict[str, str]]:
    for key in body:
        if key not in _KEYS:
            message = f"{shown(key)} is not a key of this request; it may have {', '.join(_KEYS)}."
            yield _problem(key, "unknown_key", message)


def _input(body: Mapping[str, Any]) -> Iterable[dict[str, str]]:
    if not isinstance(body.get("input", {}), dict):
        yield _problem("input", "wrong_type", f"input must be an object; got {shown(body['input'])}.")


def _version(body: Mapping[str, Any]) -> Iterable[dict[str, str]]:
    version = body.get("version", 1)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        yield _problem("version", "wrong_type", f"version must be a positive integer; got {shown(version)}.")


def _metadata(body: Mapping[str, Any]) -> Iterable[dict[str, str]]:
    metadata = body.get("metadata", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        yield _problem("metadata", "wrong_type", "metadata must be an object whose values are texts.")
    elif (
        len(metadata) > METADATA_KEYS
        or any(len(key) > METADATA_KEY_LENGTH for key in metadata)
        or any(len(value) > METADATA_VALUE_LENGTH for value in metadata.values())
    ):
        limits = f"{METADATA_KEYS} keys of {METADATA_KEY_LENGTH} and values of {METADATA_VALUE_LENGTH} characters"
        yield _problem("metadata", "too_long", f"metadata may have at most {limits}.")


def parse_wait(headers: Iterable[str], limit: int) -> int | None:
    """Seconds to wait for the run's end, from the `Prefer` headers (RFC 7240); None: do not wait.

    `wait` alone waits as long as allowed. Preferences that are not ours are ignored. Raises BadRequest.
    """
    seconds: int | None = None
    for preference in ",".join(headers).split(","):
        name, equals, value = preference.partition(";")[0].partition("=")
        if name.strip().lower() != "wait":
            continue
        value = value.strip().strip('"')
        if equals and not re.fullmatch("[0-9]+", value):
            raise BadRequest(f"Prefer: wait must be whole seconds, such as wait=30; got {shown(value)}.")
        # Longer numbers are over every limit, and Python refuses to read very long ones.
        seconds = min(int(value), limit) if equals and len(value) < 10 else limit
    return seconds


def parse_listing(query: Mapping[str, str]) -> Listing:
    """Raises BadRequest."""
    statuses = [part.strip() for part in query.get("status", "").split(",") if part.strip()]
    wrong = [status for status in statuses if status not in set(RunStatus)]
    if wrong:
        raise BadRequest(f"status must be one of {', '.join(RunStatus)}; got {shown(wrong[0])}.")
    limit = query.get("limit", str(LIST_DEFAULT))
    if not re.fullmatch("[0-9]{1,3}", limit) or not 1 <= int(limit) <= LIST_LIMIT:
        raise BadRequest(f"limit must be an integer from 1 to {LIST_LIMIT}; got {shown(limit)}.")
    return Listing(query.get("app"), tuple(map(RunStatus, statuses)), int(limit))
