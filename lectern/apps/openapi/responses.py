"""The errors that an operation may answer, in one place: each status by what it means."""

from .words import Schema, answer, ref

MEANINGS = {
    400: "The request is malformed: body, header or query.",
    401: "A key is needed, or this one is not known.",
    403: "The key may not do this, or this machine's services are not open to others.",
    404: "There is none.",
    405: "The address has no such method.",
    409: "It does not fit the state: a key that is in use, another version, an active run.",
    410: "It has expired.",
    413: "The body is too large.",
    415: "The body is of a kind that is not taken here.",
    416: "The file has no such range.",
    422: "The body was read, but what it says does not fit; `details` lists every mistake.",
    429: "Too many: of calls, of queued runs or of streams. Retry-After says when to come again.",
    503: "ComfyUI or the store cannot be used right now.",
}
RETRY_AFTER: Schema = {
    "Retry-After": {"schema": {"type": "integer", "minimum": 0}, "description": "Seconds until it may be worth it."}
}
ALWAYS = (400, 401, 403, 405, 429, 503)


def responses() -> dict[str, Schema]:
    """For the components."""
    return {f"E{status}": _error(status, meaning) for status, meaning in MEANINGS.items()}


def _error(status: int, meaning: str) -> Schema:
    headers = {"headers": RETRY_AFTER} if status in (429, 503) else {}
    return answer(meaning, ref("Error"), **headers)


def failures(*statuses: int) -> dict[str, Schema]:
    """References for one operation: these, and what any operation may answer."""
    return {str(status): {"$ref": f"#/components/responses/E{status}"} for status in sorted({*statuses, *ALWAYS})}
