"""How answers look on the wire."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal

Framing = Literal["lf", "crlf", "cr", "tight", "torn", "comments", "multiline"]
Body = Mapping[str, Any]

_ID = "chatcmpl-1"


def tokens(text: str) -> list[str]:
    """Words with the blank before them, as most tokenizers cut."""
    return re.findall(r"\s*\S{1,8}|\s+", text)


def usage(prompt: int, completion: int) -> dict[str, int]:
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def chunk(model: str, delta: Body, finish: str | None = None) -> dict[str, Any]:
    choices = [{"index": 0, "delta": dict(delta), "finish_reason": finish}]
    return {"id": _ID, "object": "chat.completion.chunk", "created": 1, "model": model, "choices": choices}


def usage_chunk(model: str, counted: Body) -> dict[str, Any]:
    """The last one, when stream_options ask for it."""
    return {**chunk(model, {}), "choices": [], "usage": dict(counted)}


def completion(model: str, message: Body, finish: str, counted: Body) -> dict[str, Any]:
    """In one piece."""
    choices = [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}]
    head = {"id": _ID, "object": "chat.completion", "created": 1, "model": model}
    return {**head, "choices": choices, "usage": dict(counted)}


def event(content: Any, framing: Framing = "lf") -> list[bytes]:
    """One event, in the pieces in which it is sent."""
    data = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    end = {"crlf": "\r\n", "cr": "\r"}.get(framing, "\n")
    if framing == "multiline":  # JSON may be broken where it has a blank anyway
        lines = [f"data: {line}" for line in data.replace(', "', ',\n "').split("\n")]
    else:
        lines = [f"data:{data}" if framing == "tight" else f"data: {data}"]
    if framing == "comments":
        lines = [": OPENROUTER PROCESSING", "", "event: message", "id: 7", *lines]
    raw = "".join(line + end for line in [*lines, ""]).encode()
    return [raw[at : at + 3] for at in range(0, len(raw), 3)] if framing == "torn" else [raw]


def joined(contents: Iterable[Any], framing: Framing = "lf") -> bytes:
    """A whole stream."""
    return b"".join(piece for content in contents for piece in event(content, framing))
