"""`make check`: style, format, types and the rules of the house, every one of them even when an earlier one fails."""

import json
import os
import subprocess
import tomllib
from collections.abc import Sequence
from pathlib import Path

from tools.cache import CHECKOUT, cache_path, checkout_key, write_atomically
from tools.console import say
from tools.environment import Environment, prepare
from tools.process import child_environment

# Settings of [tool.pyright] that hold paths.
PATH_LISTS = ("include", "exclude", "ignore", "strict", "extraPaths")
PATH_VALUES = ("venvPath", "stubPath", "typeshedPath")


def check(_: Sequence[str]) -> int:
    """Run all checks; non-zero when one found something."""
    return run_checks(prepare())


def run_checks(environment: Environment) -> int:
    """Run all checks in the checkout and name those that failed."""
    failed = [name for name, command in commands(environment).items() if not passes(name, command)]
    if failed:
        say(f"\nChecks failed: {', '.join(failed)}. (`ruff format` and `ruff check --fix` repair most style findings.)")
    return 1 if failed else 0


def commands(environment: Environment) -> dict[str, list[str]]:
    """What is run, by the name that is printed."""
    ruff, cache = str(environment.command("ruff")), str(cache_path("ruff"))
    project = str(write_pyright_project(environment))
    imports = str(environment.command("lint-imports"))
    return {
        "ruff check": [ruff, "check", "--cache-dir", cache, "."],
        "ruff format": [ruff, "format", "--check", "--cache-dir", cache, "."],
        "pyright": [
            str(environment.command("pyright")),
            "--project",
            project,
            "--pythonpath",
            str(environment.python),
        ],
        "import rules": [imports, "--cache-dir", str(cache_path("import-linter", checkout_key()))],
    }


def passes(name: str, command: list[str]) -> bool:
    """Run one check, its findings on the terminal."""
    say(f"[{name}]")
    return subprocess.run(command, cwd=CHECKOUT, env=check_environment(), check=False).returncode == 0


def check_environment() -> dict[str, str]:
    """Pyright's wrapper keeps Node and, for other versions than the one it carries, the npm package in our cache."""
    pyright = {
        "PYRIGHT_PYTHON_CACHE_DIR": str(cache_path("pyright")),
        "PYRIGHT_PYTHON_ENV_DIR": str(cache_path("pyright", "node")),
        "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1",  # else it asks the network for a newer version at every run
    }
    return child_environment(pyright)


def write_pyright_project(environment: Environment) -> Path:
    """[tool.pyright] as a project file in the cache: where ComfyUI lies differs from machine to machine."""
    path = cache_path("check", f"pyright-{checkout_key()}.json")
    settings = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["tool"].get("pyright", {})
    project = pyright_project(settings, CHECKOUT, path.parent, environment.comfyui.path)
    write_atomically(path, json.dumps(project, indent=2))
    return path


def pyright_project(settings: dict, checkout: Path, folder: Path, comfyui: Path) -> dict:
    """The settings for a project file that lies in `folder`.

    Pyright takes only relative paths in `include` and its like ("Ignoring path because it is not relative"), so every
    path is led from the project file's folder to the checkout.
    """
    way = os.path.relpath(checkout, folder)
    moved = dict(settings)
    for name in PATH_LISTS:
        if name in settings:
            moved[name] = [os.path.join(way, item) for item in settings[name]]
    for name in PATH_VALUES:
        if name in settings:
            moved[name] = os.path.join(way, settings[name])
    if parts := settings.get("executionEnvironments"):
        moved["executionEnvironments"] = [part | {"root": os.path.join(way, part["root"])} for part in parts]
    # The checkout comes first: `nodes` and `tests` are ours, not ComfyUI's modules of these names.
    moved["extraPaths"] = [str(checkout), *moved.get("extraPaths", []), str(comfyui)]
    return moved
