"""The contract server on a loop and thread of its own."""

from functools import partial
from typing import Any

from support.serving import ServerThread
from support.webui.server import ContractServer


class ContractThread(ServerThread[ContractServer]):
    """`with ContractThread("forge", seconds_per_image=0.2) as webui:` - takes what ContractServer takes."""

    def __init__(self, dialect: str = "forge", **settings: Any) -> None:
        super().__init__(partial(ContractServer, dialect, **settings))
