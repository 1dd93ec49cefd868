"""Run pip with its output in a log file; a failure becomes one sentence and the log's tail."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tools.console import ToolError, tail

# What pip prints when the index cannot be reached, as opposed to a package that does not exist.
NETWORK_SIGNS = (
    "NewConnectionError",
    "Temporary failure in name resolution",
    "Network is unreachable",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "ProxyError",
)


def run_pip(python: str | Path, arguments: Sequence[str], log: Path, what: str) -> None:
    """Run `python -m pip <arguments>`, appending its output to `log`; `what` names the work in the error."""
    command = [str(python), "-m", "pip", *arguments, "--disable-pip-version-check", "--no-input"]
    with log.open("a", encoding="utf-8") as output:
        output.write(f"\n$ {' '.join(command)}\n")
        output.flush()
        done = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, env=pip_environment(), check=False)
    if done.returncode != 0:
        raise ToolError(failure_sentence(what, log), log)


def pip_environment() -> dict[str, str]:
    """The person's own pip settings, less those that would send the packages elsewhere."""
    redirects = ("PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_REQUIRE_VIRTUALENV", "PYTHONPATH", "PYTHONHOME")
    return {name: value for name, value in os.environ.items() if name not in redirects}


def failure_sentence(what: str, log: Path) -> str:
    """Tell a dead network from everything else that makes pip fail."""
    if any(sign in tail(log, 60) for sign in NETWORK_SIGNS):
        return f"{what} failed because the package index cannot be reached: connect to the network and run this again."
    if "No space left on device" in tail(log, 60):
        return f"{what} failed because the disk is full: free some space (about 3 GB are needed) and run this again."
    return f"{what} failed: pip's reason is above, its whole output in {log}; put it right and run this again."
