"""What a request may meet in place of an ordinary answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal[
    "answer",  # an ordinary one
    "status",  # `status` with `body` and `headers`
    "slow",  # nothing for `seconds`, then the ordinary answer
    "hang",  # status and headers, then nothing
    "stall",  # nothing any more behind `tokens`
    "cut",  # the connection is closed behind `tokens`
    "unfinished",  # the stream ends in good order behind `tokens`, without finish_reason and [DONE]
    "error",  # an error event behind `tokens`: `body`
    "raw",  # `body` as it stands, with `content_type`
    "tools",  # a call of a tool
    "refusal",  # OpenAI's `refusal` in place of content
    "huge",  # text without end
    "plain",  # one JSON object although a stream was asked for
    "open",  # all of it, but the stream is never closed and has no [DONE]
    "filtered",  # finish_reason content_filter behind `tokens`
]


@dataclass(frozen=True)
class Act:
    kind: Kind = "answer"
    status: int = 500
    body: Any = None  # bytes and texts as they stand, else JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "text/event-stream"
    seconds: float = 0.0
    tokens: int = 2


def too_many(seconds: str = "") -> Act:
    """429, as OpenAI words it."""
    body = {"error": {"message": "Rate limit reached for requests", "type": "requests", "code": "rate_limit_exceeded"}}
    return Act("status", 429, body, {"Retry-After": seconds} if seconds else {})


def unavailable(status: int = 503) -> Act:
    return Act("status", status, {"error": {"message": "The server is overloaded", "code": status}})
