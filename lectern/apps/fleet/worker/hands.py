"""What a run needs beside ComfyUI while a worker executes it: its files there, and somebody who tells of it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ....settings import Settings
from ...comfy import ComfyClient
from ...files.placing import Placer
from ...running.dispatcher import LogWatcher
from ...running.preparing import Preparer
from ...runs import Run, Workflow
from ..link import Link
from .inputs import Inputs
from .outputs import Outputs
from .telling import FleetChannel, FleetWatcher, Speaker


class Hands:
    """The dispatcher's bench."""

    def __init__(
        self,
        link: Link,
        client: ComfyClient,
        folder: Path,
        settings: Callable[[], Settings],
        told: Callable[[Run, Mapping[str, Any]], None],
    ) -> None:
        """`told` hears of progress now and then."""
        self.outputs = Outputs(link, client)
        self.speaker = Speaker(link)
        self.inputs = Inputs(link, folder / "inputs", settings)
        self._preparer = Preparer(Placer(self.inputs, settings), client)
        self._told = told

    async def prepare(self, run: Run, workflow: Workflow) -> Mapping[str, Any]:
        return await self._preparer.prepare(run, workflow)

    def watcher(self, run: Run, workflow: Workflow) -> LogWatcher:
        return FleetWatcher(run, FleetChannel(run.id, self.speaker), self._told, self.outputs)

    def missed(self, run: Run) -> None:
        """Whoever listens is told by the gateways."""
