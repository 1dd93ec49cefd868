"""ComfyUI's own templates: App Mode's picks and the export, read here and by the real front end."""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Page

from lectern.apps.contract import derive_contract
from lectern.apps.graph import Graph, is_graph
from lectern.apps.publishing.appmode import read_picks
from lectern.apps.publishing.converting import convert
from support.client import Comfy
from support.editor import open_editor
from tools.server import ComfyServer

# What the front end exports and ComfyUI does not read: preview widgets, and names that are only shown.
PREVIEWS = {("ImageCompare", "compare_view"), ("SaveGLB", "image"), ("Preview3D", "image")}


def templates() -> list[Path]:
    """Those that were saved as apps, from the package that ComfyUI requires."""
    package = importlib.util.find_spec("comfyui_workflow_templates_json")
    folders = package.submodule_search_locations if package else None
    files = [file for folder in folders or () for file in sorted(Path(folder).glob("templates/*.json"))]
    return [file for file in files if '"linearData"' in file.read_text("utf-8")]


TEMPLATES = templates()


class Opened(NamedTuple):
    """A workflow as the front end has it once it is open."""

    saved: dict[str, Any]
    graph: Graph
    inputs: list[Any]  # App Mode's, brought up to date
    outputs: list[str]


@pytest.fixture(scope="module")
def opened(browser: Browser, server: ComfyServer) -> Iterator[dict[str, Opened]]:
    """All of them, opened one after the other in one editor, by their names."""
    page = browser.new_page()
    page.request.post(f"{server.url}/api/settings/Comfy.TutorialCompleted", data="true")
    open_editor(page, server.url)
    yield {file.stem: _open(page, json.loads(file.read_text("utf-8"))) for file in TEMPLATES}
    page.close()


def _open(page: Page, document: dict[str, Any]) -> Opened:
    page.evaluate("graph => window.app.loadGraphData(graph)", document)
    said = page.evaluate(
        """async () => {
            const { output, workflow } = await window.app.graphToPrompt();
            const pinia = document.querySelector("#vue-app").__vue_app__.config.globalProperties.$pinia;
            const { selectedInputs, selectedOutputs } = pinia._s.get("appMode");
            return JSON.parse(JSON.stringify([workflow, output, selectedInputs, selectedOutputs]));
        }"""
    )
    return Opened(*said)


@pytest.fixture(scope="module")
def object_info(comfy: Comfy) -> dict[str, Any]:
    return comfy.get("/object_info").json


def runnable(opened: dict[str, Opened], file: Path) -> Opened:
    shown = opened[file.stem]
    if not is_graph(shown.graph):
        pytest.skip("the template needs nodes that this ComfyUI does not have")
    return shown


def with_picks(one: Opened) -> dict[str, Any]:
    return {**one.saved, "extra": {"linearData": {"inputs": one.inputs, "outputs": one.outputs}}}


def test_there_are_templates():
    assert len(TEMPLATES) > 10


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.stem)
def test_picks_are_read_as_the_front_end_reads_them(opened, object_info, file: Path):
    document, shown = json.loads(file.read_text("utf-8")), runnable(opened, file)
    ours, theirs = read_picks(document, shown.graph), read_picks(with_picks(shown), shown.graph)
    assert len(theirs.picks) == len(shown.inputs)
    found = [pick for pick in ours.picks if pick in theirs.picks]
    assert found == list(theirs.picks)
    assert {pick.node_id for pick in ours.outputs} >= {i for i in shown.outputs if i in shown.graph}
    assert len(derive_contract(theirs, shown.graph, object_info).inputs) >= len(theirs.picks)


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.stem)
def test_the_converter_makes_what_the_front_end_exports(opened, object_info, file: Path):
    shown = runnable(opened, file)
    assert executed(convert(shown.saved, object_info)) == executed(shown.graph)


def executed(graph: Graph) -> dict[str, Any]:
    """What ComfyUI reads of a graph."""
    return {
        node_id: {
            "class_type": node["class_type"],
            "inputs": {k: v for k, v in node["inputs"].items() if (node["class_type"], k) not in PREVIEWS},
        }
        for node_id, node in graph.items()
    }
