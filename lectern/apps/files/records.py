"""What is recorded of a file."""

from typing import NamedTuple


class StoredFile(NamedTuple):
    id: str
    owner: str  # id of a key; empty without one
    name: str
    content_type: str
    size: int  # bytes
    created_ms: int
    expires_ms: int
