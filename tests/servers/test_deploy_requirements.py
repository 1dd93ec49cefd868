"""deploy/requirements-gateway.txt against what the code of gateways and workers imports."""

import re

from unit.deploy.sources import DEPLOY, ROOT, server_parts

# Where the package that pip knows is called otherwise than the module.
PACKAGES = {"PIL": "Pillow", "nats": "nats-py", "sqlalchemy": "SQLAlchemy", "prometheus_client": "prometheus-client"}
# The driver is loaded by SQLAlchemy, by the name in the store's URL.
BY_NAME = {"psycopg[binary]", "nats-py"}
# Used where it is there; a gateway does without: it converts workflows by their nodes' definitions then.
OPTIONAL = {"comfy_cli"}


def listed() -> dict[str, str]:
    lines = [line.partition("#")[0].strip() for line in (DEPLOY / "requirements-gateway.txt").read_text().splitlines()]
    assert all(re.fullmatch(r"[A-Za-z0-9\[\]-]+>=[0-9.]+", line) for line in lines if line)
    return dict(line.split(">=") for line in lines if line)


def test_the_list_is_what_the_code_imports():
    _, packages = server_parts()
    needed = {PACKAGES.get(name, name) for name in packages - OPTIONAL} | BY_NAME
    assert needed == set(listed())


def test_neither_torch_nor_comfyui_is_within_reach_of_a_gateway():
    files, packages = server_parts()
    assert ROOT / "lectern/host.py" not in files
    assert not packages & {"torch", "diffusers", "transformers", "comfy", "folder_paths", "server", "numpy"}


def test_what_the_pack_itself_requires_has_the_same_lower_bound():
    pack = dict(line.split(">=") for line in (ROOT / "requirements.txt").read_text().split())
    assert {name: bound for name, bound in listed().items() if name in pack} == {
        name: bound for name, bound in pack.items() if name in listed()
    }
