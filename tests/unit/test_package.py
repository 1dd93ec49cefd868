"""What the Comfy Registry and ComfyUI-Manager read of this package."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
TRACKED = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.splitlines()
TEMPLATES = sorted((ROOT / "workflows").glob("*.json"))
UNSHIPPED = ("tests/", "tools/", "benchmarks/", "web/app/vendor/")  # vendored files are shipped as they came
SHIPPED = [name for name in TRACKED if name.endswith((".py", ".js", ".mjs")) and not name.startswith(UNSHIPPED)]


def test_the_registry_gets_what_it_asks_for():
    assert PROJECT["project"]["name"] == "lectern"
    assert re.fullmatch(r"\d+\.\d+\.\d+", PROJECT["project"]["version"])
    assert PROJECT["project"]["urls"]["Repository"].startswith("https://")
    comfy = PROJECT["tool"]["comfy"]
    assert comfy["PublisherId"] and comfy["DisplayName"] == "Lectern" and comfy["requires-comfyui"].startswith(">=")
    assert "web" not in comfy  # with WEB_DIRECTORY it would register the folder twice


def test_the_manager_installs_the_same_packages_as_pip():
    """The Manager reads requirements.txt line by line; ours are lower bounds, never pins."""
    lines = (ROOT / "requirements.txt").read_text().split()
    assert lines == PROJECT["project"]["dependencies"]
    assert all(re.fullmatch(r"[a-z0-9-]+>=[0-9.]+", line) for line in lines)


def test_the_changelog_knows_this_version():
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert headings[0] == PROJECT["project"]["version"]


def test_the_readme_names_every_runtime_dependency():
    readme = (ROOT / "README.md").read_text("utf-8")
    for requirement in PROJECT["project"]["dependencies"]:
        assert f"| {requirement.split('>=')[0]} |" in readme


def test_scanners_find_the_node_ids_as_literals():
    """The Manager's scanner reads the mapping's keys and classes that derive from io.ComfyNode itself."""
    mapping = re.findall(r'^    "(Lectern\w+)": (\w+),', (ROOT / "nodes/__init__.py").read_text("utf-8"), re.MULTILINE)
    sources = "\n".join(file.read_text("utf-8") for file in (ROOT / "nodes").rglob("*.py"))
    declared = re.findall(r"class (\w+)\(io\.ComfyNode\):.*?node_id=\"(\w+)\"", sources, re.DOTALL)
    assert mapping and {(name, kind) for name, kind in mapping} == {(name, kind) for kind, name in declared}


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_code_has_nothing_that_the_registry_refuses(name):
    text = (ROOT / name).read_text("utf-8")
    refused = r"\beval\(|\bexec\(|subprocess|os\.system|pickle|pip install|trust_remote_code"
    if name.endswith((".js", ".mjs")):
        refused += r"|\.connect\(|\.bind\(|\.send\(|innerHTML"
    assert not re.search(refused, text)


def test_the_template_uses_only_core_nodes_and_ours():
    kinds = set(re.findall(r'"class_type": "(\w+)"', (ROOT / "workflows/api/deck_from_titles.json").read_text("utf-8")))
    assert {kind for kind in kinds if not kind.startswith("Lectern")} == {"PrimitiveStringMultiline", "SaveImage"}


# Of ComfyUI itself; MarkdownNote stands in the graph alone.
CORE = {
    "Canny", "CreateList", "ImageFromBatch", "LoadImage", "MarkdownNote", "PreviewAny", "PreviewImage",
    "PrimitiveStringMultiline", "SaveImage", "SaveVideo",
}  # fmt: skip


def placed(template: Path) -> set[str]:
    return {node["type"] for node in json.loads(template.read_text("utf-8"))["nodes"]}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda file: file.stem)
def test_templates_use_only_core_nodes_and_ours(template):
    assert {kind for kind in placed(template) if not kind.startswith("Lectern")} <= CORE


def test_every_node_has_a_place_in_a_template():
    mapping = re.findall(r'^    "(Lectern\w+)":', (ROOT / "nodes/__init__.py").read_text("utf-8"), re.MULTILINE)
    assert set(mapping) <= set().union(*map(placed, TEMPLATES))


def test_every_template_has_a_picture_and_an_api_file():
    for workflow in TEMPLATES:
        assert workflow.with_suffix(".jpg").exists()
        assert (workflow.parent / "api" / workflow.name).exists()


def behind(graph: dict, link: list) -> set[str]:
    """The kinds of all nodes that a link comes through."""
    node = graph[link[0]]
    above = [value for value in node["inputs"].values() if isinstance(value, list)]
    return {node["class_type"]}.union(*(behind(graph, one) for one in above))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda file: file.stem)
def test_no_template_numbers_a_slide_twice(template):
    """A number that is drawn into the picture, and PowerPoint's own over it."""
    graph = json.loads((template.parent / "api" / template.name).read_text("utf-8"))
    for node in graph.values():
        if node["class_type"] == "LecternSaveDeck" and node["inputs"]["slide_numbers"]:
            assert "LecternSlideNumber" not in behind(graph, node["inputs"]["images"])
