"""`make test`, `make unit` and `make bench`: pytest and the benchmarks in the virtual environment."""

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import IO

from tools.cache import CHECKOUT, cache_path, checkout_key
from tools.check import run_checks
from tools.console import ToolError, say
from tools.environment import Environment, prepare
from tools.process import child_environment
from tools.system import ensure_packages

UNIT = ["tests/unit"]  # on all cores, each file in one process
# Lanes that take about as long, each with a ComfyUI of its own: what computes most, what waits most (for processes that
# were killed, for other servers), and the rest, with the browser.
COMPUTING = [f"tests/comfyui/test_{name}*.py" for name in ("pipelines", "prompts", "slides", "saving", "decks")]
WAITING = [f"tests/comfyui/test_{name}*.py" for name in ("apps", "app_files", "cli", "face", "fleet", "readme")]


def _files(patterns: Sequence[str]) -> list[str]:
    return sorted({str(file.relative_to(CHECKOUT)) for pattern in patterns for file in CHECKOUT.glob(pattern)})


MODELS = ["tests/pipelines", "tests/prompts", *_files(COMPUTING)]
APPS = ["tests/servers", *_files(WAITING)]
SERVERS = ["tests/comfyui", "tests/browser", *(f"--ignore-glob={pattern}" for pattern in (*COMPUTING, *WAITING))]
SPREAD = ["-n", f"{(os.cpu_count() or 1) + 1}", "--dist", "loadfile"]  # one more than cores: some wait now and then
ONE_EACH = {"OMP_NUM_THREADS": "1"}  # torch's threads: more of them than cores only wait for each other
NOTHING = 5  # pytest's exit code where `-k` and the like leave no test


def test(arguments: Sequence[str]) -> int:
    """Set-up, Debian packages, checks, then every layer of tests; stops at failed checks."""
    environment = prepare()
    ensure_packages()
    if run_python(environment, ["-m", "tools.node_clients"]) != 0:
        return 1
    if run_checks(environment) != 0:
        say("The tests were not run: put the findings above right first, or run `make unit`.")
        return 1
    codes = [
        run_pytest(environment, [*UNIT, *SPREAD, *arguments], ONE_EACH),
        *run_side_by_side(environment, *([*lane, *arguments] for lane in (SERVERS, APPS, MODELS))),
    ]
    failed = [code for code in codes if code not in (0, NOTHING)]
    return max(failed) if failed else min(codes)


def unit(arguments: Sequence[str]) -> int:
    """The tests that need no other program: neither ComfyUI nor NATS, neither diffusers nor PostgreSQL."""
    return run_pytest(prepare(), [*UNIT, *SPREAD, *arguments], ONE_EACH)


def bench(arguments: Sequence[str]) -> int:
    """Run benchmarks/<name>.py."""
    names = sorted(file.stem for file in (CHECKOUT / "benchmarks").glob("[!_]*.py"))
    name, *rest = arguments or [""]
    if name not in names:
        known = ", ".join(names) or "none yet"
        raise ToolError(f"There is no benchmark {name!r}: choose one with `make bench NAME=...` ({known}).")
    return run_python(prepare(), [f"benchmarks/{name}.py", *rest])


def run_pytest(environment: Environment, arguments: Sequence[str], more: Mapping[str, str] | None = None) -> int:
    """pytest in the checkout's root; its closing line is the last thing printed.

    more: environment variables.
    """
    return run_python(environment, pytest_command("", arguments), more)


def pytest_command(cache: str, arguments: Sequence[str]) -> list[str]:
    """For Python; two that run at once need caches of their own."""
    # -c makes tests/ the root folder: the checkout's own __init__.py imports ComfyUI and must not be collected.
    folder = cache_path("pytest", f"{checkout_key()}{cache}")
    return ["-m", "pytest", "-c", "tests/pytest.ini", "-o", f"cache_dir={folder}", *arguments]


def run_side_by_side(environment: Environment, shown: Sequence[str], *later: Sequence[str]) -> list[int]:
    """Several pytests at once; what the others say is told when the first has ended."""
    with ExitStack() as ended:
        others = []
        for number, arguments in enumerate(later):
            said = ended.enter_context(tempfile.TemporaryFile("w+"))
            other = start_python(environment, pytest_command(f"later{number}", arguments), ONE_EACH, said)
            ended.callback(other.wait)
            ended.callback(other.kill)
            others.append((other, said))
        codes = [start_python(environment, pytest_command("shown", shown), ONE_EACH).wait()]
        for other, said in others:
            codes.append(other.wait())
            said.seek(0)
            say(said.read().rstrip("\n"))
    return codes


def run_python(environment: Environment, arguments: Sequence[str], more: Mapping[str, str] | None = None) -> int:
    """The environment's Python in the checkout's root, on this terminal; returns its exit code."""
    return start_python(environment, arguments, more).wait()


def start_python(
    environment: Environment,
    arguments: Sequence[str],
    more: Mapping[str, str] | None = None,
    output: IO[str] | None = None,
) -> subprocess.Popen[bytes]:
    """As `run_python`, without waiting for it.

    output: where both its streams go; the terminal by default.
    """
    told = {
        "LECTERN_COMFYUI": str(environment.comfyui.path),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(cache_path("hypothesis", checkout_key())),
        "PYTHONPATH": str(CHECKOUT),
        **(more or {}),
    }
    command = [str(environment.python), *arguments]
    inside = subprocess.DEVNULL if output is not None else None
    both = subprocess.STDOUT if output is not None else None
    return subprocess.Popen(
        command, cwd=CHECKOUT, env=child_environment(told), stdin=inside, stdout=output, stderr=both
    )
