"""The one double of AUTOMATIC1111-compatible servers: `ContractServer` on a test's loop, `ContractThread` beside it."""

from support.webui.faults import Fault
from support.webui.server import ContractServer, Seen, Stranger
from support.webui.thread import ContractThread

__all__ = ["ContractServer", "ContractThread", "Fault", "Seen", "Stranger"]
