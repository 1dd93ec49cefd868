"""What the code says of itself, read and not run: the packages that it imports, the figures that it counts."""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
FIGURE = re.compile(r"lectern_((runs?|requests|event|fleet|worker)_[a-z_]+|ready)")
ENDINGS = re.compile(r"_(total|bucket|count|sum)$")


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def module_file(name: str) -> Path | None:
    path = ROOT.joinpath(*name.split("."))
    package = path / "__init__.py"
    return package if package.exists() else path.with_suffix(".py") if path.with_suffix(".py").exists() else None


def name_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(file: Path) -> Iterator[str]:
    """Full names, also from inside functions; `from a import b` gives a and a.b."""
    package = name_of(file).split(".")
    if file.name != "__init__.py":
        package.pop()
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def reached(roots: list[Path]) -> tuple[set[Path], set[str]]:
    """Every file of ours that these lead to, and the packages of others that those import."""
    files: set[Path] = set()
    packages: set[str] = set()
    waiting = list(roots)
    while waiting:
        file = waiting.pop()
        if file in files:
            continue
        files.add(file)
        for name in imported(file):
            top = name.partition(".")[0]
            if top == "lectern":
                waiting += [found] if (found := module_file(name)) else []
            elif top not in sys.stdlib_module_names:
                packages.add(top)
    return files, packages


@cache
def server_parts() -> tuple[set[Path], set[str]]:
    """What a gateway or a worker can reach, and the packages that takes."""
    return reached([ROOT / "lectern/__main__.py", *(ROOT / "lectern/apps").rglob("*.py")])


def base(figure: str) -> str:
    """A figure's name without the endings that Prometheus gives its samples."""
    return ENDINGS.sub("", figure)


@cache
def counted() -> dict[str, set[str] | None]:
    """Every figure in the code with its labels; None where these are not written beside its name."""
    found: dict[str, set[str] | None] = {}
    for file in (ROOT / "lectern").rglob("*.py"):
        if "lectern_" not in file.read_text("utf-8"):
            continue
        for node in ast.walk(parsed(file)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and FIGURE.fullmatch(node.value):
                found.setdefault(base(node.value), None)
        for node in ast.walk(parsed(file)):
            if isinstance(node, ast.Call) and (name := literal(node.args[:1])) and base(name[0]) in found:
                found[base(name[0])] = labels(node)
    return found


def labels(call: ast.Call) -> set[str]:
    """Of prometheus_client's meters, as a list, or of a Measure, as a dictionary."""
    named = [literal(getattr(argument, part, [])) for argument in call.args[2:4] for part in ("elts", "keys")]
    return {name for names in named for name in names}


def literal(nodes: list[ast.expr]) -> list[str]:
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
