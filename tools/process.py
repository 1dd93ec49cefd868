"""Child processes: the environment they get, and how to tell later that a process id is still the same process."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tools.cache import cache_path

PROC = Path("/proc")
# These would reach into our virtual environment, or keep byte code from being cached.
DROPPED = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP")


def child_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment for Python children: byte code goes to the cache, nothing is fetched from a hub.

    With a prefix Python neither reads nor writes `__pycache__` folders, so the checkout and a person's ComfyUI stay
    as they are; that is why the environment is installed without byte code.
    """
    kept = {name: value for name, value in os.environ.items() if name not in DROPPED}
    ours = {"PYTHONPYCACHEPREFIX": str(cache_path("pycache")), "PYTHONUNBUFFERED": "1", "HF_HUB_OFFLINE": "1"}
    return kept | ours | dict(extra or {})


def fingerprint(pid: int) -> str | None:
    """When a running process was started; None when there is none (a zombie counts as none).

    The command line is left out on purpose: a process that is ending has none any more, but still holds its port.
    """
    return proc_fingerprint(pid) if (PROC / "self").exists() else ps_fingerprint(pid)


def proc_fingerprint(pid: int, proc: Path = PROC) -> str | None:
    """The fingerprint on Linux: which boot, and the clock ticks since then."""
    try:
        # The second field, the name in brackets, may hold blanks and brackets; state and start time come after it.
        fields = (proc / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        boot = (proc / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None
    state, started = fields[0], fields[19]  # fields 3 and 22 of proc(5)
    return None if state in "ZX" else f"{boot} {started}"


def ps_fingerprint(pid: int) -> str | None:
    """The fingerprint on systems without /proc: date and time."""
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    text = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    state, _, started = text.partition(" ")
    return None if not text or state.startswith("Z") else started.strip()


def is_same_process(pid: int, mark: str) -> bool:
    """Whether that process id still belongs to the process whose fingerprint was taken; ids are used again."""
    return fingerprint(pid) == mark


def stop_process(pid: int, mark: str, grace: float = 10.0) -> bool:
    """Ask that very process to end, kill it after `grace` seconds; False when it was no longer there."""
    if not is_same_process(pid, mark):
        return False
    os.kill(pid, signal.SIGTERM)
    if not wait_until_gone(pid, mark, grace):
        os.kill(pid, signal.SIGKILL)
        wait_until_gone(pid, mark, grace)
    return True


def wait_until_gone(pid: int, mark: str, seconds: float) -> bool:
    """Wait for the end of a process that may not be our child."""
    deadline = time.monotonic() + seconds
    while is_same_process(pid, mark):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
