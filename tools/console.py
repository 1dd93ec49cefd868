"""What the person at the terminal sees: steps with their times, and expected failures as one sentence."""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TAIL_LINES = 15
# ComfyUI colours its log lines even when they go to a file.
ANSI = re.compile(r"\x1b\[[0-9;]*m")


class ToolError(Exception):
    """An expected failure: a sentence that says what to do, and the log that shows why."""

    def __init__(self, message: str, log: Path | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.log = log


def read_log(path: Path) -> str:
    """A log file's text without colour codes; empty when it cannot be read."""
    try:
        return ANSI.sub("", path.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""


def tail(path: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a log file; empty when it cannot be read."""
    return "\n".join(read_log(path).rstrip().splitlines()[-lines:])


def say(text: str) -> None:
    """Print one line at once, so that it keeps its place among the output of child processes."""
    print(text, flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Announce a piece of work and, when it is done, the seconds it took."""
    say(f"  {text} ...")
    started = time.monotonic()
    yield
    say(f"  {text}: {time.monotonic() - started:.1f} s")


def report(error: ToolError) -> None:
    """Print an expected failure to stderr: the log's tail first, so that the sentence is the last thing read."""
    if error.log is not None:
        print(f"--- last lines of {error.log} ---\n{tail(error.log)}\n---", file=sys.stderr)
    print(error.message, file=sys.stderr, flush=True)
