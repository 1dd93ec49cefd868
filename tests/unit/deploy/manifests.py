"""The manifests of deploy/kubernetes and the compose files, as Python reads them."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from unit.deploy.sources import DEPLOY

FOLDER = DEPLOY / "kubernetes"
OPTIONS = sorted(path.name for path in (FOLDER / "options").iterdir())
# The first one whose sidecars are switched on by themselves, and the newest whose schemas we have.
VERSIONS = ["1.29", "1.37"]
COMPOSE_FILES = ["compose.yaml", "compose.worker.yaml", "compose.watch.yaml"]


@cache
def compose(name: str) -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / name).read_text())


def services() -> dict[str, dict[str, Any]]:
    return {name: service for file in COMPOSE_FILES for name, service in compose(file)["services"].items()}


def read(file: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(file.read_text()))


ALL = [one for file in sorted(FOLDER.rglob("*.yaml")) for one in read(file)]


def named(one: dict[str, Any]) -> str:
    return f"{one['kind']}-{one.get('metadata', {}).get('name')}"


def get(kind: str, name: str) -> dict[str, Any]:
    (found,) = [one for one in ALL if named(one) == f"{kind}-{name}"]
    return found


def pod(name: str) -> dict[str, Any]:
    return get("StatefulSet" if name == "nats" else "Deployment", name)["spec"]["template"]


def containers(name: str) -> list[dict[str, Any]]:
    spec = pod(name)["spec"]
    return [*spec.get("initContainers", []), *spec["containers"]]
