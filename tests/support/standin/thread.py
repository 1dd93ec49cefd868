"""The stand-in beside a test that drives a browser."""

from ..serving import ServerThread
from .server import StandIn


class StandInThread(ServerThread[StandIn]):
    def __init__(self) -> None:
        super().__init__(StandIn)
