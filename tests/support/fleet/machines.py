"""Two real ComfyUIs that do not have the same nodes."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from support.faulty.house import NODES as WORKING
from tools.server import ComfyServer

OWNERS = ("A", "B")
DIFFERENT = Path(__file__).parent / "nodepack.py"
QUICK = ("--disable-api-nodes",)


@contextmanager
def machines() -> Iterator[list[ComfyServer]]:
    """They start at the same time. Their own nodes: FleetOwnA and FleetOwnB."""
    with ExitStack() as stack:
        servers = [ComfyServer(pack=None, arguments=QUICK) for _ in OWNERS]
        for server, owner in zip(servers, OWNERS, strict=True):
            stack.callback(server.close)
            _add(server, "faults", WORKING)
            (_add(server, "fleet", DIFFERENT) / "owner").write_text(owner)
            server.launch()
        yield servers


def _add(server: ComfyServer, name: str, nodes: Path) -> Path:
    folder = server.base / "custom_nodes" / name
    folder.mkdir(parents=True)
    shutil.copy(nodes, folder / "__init__.py")
    return folder
