"""What a run needs before ComfyUI can execute it: its values as the graph takes them, its files where ComfyUI reads."""

from collections.abc import Mapping
from typing import Any

from ..comfy import ComfyClient
from ..errors import MissingFile, UnusableFile
from ..files.placing import Placer
from ..runs import Run, RunError, Workflow
from .dispatcher import Unprepared


class Preparer:
    """Lives on the background loop."""

    def __init__(self, placer: Placer, client: ComfyClient) -> None:
        self._placer = placer
        self._client = client

    async def prepare(self, run: Run, workflow: Workflow) -> Mapping[str, Any]:
        """The values for the graph of the take in work. Raises Unprepared, Unreachable, NotReady."""
        if not any(target.media for target in workflow.targets.values()):
            return run.values
        try:
            return await self._placer.place(self._client, run.values, workflow.targets)
        except (MissingFile, UnusableFile) as error:
            raise Unprepared(RunError("missing_file", str(error))) from error
