"""Published apps as values. Apart from their store, so that who only handles them need not import SQLAlchemy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple


class Picture(NamedTuple):
    content: bytes
    content_type: str


@dataclass(frozen=True)
class Head:
    """An app without its workflows."""

    slug: str
    title: str
    description: str
    active: int
    versions: tuple[int, ...]
    options: Mapping[str, Any]
    picture: str  # content type; empty without one
    created_ms: int
    updated_ms: int


@dataclass(frozen=True)
class NewVersion:
    """What a publisher gives; checked."""

    slug: str
    title: str
    description: str
    workflow: Mapping[str, Any] | None
    graph: Mapping[str, Any]
    picked: Mapping[str, Any]  # as `dump_picks` makes it
    source: str
    author: str
    options: Mapping[str, Any]
    picture: Picture | None
    created_ms: int
    first: int = 1  # number of the first version
    expected: int | None = None  # version that has to be active


class StoredVersion(NamedTuple):
    number: int
    title: str
    workflow: Mapping[str, Any] | None
    graph: Mapping[str, Any]
    picked: Mapping[str, Any]
    source: str
    created_ms: int


class VersionLine(NamedTuple):
    """One version in a list."""

    number: int
    title: str
    source: str
    created_ms: int
    inputs: int
    outputs: int
