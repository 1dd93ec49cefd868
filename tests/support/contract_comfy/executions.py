"""What was really executed, a line each in a file that outlives every process."""

import json
import os
from pathlib import Path
from typing import NamedTuple


class Execution(NamedTuple):
    """One prompt that began, and how long it took."""

    run: str  # from the prefix that Lectern saves the run's files under
    prefix: str
    begun: float  # seconds since 1970
    ended: float
    interrupted: bool


class ExecutionLog:
    """Written with single appends, so that a reader sees whole lines."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def add(self, execution: Execution) -> None:
        os.write(self._file, json.dumps(execution).encode() + b"\n")

    def close(self) -> None:
        os.close(self._file)


def read_executions(path: Path) -> list[Execution]:
    if not path.is_file():
        return []
    return [Execution(*json.loads(line)) for line in path.read_text("utf-8").splitlines()]


def run_of(prefix: str) -> str:
    """Lectern's prefixes are lectern/{app}/{run}[/{take}]/{stem}; empty when it is another one."""
    parts = prefix.split("/")
    return parts[2] if len(parts) > 3 and parts[0] == "lectern" else ""
