"""A run's progress on the terminal: one bar that moves, or one line per node when the output is not a terminal."""

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TextIO

BAR_WIDTH = 30


@dataclass(frozen=True)
class Progress:
    """Where a run stands."""

    status: str  # queued, running, succeeded, failed, canceled
    value: float  # 0 to 1
    node: str | None  # the node that is being worked on
    message: str | None  # the same in more detail, may change many times a second
    done: int  # nodes finished
    total: int  # nodes in all, 0 while unknown


def read_progress(run: Mapping[str, Any]) -> Progress:
    """The progress in a run object of the HTTP interface; what is missing or null counts as nothing yet."""
    told = run.get("progress") or {}
    value = min(1.0, max(0.0, float(told.get("value") or 0.0)))
    return Progress(
        status=str(run.get("status", "")),
        value=1.0 if run.get("status") == "succeeded" else value,
        node=told.get("current_node"),
        message=told.get("message"),
        done=int(told.get("nodes_done") or 0),
        total=int(told.get("nodes_total") or 0),
    )


def bar(value: float, width: int = BAR_WIDTH) -> str:
    """`[#####-----]`: full only when the value is 1."""
    filled = int(value * width)
    return f"[{'#' * filled}{'-' * (width - filled)}]"


def describe(progress: Progress) -> str:
    """Percentage, nodes and what is being worked on."""
    nodes = f"  {progress.done}/{progress.total} nodes" if progress.total else ""
    working = (progress.message or progress.node) if progress.status == "running" else None
    return f"{progress.value:4.0%}{nodes}  {working or progress.status}"


class ProgressView:
    """Draws one run; call show() as often as it is asked for and close() at the end."""

    def __init__(self, out: TextIO | None = None) -> None:
        self.out = out or sys.stdout
        self.moving = self.out.isatty()
        self._last: tuple[str, str | None] | None = None

    def show(self, progress: Progress) -> None:
        """On a terminal redraw the bar, else print a line when status or node has changed."""
        if self.moving:
            room = shutil.get_terminal_size().columns - 1
            self.out.write("\r\x1b[K" + f"  {bar(progress.value)} {describe(progress)}"[:room])
        elif (state := (progress.status, progress.node)) != self._last:
            self._last = state
            self.out.write(f"  {describe(progress)}\n")
        self.out.flush()

    def close(self) -> None:
        """Leave the bar where it is and go on below it."""
        if self.moving:
            self.out.write("\n")
            self.out.flush()
