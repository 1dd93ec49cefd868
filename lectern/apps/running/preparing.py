"""What a run needs before ComfyUI can execute it: its values as the graph takes them."""

from collections.abc import Mapping
from typing import Any, Protocol

from ..runs import Run, Workflow


class Preparer(Protocol):
    async def prepare(self, run: Run, workflow: Workflow) -> Mapping[str, Any]:
        """The values for the graph of the take in work. Raises Unprepared, Unreachable."""
        ...


class PlainPreparer:
    """For inputs that are nothing but values."""

    async def prepare(self, run: Run, workflow: Workflow) -> Mapping[str, Any]:
        return run.values
