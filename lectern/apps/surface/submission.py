"""What a caller asks for: the body, headers and query of requests that submit or list runs, read and checked."""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..errors import BadRequest, InvalidInput
from ..inputs import ECHO_LENGTH, RANDOM, shown
from ..runs import Hook, Priority, RunStatus

METADATA_KEYS = 16
METADATA_KEY_LENGTH = 64  # characters
METADATA_VALUE_LENGTH = 512  # characters
LIST_LIMIT = 100
LIST_DEFAULT = 20

EVENTS = ("start", "output", "progress", "completed")
URL_LENGTH = 2000
LONGEST_HOURS = 24 * 7
DEEPEST = 100  # levels of lists and objects in a body; a saved workflow has about 10

_KEYS = ("input", "version", "seed", "n", "priority", "metadata", "webhook", "webhook_events_filter")
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # an escaped NUL, not an escaped backslash before "u0000"


class Submission(NamedTuple):
    """The body of POST /runs and its headers, checked as far as they can be without the app."""

    input: Mapping[str, Any]
    version: int | None = None
    metadata: Mapping[str, str] = {}
    seed: int | str | None = None  # for every seed that `input` does not name
    takes: int = 1  # `n`
    priority: Priority | None = None  # None: as the app says
    webhook: Hook | None = None
    cancel_after: float | None = None  # seconds
    idempotency_key: str | None = None
    digest: str = ""  # of the whole request


class Listing(NamedTuple):
    """The query of GET /runs."""

    app: str | None
    statuses: tuple[RunStatus, ...]
    limit: int
    before: int | None = None  # sequence of the run that the page before ended with


def parse_json(content: bytes) -> Any:
    """The body's JSON. Raises BadRequest, also for what JSON forbids but Python reads (NaN) or cannot store."""
    try:
        value = json.loads(content.decode("utf-8"), parse_constant=_refuse_constant)
        # A lone half of a surrogate pair can be written in JSON but in no file, database or answer.
        text = json.dumps(value, ensure_ascii=False)
        text.encode("utf-8")
    except (ValueError, RecursionError):
        raise BadRequest("The body is not JSON in UTF-8.") from None
    if content.count(b"[") + content.count(b"{") > DEEPEST and _is_deep(value):
        raise BadRequest(f"The body is nested more than {DEEPEST} levels deep.")
    if "Infinity" in text and not _finite(value):
        raise BadRequest("The body contains a number that is too large, such as 1e400.")
    if _NUL.search(content):
        raise BadRequest("The body contains the character U+0000, which cannot be stored.")
    return value


def _is_deep(value: Any) -> bool:
    """Whether it is so deep that what walks it later could run out of stack."""
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [
            inner
            for one in level
            if isinstance(one, (dict, list))
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return bool(level)


def _finite(value: Any) -> bool:
    """Whether it can be answered as JSON, which has no way to write what Python makes of 1e400."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def parse_submission(body: object) -> Submission:
    """Raises BadRequest when the body is not an object, InvalidInput with every mistake in its own keys."""
    if not isinstance(body, dict):
        raise BadRequest('The body must be a JSON object such as {"input": {}}.')
    checks = (_unknown_keys, _input, _version, _metadata, _takes, _priority, _webhook)
    problems = [problem for check in checks for problem in check(body)]
    if problems:
        raise InvalidInput(" ".join(p["message"] for p in problems)[:1000], problems)
    return Submission(
        input=body.get("input", {}),
        version=body.get("version"),
        metadata=body.get("metadata", {}),
        seed=body.get("seed"),
        takes=body.get("n", 1),
        priority=Priority(body["priority"]) if "priority" in body else None,
        webhook=_hook(body),
    )


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


def _takes(body: Mapping[str, Any]) -> Iterable[dict[str, str]]:
    takes, seed = body.get("n", 1), body.get("seed", 0)
    if not isinstance(takes, int) or isinstance(takes, bool) or takes < 1:
        yield _problem("n", "wrong_type", f"n must be a positive integer; got {shown(takes)}.")
    if seed != RANDOM and (not isinstance(seed, int) or isinstance(seed, bool)):
        yield _problem("seed", "wrong_type", f'seed must be an integer or "{RANDOM}"; got {shown(seed)}.')


def _priority(body: Mapping[str, Any]) -> Iterable[dict[str, str]]:
    priority = body.get("priority", Priority.INTERACTIVE)
    if not isinstance(priority, str) or priority not in set(Priority):
        yield _problem(
            "priority", "wrong_value", f"priority must be one of {', '.join(Priority)}; got {shown(priority)}."
        )


def _webhook(body: Mapping[str, Any]) -> Iterable[dict[str, str]]:
    url, events = body.get("webhook"), body.get("webhook_events_filter")
    if url is not None and not (isinstance(url, str) and 0 < len(url) <= URL_LENGTH):
        yield _problem("webhook", "wrong_type", f"webhook must be an address of at most {URL_LENGTH} characters.")
    if events is not None and not (isinstance(events, list) and events and all(event in EVENTS for event in events)):
        yield _problem(
            "webhook_events_filter", "wrong_type", f"webhook_events_filter lists some of {', '.join(EVENTS)}."
        )


def _hook(body: Mapping[str, Any]) -> Hook | None:
    url, events = body.get("webhook"), body.get("webhook_events_filter") or ["completed"]
    return None if url is None else Hook(url, tuple(event for event in EVENTS if event in events))


def request_digest(*parts: bytes | str) -> str:
    """Equal for requests that ask for the same."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def parse_idempotency_key(headers: Mapping[str, str]) -> str | None:
    """Raises BadRequest."""
    key = headers.get("Idempotency-Key")
    if key is not None and not (key.isascii() and key.isprintable() and 1 <= len(key) <= 255):
        raise BadRequest("Idempotency-Key must be 1 to 255 printable ASCII characters, such as a UUID.")
    return key


def parse_cancel_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, from `Cancel-After: 90s`, `10m` or `2h`. Raises BadRequest."""
    text = headers.get("Cancel-After")
    if text is None:
        return None
    found = re.fullmatch(r"([0-9]{1,6})(s|m|h|)", text.strip())
    seconds = int(found[1]) * {"s": 1, "m": 60, "h": 3600, "": 1}[found[2]] if found else 0
    if not 1 <= seconds <= LONGEST_HOURS * 3600:
        raise BadRequest(
            f"Cancel-After must be a time such as 90s, 10m or 2h, at most {LONGEST_HOURS}h; got {shown(text)}."
        )
    return float(seconds)


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
    return Listing(query.get("app"), tuple(map(RunStatus, statuses)), int(limit), read_cursor(query.get("cursor")))


def cursor(sequence: int) -> str:
    """Where the next page of a listing begins."""
    return base64.urlsafe_b64encode(sequence.to_bytes(8, "big")).decode().rstrip("=")


def read_cursor(text: str | None) -> int | None:
    """Raises BadRequest."""
    if text is None:
        return None
    try:
        content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, binascii.Error):
        content = b""
    if len(content) != 8 or content[0] > 127 or cursor(int.from_bytes(content, "big")) != text:
        raise BadRequest("cursor must be what `next` of the page before says.")
    return int.from_bytes(content, "big")
