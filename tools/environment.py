"""The virtual environment that ComfyUI, the tests and the checks run in; built once, kept in the cache.

Two layers. The base holds torch and what ComfyUI asks for; its folder is named after the versions that decide it, and
a marker written last says that it is complete. The extras are the pack's and the tests' requirements; a stamp says
which, so that a change of either file costs one `pip install`.
"""

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.cache import CHECKOUT, cache_path, lock, remove_tree, write_atomically
from tools.comfyui import ComfyUI, find_comfyui
from tools.console import ToolError, say, step
from tools.pip import run_pip
from tools.repair import fill_template_media, repair_torch_companions
from tools.requirements import environment_key, extras_key, small_template_packages, split_templates
from tools.server import MARKER

DEFAULT_TORCH = "torch==2.13.0"
# The parts that must fit each other: installing the extras may move none of them.
TORCH_FAMILY = ("torch", "torchvision", "torchaudio")
REQUIREMENT_FILES = ("requirements.txt", "tests/requirements.txt")
STAMP = "lectern-extras.txt"


@dataclass(frozen=True)
class Environment:
    """A virtual environment and the ComfyUI it was made for."""

    folder: Path
    comfyui: ComfyUI

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def site(self) -> Path:
        """Its site-packages folder."""
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        return self.folder / "lib" / version / "site-packages"

    def command(self, name: str) -> Path:
        """A console script installed in it."""
        return self.folder / "bin" / name

    def is_complete(self) -> bool:
        """Whether the base was built to its end (an interrupted build has no marker)."""
        return (self.folder / MARKER).is_file() and self.python.exists()

    def has_extras(self, key: str) -> bool:
        """Whether the extras with that fingerprint are installed."""
        stamp = self.folder / STAMP
        return stamp.is_file() and stamp.read_text(encoding="utf-8") == key


def prepare() -> Environment:
    """The finished environment for this machine and checkout; builds what is missing, else costs milliseconds."""
    environment = locate(find_comfyui())
    key = wanted_extras()
    if environment.is_complete() and environment.has_extras(key):
        return environment
    with lock("environment"):
        log = cache_path("logs", "setup.log")
        log.unlink(missing_ok=True)
        if not environment.is_complete():
            build_base(environment, torch_spec(), log)
        if not environment.has_extras(key):
            install_extras(environment, key, log)
    return environment


def locate(comfyui: ComfyUI) -> Environment:
    """Where the environment for a ComfyUI lies, whether or not it has been built."""
    key = environment_key(torch_spec(), comfyui.version, comfyui.requirements)
    return Environment(cache_path("venv", key), comfyui)


def torch_spec(environ: Mapping[str, str] = os.environ) -> str:
    """The torch to install: `$LECTERN_TORCH` (a requirement, e.g. `torch==2.9.1`), else the one we test with."""
    return environ.get("LECTERN_TORCH") or DEFAULT_TORCH


def wanted_extras(checkout: Path = CHECKOUT) -> str:
    """Fingerprint of the requirement files as they are now."""
    return extras_key(*((checkout / name).read_text(encoding="utf-8") for name in REQUIREMENT_FILES))


def build_base(environment: Environment, spec: str, log: Path) -> None:
    """Make the environment from nothing; the marker is the last thing written."""
    say(f"Setting up {environment.folder} (a few minutes, once; pip writes to {log})")
    with step("creating the virtual environment"):
        create_venv(environment.folder)
    # torch first: anything else that asks for it would let pip take the index's newest CUDA build.
    with step(f"installing {spec}"):
        install(environment, [spec], log, f"Installing {spec}")
    plain, templates = split_templates(environment.comfyui.requirements)
    with step(f"installing what ComfyUI {environment.comfyui.version} requires"):
        pins = torch_pins(environment)
        install(environment, [*constraints(environment, pins), *plain], log, "Installing ComfyUI's requirements")
    if templates is not None:
        with step("installing ComfyUI's templates without their media"):
            install_templates(environment, templates, log)
    with step("checking torchvision and torchaudio"):
        repaired = repair_torch_companions(environment.python, environment.site)
    if repaired:
        say(f"    repaired for this CPU build of torch: {', '.join(repaired)}")
    write_atomically(environment.folder / MARKER, json.dumps({"accelerator": torch_build(environment)}))


def create_venv(folder: Path) -> None:
    """A fresh virtual environment in place of whatever an interrupted build left."""
    remove_tree(folder)
    command = [sys.executable, "-m", "venv", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        shutil.rmtree(folder, ignore_errors=True)
        reason = (done.stdout + done.stderr).strip().splitlines() or ["no reason given"]
        raise ToolError(
            f"Python could not make a virtual environment ({reason[-1]}): on Debian install it with "
            "`sudo apt-get install python3-venv`, then run this again."
        )


def install(environment: Environment, arguments: list[str], log: Path, what: str) -> None:
    """`pip install` into the environment. Byte code is written on first use, into the cache (see tools.process)."""
    run_pip(environment.python, ["install", "--no-compile", *arguments], log, what)


def install_templates(environment: Environment, requirement: str, log: Path) -> None:
    """The template package, its small companions, and stand-ins for over 400 MB of thumbnails."""
    what = "Installing ComfyUI's templates"
    install(environment, ["--no-deps", requirement], log, what)
    requires = installed(environment, "comfyui-workflow-templates").requires or []
    if companions := small_template_packages(requires):
        install(environment, ["--no-deps", *companions], log, what)
    fill_template_media(environment.site)


def install_extras(environment: Environment, key: str, log: Path) -> None:
    """The pack's and the tests' requirements, within what ComfyUI and torch have already settled."""
    files = [argument for name in REQUIREMENT_FILES for argument in ("-r", str(CHECKOUT / name))]
    plain, _ = split_templates(environment.comfyui.requirements)
    pins = torch_pins(environment, TORCH_FAMILY)
    with step("installing Lectern's and the tests' requirements"):
        (environment.folder / STAMP).unlink(missing_ok=True)
        limits = constraints(environment, [*pins, *plain])
        install(environment, [*limits, *files], log, "Installing Lectern's requirements")
    write_atomically(environment.folder / STAMP, key)


def constraints(environment: Environment, lines: list[str]) -> list[str]:
    """pip arguments that forbid moving what those lines settle."""
    file = environment.folder / "lectern-constraints.txt"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return ["-c", str(file)]


def torch_pins(environment: Environment, names: tuple[str, ...] = ("torch",)) -> list[str]:
    """`name==version` of each that is installed, local version included (2.13.0+cpu)."""
    found = importlib.metadata.distributions(path=[str(environment.site)])
    versions = {distribution.name.lower(): distribution.version for distribution in found}
    return [f"{name}=={versions[name]}" for name in names if name in versions]


def installed(environment: Environment, name: str) -> importlib.metadata.Distribution:
    """Metadata of one installed package, read from outside the environment."""
    return next(iter(importlib.metadata.distributions(name=name, path=[str(environment.site)])))


def torch_build(environment: Environment) -> str:
    """What the installed torch was built for: 'cuda' (ROCm too), 'mps' or 'cpu'."""
    code = (
        "import torch; gpu = torch.version.cuda or torch.version.hip; "
        "print('cuda' if gpu else 'mps' if torch.backends.mps.is_available() else 'cpu')"
    )
    command = [str(environment.python), "-I", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
