"""A real ComfyUI in which things go wrong: nodes that fail as nodes do, lines that break, receivers that are slow."""

from .graphs import publish
from .house import FaultyServer

__all__ = ["FaultyServer", "publish"]
