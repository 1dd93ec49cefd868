"""A server that speaks the HTTP surface of apps and serves the real pages: states that a real ComfyUI reaches rarely
(a queue, a lost connection, an expired run) come when a test says so."""

from .server import StandIn
from .thread import StandInThread

__all__ = ["StandIn", "StandInThread"]
