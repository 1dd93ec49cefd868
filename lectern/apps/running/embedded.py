"""The embedded engine: one ComfyUI, and everything about its runs in this process and its store."""

from collections.abc import Mapping
from typing import Any

from ..comfy import ComfyClient, Unreachable
from ..errors import NotReady
from ..runs import OutputItem, Run, RunError, Workflow
from ..store.storage import Storage
from ..streams import OutputStream, Part, open_stream
from .broadcast import progress_view
from .dispatcher import Dispatcher, LogWatcher, Pace, Reports
from .engine import Live, Measure
from .ledger import StoreLedger
from .local_events import LocalEvents
from .preparing import Preparer
from .watching import RunWatcher


class EmbeddedEngine:
    """Lives on the background loop."""

    def __init__(self, storage: Storage, client: ComfyClient, preparer: Preparer, pace: Pace, reports: Reports) -> None:
        self.events = LocalEvents()
        self._client = client
        self._preparer = preparer
        self._reports = reports
        self._dispatcher = Dispatcher(StoreLedger(storage), client, self, reports, pace)

    async def check(self, workflow: Workflow, values: Mapping[str, Any]) -> None:
        """What is somewhere is here."""

    def submitted(self, run: Run, workflow: Workflow) -> None:
        self._dispatcher.wake((run, workflow))

    def wake(self) -> None:
        self._dispatcher.wake()

    def cancel(self, run_id: str, reason: RunError | None = None) -> None:
        self._dispatcher.cancel(run_id, reason)

    async def live(self, run: Run) -> Live | None:
        current = self._dispatcher.current(run.id)
        if current is None:
            return None
        landed = current.attempt.landed if current.run.takes_done == run.takes_done else ()
        return Live(progress_view(current.attempt.progress, run.takes_done), tuple(landed))

    async def open(self, item: OutputItem, part: Part) -> OutputStream:
        try:
            return await open_stream(self._client, item, part)
        except Unreachable as error:
            raise NotReady(f"ComfyUI does not answer: {error}.") from error

    async def forgotten(self, runs: list[Run]) -> None:
        """Their files lie in ComfyUI's own folders, which are not ours to tidy."""

    async def lacks(self) -> list[str]:
        """The service asks ComfyUI for its nodes, which tells."""
        return []

    async def measures(self) -> list[Measure]:
        return []

    async def overview(self) -> Mapping[str, Any]:
        return {"engine": "embedded", "workers": [], "gateways": [], "queues": [], "dead": []}

    async def stop(self) -> None:
        await self._dispatcher.stop()

    # The bench of the dispatcher.

    async def prepare(self, run: Run, workflow: Workflow) -> Mapping[str, Any]:
        return await self._preparer.prepare(run, workflow)

    def watcher(self, run: Run, workflow: Workflow) -> LogWatcher:
        return RunWatcher(run, self.events.hub.work(run.id), self._reports.progressed)

    def missed(self, run: Run) -> None:
        self.events.hub.rest(run.id)
