"""A real ComfyUI server of our own: scratch folders, a free loopback port, stopped by its own process id.

Used by the test fixtures (inside the virtual environment), by `make serve` and by `make demo` (outside it), so it
needs the standard library only.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from tools.cache import CHECKOUT
from tools.comfyui import find_comfyui
from tools.console import ToolError, read_log
from tools.process import child_environment

FOLDERS = ("input", "output", "temp", "user", "models", "custom_nodes")
LOOPBACK = "127.0.0.1"
# What environment.build_base() writes last; it says what torch was built for.
MARKER = "lectern-base.json"

# A proxy set for the outer world must not see calls to this machine.
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class ComfyServer:
    """One ComfyUI process and its base folder. `with ComfyServer() as server: ... server.url`."""

    def __init__(
        self,
        comfyui: Path | None = None,
        python: str | Path = sys.executable,
        *,
        base: Path | None = None,
        pack: Path | None = CHECKOUT,
        port: int | None = None,
        arguments: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
        keep: bool = False,
        detached: bool = False,
        patience: float = 180.0,
    ) -> None:
        """Nothing starts yet.

        comfyui: the tree to run, by default `$LECTERN_COMFYUI`, else wherever find_comfyui() finds it.
        python: the interpreter of the virtual environment.
        base: an existing or new folder to use; by default a temporary one, deleted by close() unless `keep`.
        pack: the checkout linked as custom_nodes/lectern; None for a ComfyUI without the pack.
        arguments, environ: added to ComfyUI's command line and environment.
        detached: in a session of its own, so that it outlives this process and its terminal.
        patience: seconds until a server that does not answer counts as failed.
        """
        self.comfyui = comfyui or default_comfyui()
        self.python = Path(python)
        self.base = base or Path(tempfile.mkdtemp(prefix="lectern-comfyui-"))
        self.pack = pack
        self.port = port or free_port()
        self.arguments = list(arguments)
        self.environ = dict(environ or {})
        self.detached = detached
        self.patience = patience
        self._removes_base = base is None and not keep
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Without a slash at the end."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def log(self) -> Path:
        """Both streams of every start on this base, one after the other."""
        return self.base / "comfyui.log"

    @property
    def pid(self) -> int | None:
        """The process id while the server runs."""
        return self._process.pid if self.is_running() and self._process else None

    def log_text(self) -> str:
        """The log so far, without colour codes."""
        return read_log(self.log)

    def is_running(self) -> bool:
        """Whether the process lives (it may not answer yet)."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> Self:
        """Launch and wait until it answers; works again on the same base and port after stop() or kill()."""
        self.launch()
        try:
            self.wait_until_ready()
        except BaseException:  # also Ctrl-C: no server may be left behind that nobody knows of
            self.stop()
            raise
        return self

    def launch(self) -> int:
        """Start the process without waiting for it; returns its id."""
        if self.is_running():
            raise ToolError(f"This ComfyUI already runs at {self.url}: stop it before starting it again.")
        make_base(self.base, self.pack)
        if not is_free(self.port):
            raise ToolError(f"Port {self.port} is taken by another program: stop that one or choose another port.")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                cwd=self.base,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=child_environment(self.environ),
                start_new_session=self.detached,
            )
        return self._process.pid

    def command(self) -> list[str]:
        """ComfyUI's command line; with these flags it writes nothing outside the base."""
        places = ["--base-directory", str(self.base)]
        # The database is the one thing that does not follow --base-directory: it defaults to ComfyUI's own folder.
        database = ["--database-url", f"sqlite:///{self.base / 'user' / 'comfyui.db'}"]
        address = ["--listen", LOOPBACK, "--port", str(self.port), "--disable-auto-launch"]
        device = ["--cpu"] if needs_cpu(self.python) else []
        main = str(self.comfyui / "main.py")
        return [str(self.python), main, *places, *database, *address, *device, *self.arguments]

    def wait_until_ready(self) -> None:
        """Return when /system_stats answers; fail at once when the process ends."""
        deadline = time.monotonic() + self.patience
        while not answers(f"{self.url}/system_stats"):
            if not self.is_running():
                code = self._process.returncode if self._process else None
                raise ToolError(f"ComfyUI ended before it answered (exit code {code}): see {self.log}.", self.log)
            if time.monotonic() > deadline:
                raise ToolError(f"ComfyUI did not answer within {self.patience:.0f} s: see {self.log}.", self.log)
            time.sleep(0.1)

    def stop(self, grace: float = 10.0) -> None:
        """Ask the process to end, kill it after `grace` seconds; nothing happens when it does not run."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End the process as a crash would: no handler of its own runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """Stop, and delete a temporary base."""
        self.stop()
        if self._removes_base:
            shutil.rmtree(self.base, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self._removes_base = False  # the log is wanted now
            raise

    def __exit__(self, *_: object) -> None:
        self.close()


def default_comfyui() -> Path:
    """The tree that `make test` has already found, else a search."""
    found = os.environ.get("LECTERN_COMFYUI")
    return Path(found) if found else find_comfyui().path


def make_base(base: Path, pack: Path | None) -> None:
    """ComfyUI's folders, with the pack linked in (or not)."""
    for name in FOLDERS:
        (base / name).mkdir(parents=True, exist_ok=True)
    link = base / "custom_nodes" / "lectern"
    link.unlink(missing_ok=True)
    if pack is not None:
        link.symlink_to(pack, target_is_directory=True)


def answers(url: str) -> bool:
    """Whether a GET is answered with 200 within five seconds."""
    try:
        with direct.open(url, timeout=5) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


def free_port() -> int:
    """A loopback port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


def is_free(port: int) -> bool:
    """Whether a server could listen on that port (the connections of one that just ended do not count)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def needs_cpu(python: Path) -> bool:
    """Whether ComfyUI needs --cpu: a CUDA build asks the driver, other builds are known from the marker."""
    marker = python.parent.parent / MARKER
    build = json.loads(marker.read_text(encoding="utf-8"))["accelerator"] if marker.is_file() else "unknown"
    if build in ("cpu", "mps"):
        return build == "cpu"
    code = "import sys, torch; sys.exit(0 if torch.cuda.is_available() or torch.backends.mps.is_available() else 3)"
    return subprocess.run([str(python), "-I", "-c", code], capture_output=True, check=False).returncode != 0
