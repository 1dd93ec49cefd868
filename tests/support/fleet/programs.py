"""A process that is started, killed and started again on the same address."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.cache import CHECKOUT
from tools.process import child_environment
from tools.server import answers

PATIENCE = 30.0  # seconds until a process that does not answer counts as failed
LOOK_SECONDS = 0.02
PATHS = os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "tests")])


class Program:
    """Nothing starts yet.

    Args:
        port: that it listens on, on loopback.
        path: what answers 200 once it is ready; a connection is enough without one.
        log: gets both streams of every start, one after the other.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        port: int,
        log: Path,
        path: str = "",
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.port = port
        self.log = log
        self._command = list(command)
        self._path = path
        self._environ = dict(environ or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        return None if self._process is None else self._process.poll()

    def launch(self) -> None:
        """Without waiting for it."""
        environ = child_environment({"PYTHONPATH": PATHS, "OMP_NUM_THREADS": "1", **self._environ})
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, cwd=CHECKOUT, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def wait(self, patience: float = PATIENCE) -> None:
        """Until it answers."""
        deadline = time.monotonic() + patience
        while not self.answers():
            told = self.log.read_text("utf-8", "replace")[-2000:]
            assert self.running, f"{self.name} ended with {self.exit_code}: {told}"
            assert time.monotonic() < deadline, f"{self.name} does not answer: {told}"
            time.sleep(LOOK_SECONDS)

    def answers(self) -> bool:
        return answers(f"{self.url}{self._path}") if self._path else _listens(self.port)

    def kill(self) -> None:
        """As a crash: no handler of its own runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def terminate(self) -> None:
        if self._process is not None:
            self._process.terminate()

    def stop(self, grace: float = 10) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self.kill()


def python(module: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", module, *map(str, arguments)]


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
