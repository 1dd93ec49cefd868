"""What executes the runs of the store, and tells those who listen; of two kinds, see embedded.py and fleet/."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping
from typing import Any, NamedTuple, Protocol

from ..runs import OutputItem, Run, RunError, Workflow
from ..streams import OutputStream, Part
from .dispatcher import Reports


class Live(NamedTuple):
    """What is known of a run in flight beyond what is stored."""

    progress: Mapping[str, Any] | None
    landed: tuple[OutputItem, ...] = ()  # by the take in work


class Seen(NamedTuple):
    """A run and how its caller sees it, of one moment."""

    run: Run
    view: dict[str, Any]


class Feed(Protocol):
    """The events of one run."""

    def listen(self, after: int) -> AsyncGenerator[bytes, None]:
        """Everything after that event until the last one, as server-sent events; on any event loop."""
        ...


class Listening(NamedTuple):
    """What a listener is told first, and where it then reads on; no channel when the run had ended before."""

    first: bytes
    channel: Feed | None
    after: int


Reader = Callable[[], Awaitable[Seen]]


class Events(Protocol):
    """Of all runs. On the background loop."""

    @property
    def streams(self) -> int:
        """Listeners of runs that have not ended, in this process."""
        ...

    async def listen(self, run_id: str, last_id: str, read: Reader) -> Listening:
        """Raises what `read` raises, which gives the run as it is.

        Args:
            last_id: of the last event that the listener has seen; empty for none.
        """
        ...

    def listened(self) -> list[str]:
        """The runs that have not ended and that somebody listens to in this process."""
        ...

    def place(self, run_id: str, status: Mapping[str, Any]) -> None:
        """A queued run moved up: to those who listen in this process."""
        ...

    def status(self, run_id: str, status: Mapping[str, Any]) -> None: ...

    def dismiss(self) -> None:
        """This process ends soon: its listeners are let go, and come again to another one, or the next."""
        ...

    def completed(self, run_id: str, status: Mapping[str, Any], view: Callable[[], Mapping[str, Any]]) -> None:
        """The last event; the view is made when somebody wants it."""
        ...


class Measure(NamedTuple):
    """One number for Prometheus."""

    name: str
    about: str
    value: float
    labels: Mapping[str, str] = {}
    counter: bool = False  # it only grows


class Audience(Reports, Protocol):
    """Who is told of runs, where other processes may have stored what became of them."""

    def waited(self) -> Collection[str]:
        """The runs whose end somebody here waits for."""
        ...

    def settled(self, run: Run) -> None:
        """It has ended, and everybody else has been told."""
        ...

    def shown(self, run: Run) -> Mapping[str, Any]:
        """A run that has ended, as callers see it."""
        ...


class Engine(Protocol):
    """On the background loop. Tells its `Audience` of everything that happens to runs."""

    @property
    def events(self) -> Events: ...

    async def check(self, workflow: Workflow, values: Mapping[str, Any]) -> None:
        """Raises MissingModel when nothing that is there has all that this run needs.

        That each of its parts is somewhere has been seen already.
        """
        ...

    def submitted(self, run: Run, workflow: Workflow) -> None:
        """It was just stored and waits."""
        ...

    def wake(self) -> None:
        """There may be something to do: an earlier process may have left some, or a run was canceled."""
        ...

    def cancel(self, run_id: str, reason: RunError | None = None) -> None:
        """Stops the run if it is in flight. Without a reason the store says already that it is being canceled."""
        ...

    async def live(self, run: Run) -> Live | None:
        """None when the run is not in flight here."""
        ...

    async def open(self, item: OutputItem, part: Part) -> OutputStream:
        """The bytes of an output. Raises OutputUnavailable, NotReady."""
        ...

    async def forgotten(self, runs: list[Run]) -> None:
        """These runs expired or were deleted: what was kept for them alone is not needed any more."""
        ...

    async def lacks(self) -> list[str]:
        """Why no run would be executed now, in sentences; empty when one would."""
        ...

    async def measures(self) -> list[Measure]:
        """Of its own, beside those of every engine."""
        ...

    async def overview(self) -> Mapping[str, Any]:
        """Who works and what waits, for those who look after it."""
        ...

    async def stop(self) -> None:
        """Leaves everything as a crash would."""
        ...
