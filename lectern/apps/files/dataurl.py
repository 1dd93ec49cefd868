"""Data URLs (RFC 2397) as callers write them into JSON."""

import base64
import binascii
import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

_HEAD = re.compile(r"data:([a-z0-9.+-]+/[a-z0-9.+-]+)?((?:;[a-z0-9-]+=[^;,]*)*)(;base64)?,", re.IGNORECASE)
_HEAD_LENGTH = 300  # characters


class Data(NamedTuple):
    content_type: str  # may be empty
    content: bytes


def is_data_url(value: str) -> bool:
    return value[:5].lower() == "data:"


def decoded_size(value: str) -> int:
    """Bytes of the content, at most: known before anything is decoded."""
    return len(value) * 3 // 4 if ";base64," in value[:_HEAD_LENGTH].lower() else len(value)


def decode(value: str) -> Data:
    """Raises ValueError."""
    head = _HEAD.match(value[:_HEAD_LENGTH])
    if head is None:
        raise ValueError("no data URL")
    rest = value[head.end() :]
    return Data((head[1] or "").lower(), _base64(rest) if head[3] else unquote_to_bytes(rest))


def _base64(text: str) -> bytes:
    """Either alphabet, with or without padding and line breaks."""
    text = "".join(unquote_to_bytes(text).decode("ascii").split()) if "%" in text else "".join(text.split())
    text = text.translate({ord("-"): "+", ord("_"): "/"}).rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise ValueError("no base64") from None
