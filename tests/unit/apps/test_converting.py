"""Workflows as the editor saves them, converted by the real comfy-cli; and those that are refused before."""

import sys

import pytest

from lectern.apps.publishing.converting import MOST_NODES, WorkflowFormat, check_bounds, convert
from unit.apps import subgraphs
from unit.apps.samples import OBJECT_INFO

EMPTY_IMAGE = {"id": 1, "type": "EmptyImage", "mode": 0, "title": "Canvas", "widgets_values": [64, 32, 1, 255]}
SAVE = {
    "id": 3,
    "type": "SaveImage",
    "mode": 0,
    "inputs": [{"name": "images", "type": "IMAGE", "link": 1}],
    "widgets_values": ["deck"],
}
SAVED = {"nodes": [EMPTY_IMAGE, SAVE], "links": [[1, 1, 0, 3, 0, "IMAGE"]]}


def refused(workflow) -> str:
    with pytest.raises(WorkflowFormat) as caught:
        convert(workflow, OBJECT_INFO)
    assert (caught.value.status, caught.value.code) == (422, "workflow_format_ui")
    return str(caught.value)


def test_a_saved_workflow_becomes_a_graph():
    graph = convert(SAVED, OBJECT_INFO)
    assert graph["1"] == {
        "class_type": "EmptyImage",
        "inputs": {"width": 64, "height": 32, "batch_size": 1, "color": 255},
        "_meta": {"title": "Canvas"},
    }
    assert graph["3"]["inputs"] == {"images": ["1", 0], "filename_prefix": "deck"}


def test_a_subgraphs_own_values_win():
    graph = convert(subgraphs.workflow([]), subgraphs.INFO)
    assert graph["12:5"]["inputs"]["text"] == "host's text"
    assert [graph[i]["inputs"]["width"] for i in ("12:6", "12:7:8")] == [128, 128]
    assert "13:8" not in graph


def test_a_custom_combo_keeps_its_choices_and_its_index():
    info = {"CustomCombo": {"input": {"required": {"choice": ["COMBO", {"options": []}]}}}}
    combo = {"id": 5, "type": "CustomCombo", "mode": 0, "widgets_values": ["b", 0, "a", "b", ""]}
    assert convert({"nodes": [combo], "links": []}, info)["5"]["inputs"] == {
        "choice": "b",
        "index": 1,
        "option1": "a",
        "option2": "b",
        "option3": "",
    }


def test_without_comfy_cli_the_answer_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "comfy_cli.workflow_to_api", None)
    message = refused(SAVED)
    assert "comfy-cli, 1.23 or later" in message
    assert "Export (API)" in message


def deep(levels: int) -> list:
    inner: list = []
    for _ in range(levels):
        inner = [inner]
    return inner


def chain(levels: int, each: int) -> dict:
    """Subgraphs that hold `each` of the next one, down to a plain node."""
    layers = [
        {"id": str(number), "nodes": [{"id": n, "type": str(number + 1)} for n in range(each)], "links": []}
        for number in range(levels)
    ]
    return {"nodes": [{"id": 1, "type": "0"}], "links": [], "definitions": {"subgraphs": layers}}


@pytest.mark.parametrize(
    ("workflow", "says"),
    [
        ({}, "no list of nodes"),
        ({"nodes": {}}, "no list of nodes"),
        ({"1": {"class_type": "EmptyImage", "inputs": {}}}, "no list of nodes"),
        ({"nodes": [], "links": []}, "no node that runs"),
        ({"nodes": [{**EMPTY_IMAGE, "mode": 2}], "links": []}, "no node that runs"),
        ({"nodes": [], "extra": deep(200)}, "nested more than 100 deep"),
        (chain(3, 20), f"at most {MOST_NODES}"),
        (chain(8, 100), f"at most {MOST_NODES}"),
        (chain(12, 1), "more than 9 deep"),
        ({"nodes": [], "definitions": {"subgraphs": [{"id": "a", "nodes": [{"type": "a"}]}]}}, "no node that runs"),
        (
            {"nodes": [{"id": 1, "type": "a"}], "definitions": {"subgraphs": [{"id": "a", "nodes": [{"type": "a"}]}]}},
            "holds itself",
        ),
    ],
)
@pytest.mark.timeout(10)
def test_what_cannot_be_converted_is_said_in_one_sentence(workflow, says):
    assert says in refused(workflow)


@pytest.mark.parametrize(
    "odd",
    [
        {"nodes": [None, 5, {}, {"id": 1}, {"id": [], "type": []}, EMPTY_IMAGE], "links": [None, [1], {}, "x"]},
        {"nodes": [EMPTY_IMAGE | {"inputs": "x", "widgets_values": {"width": 9}}], "links": {}},
        {"nodes": [EMPTY_IMAGE], "links": [], "definitions": {"subgraphs": [None, {"id": 5}, {"nodes": "x"}]}},
    ],
)
def test_a_damaged_workflow_is_converted_or_refused(odd):
    check_bounds(odd)
    try:
        assert convert(odd, OBJECT_INFO)["1"]["class_type"] == "EmptyImage"
    except WorkflowFormat as error:
        assert "Export (API)" in str(error)
