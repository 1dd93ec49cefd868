"""What became of a run whose message is not in the queue any more: its state on NATS may still say."""

from ..errors import NotReady
from ..running.dispatcher import now_ms
from ..runs import Result, Run, RunStatus
from . import topology
from .link import Link, translated
from .messages import Kind, Report, State
from .reports import Reporting


class Recovery:
    """Lives on the background loop."""

    def __init__(self, link: Link, reporting: Reporting) -> None:
        self._link = link
        self._reporting = reporting

    async def ended(self, run: Run) -> bool:
        """Whether a worker has ended it; its report, which did not reach the store, does now. Raises NotReady."""
        state = await self._state(run.id)
        if state is None or not state.ended or not state.report:
            return False
        try:
            report = Report.load(state.report.encode())
        except (ValueError, KeyError, TypeError):  # of a Lectern that is newer than this one
            return False
        (done,) = await self._reporting.apply([(report, False)])
        if done == "later" and await self._reporting.pending() == 0:
            await self._reporting.apply([(report, True)])
        return True

    async def canceled(self, run: Run) -> None:
        """Nobody has it, and nobody will: it was being canceled. Raises NotReady."""
        result = Result(RunStatus.CANCELED)
        report = Report(Kind.ENDED, run.id, run.worker, run.attempt, run.takes_done, now_ms(), result=result)
        await self._reporting.apply([(report, True)])

    async def _state(self, run_id: str) -> State | None:
        from nats.js.errors import KeyNotFoundError

        with translated():
            try:
                entry = await self._link.bucket(topology.STATES).get(run_id)
            except KeyNotFoundError:
                return None
        try:
            return State.load(entry.value or b"")
        except (ValueError, KeyError, TypeError):
            raise NotReady("The state of a run cannot be read; it was written by a newer Lectern.") from None
