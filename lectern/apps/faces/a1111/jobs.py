"""Requests under way: which runs they wait for, so that progress and interrupt find them. In memory, on the server's
loop; a key sees its own alone."""

import time
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager

from .previews import Preview
from .requests import Mode

FINISHED_TASKS = 16  # of one owner, whose ids are still known
MOST_OWNERS = 1000  # whose finished tasks are


class Job:
    """One request of txt2img or img2img."""

    def __init__(self, task: str, mode: Mode, executions: int) -> None:
        """`executions`: that all its runs have together."""
        self.task = task
        self.mode = mode
        self.executions = executions
        self.executed = 0  # of the runs that have ended
        self.run_id: str | None = None  # the run in work, or in the queue
        self.started = time.time()
        self.interrupted = False
        self.skipped = False
        self.preview: Preview | None = None  # from the first look on


class Jobs:
    def __init__(self) -> None:
        self._active: defaultdict[str, list[Job]] = defaultdict(list)
        self._finished: OrderedDict[str, deque[str]] = OrderedDict()

    @contextmanager
    def work(self, owner: str, job: Job) -> Iterator[Job]:
        self._active[owner].append(job)
        try:
            yield job
        finally:
            if job.preview is not None:
                job.preview.stop()
            self._active[owner].remove(job)
            if not self._active[owner]:
                del self._active[owner]
            self._remember(owner, job.task)

    def active(self, owner: str) -> list[Job]:
        """The oldest first, which is the one that runs or runs next."""
        return list(self._active.get(owner, ()))

    def find(self, owner: str, task: str) -> Job | None:
        return next((job for job in self.active(owner) if job.task == task), None)

    def completed(self, owner: str, task: str) -> bool:
        return task in self._finished.get(owner, ())

    def _remember(self, owner: str, task: str) -> None:
        if task:
            self._finished.setdefault(owner, deque(maxlen=FINISHED_TASKS)).append(task)
            self._finished.move_to_end(owner)
            while len(self._finished) > MOST_OWNERS:
                self._finished.popitem(last=False)
