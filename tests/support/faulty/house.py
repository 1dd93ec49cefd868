"""The server, with the nodes that fail and with Lectern's settings as a test wants them."""

import shutil
from pathlib import Path
from typing import Any, Self

from support.client import Comfy
from tools.server import ComfyServer

NODES = Path(__file__).parent / "nodepack.py"


class FaultyServer:
    """`with FaultyServer() as faulty:` - settings are lines below `[apps]`."""

    def __init__(self, settings: str = "") -> None:
        self.server = ComfyServer()
        self.comfy = Comfy(self.server.url)
        self.nodes = self.server.base / "custom_nodes" / "faults"
        self.private = self.server.base / "user" / "__lectern"
        self.configure(settings)
        self.nodes.mkdir(parents=True)
        shutil.copy(NODES, self.nodes / "__init__.py")

    def configure(self, settings: str) -> None:
        """Counts from the next request on."""
        self.private.mkdir(parents=True, exist_ok=True)
        (self.private / "lectern.toml").write_text(f"[apps]\n{settings}\n", "utf-8")

    def files(self, run_id: str) -> list[str]:
        """What ComfyUI saved for a run, by path below its output folder."""
        return sorted(str(file) for file in (self.server.base / "output").glob(f"lectern/*/{run_id}/**/*.*"))

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.server.__exit__(*error)
