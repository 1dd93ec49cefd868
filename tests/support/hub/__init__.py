"""A double of a Hugging Face hub: two ports of this machine, one for the hub and one for its store of large files."""

from .server import Fault as Fault
from .server import HubDouble as HubDouble
from .server import Seen as Seen
from .thread import HubThread as HubThread
