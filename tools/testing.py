"""`make test`, `make unit` and `make bench`: pytest and the benchmarks in the virtual environment."""

import subprocess
from collections.abc import Mapping, Sequence

from tools.cache import CHECKOUT, cache_path, checkout_key
from tools.check import run_checks
from tools.console import ToolError, say
from tools.environment import Environment, prepare
from tools.process import child_environment
from tools.system import ensure_packages

UNIT = ["tests/unit"]  # on all cores, each file on one of them
OTHERS = ["tests/pipelines", "tests/prompts", "tests/comfyui", "tests/browser"]  # use all cores themselves
SPREAD = ["-n", "auto", "--dist", "loadfile"]
ONE_EACH = {"OMP_NUM_THREADS": "1"}  # torch's threads: more of them than cores only wait for each other
NOTHING = 5  # pytest's exit code where `-k` and the like leave no test


def test(arguments: Sequence[str]) -> int:
    """Set-up, Debian packages, checks, then every layer of tests; stops at failed checks."""
    environment = prepare()
    ensure_packages()
    if run_checks(environment) != 0:
        say("The tests were not run: put the findings above right first, or run `make unit`.")
        return 1
    codes = [
        run_pytest(environment, [*UNIT, *SPREAD, *arguments], ONE_EACH),
        run_pytest(environment, [*OTHERS, *arguments]),
    ]
    failed = [code for code in codes if code not in (0, NOTHING)]
    return max(failed) if failed else min(codes)


def unit(arguments: Sequence[str]) -> int:
    """The tests that need neither ComfyUI nor diffusers."""
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
    # -c makes tests/ the root folder: the checkout's own __init__.py imports ComfyUI and must not be collected.
    options = ["-c", "tests/pytest.ini", "-o", f"cache_dir={cache_path('pytest', checkout_key())}"]
    return run_python(environment, ["-m", "pytest", *options, *arguments], more)


def run_python(environment: Environment, arguments: Sequence[str], more: Mapping[str, str] | None = None) -> int:
    """The environment's Python in the checkout's root, on this terminal; returns its exit code."""
    told = {
        "LECTERN_COMFYUI": str(environment.comfyui.path),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(cache_path("hypothesis", checkout_key())),
        "PYTHONPATH": str(CHECKOUT),
        **(more or {}),
    }
    command = [str(environment.python), *arguments]
    return subprocess.run(command, cwd=CHECKOUT, env=child_environment(told), check=False).returncode
