"""What ComfyUI says over its WebSocket: JSON events, and previews in binary messages. Pure readers.

Source: ComfyUI 0.30, protocol.py and `send_image_with_metadata` in server.py.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

FEATURES = {"type": "feature_flags", "data": {"supports_preview_metadata": True}}  # previews name their prompt and node

_PREVIEW_WITH_METADATA = 4
_PICTURES = {b"\xff\xd8": "image/jpeg", b"\x89P": "image/png"}


def encodable(text: str) -> str:
    """The text without halves of surrogate pairs: JSON can say them, but no file, address or database can hold them."""
    return text.encode("utf-8", "replace").decode("utf-8")


class Event(NamedTuple):
    kind: str
    data: Mapping[str, Any]


class Preview(NamedTuple):
    """A small picture of what a node is making."""

    prompt_id: str
    node_id: str
    content_type: str
    content: bytes


def read_event(text: str) -> Event | None:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    data = content.get("data") if isinstance(content, dict) else None
    return Event(str(content.get("type")), data) if isinstance(data, dict) else None


def read_preview(message: bytes) -> Preview | None:
    """Message: type (4 bytes, big endian), length of the metadata (4 bytes), metadata as JSON, picture."""
    if int.from_bytes(message[:4], "big") != _PREVIEW_WITH_METADATA:
        return None
    start = 8 + int.from_bytes(message[4:8], "big")
    content = message[start:]
    try:
        facts = json.loads(message[8:start])
    except (ValueError, RecursionError):
        return None
    if not isinstance(facts, dict):
        return None
    prompt_id, node_id = facts.get("prompt_id"), facts.get("display_node_id") or facts.get("node_id")
    kind = _PICTURES.get(content[:2])
    if not (isinstance(prompt_id, str) and isinstance(node_id, str)) or kind is None:
        return None
    return Preview(prompt_id, node_id, kind, content)
