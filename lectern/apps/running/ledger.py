"""Where a dispatcher gets its runs from, and where it records what became of them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from ..runs import Result, Run, Workflow
from ..store.storage import Storage

if TYPE_CHECKING:
    from ..store.runs import RunStore

T = TypeVar("T")

Job = tuple[Run, Workflow]


class Ledger(Protocol):
    """All its coroutines belong to the background loop. Any of them may raise NotReady.

    A change gives the run as it is afterwards, and None when it comes too late: the run has ended meanwhile, is being
    canceled, or is somebody else's.
    """

    async def next_job(self) -> Job | None:
        """What to do next, None when there is nothing; a run that ComfyUI has already comes before all others."""
        ...

    async def get(self, run_id: str) -> Run | None: ...

    async def take(self, run: Run, prompt_id: str, now_ms: int) -> Run | None:
        """The run is given to ComfyUI, as a new attempt."""
        ...

    async def release(self, run: Run, counted: bool) -> Run | None:
        """Back to the queue. `counted`: the attempt reached ComfyUI."""
        ...

    async def advance(self, run: Run, result: Result) -> Run | None:
        """A take succeeded, and others follow."""
        ...

    async def finish(self, run: Run, result: Result, now_ms: int, expires_ms: int | None) -> Run | None: ...


class StoreLedger:
    """The runs of the store, for the one dispatcher of a process."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def next_job(self) -> Job | None:
        return await self._call(lambda runs: runs.next_job())

    async def get(self, run_id: str) -> Run | None:
        return await self._call(lambda runs: runs.get(run_id))

    async def take(self, run: Run, prompt_id: str, now_ms: int) -> Run | None:
        return await self._call(lambda runs: runs.take(run, prompt_id, now_ms))

    async def release(self, run: Run, counted: bool) -> Run | None:
        return await self._call(lambda runs: runs.release(run, counted=counted))

    async def advance(self, run: Run, result: Result) -> Run | None:
        return await self._call(lambda runs: runs.advance(run, result))

    async def finish(self, run: Run, result: Result, now_ms: int, expires_ms: int | None) -> Run | None:
        return await self._call(lambda runs: runs.finish(run, result, now_ms, expires_ms))

    async def _call(self, function: "Callable[[RunStore], T]") -> T:
        return await self._storage.call(lambda store: function(store.runs))
