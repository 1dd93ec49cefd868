"""What is proposed of a workflow whose author picked nothing."""

import json
from typing import Any

import pytest

from lectern.apps.contract import derive_contract
from lectern.apps.picks import Place, parse_picks
from lectern.apps.publishing.proposals import Group, proposal_view, propose, propose_all
from unit.apps import samples, subgraphs

INFO: dict[str, Any] = {
    "Encode": {
        "display_name": "Encode Text",
        "input": {"required": {"text": ["STRING", {"multiline": True}], "clip": ["CLIP"]}},
        "output": ["CONDITIONING"],
    },
    "Guide": {"input": {"required": {"conditioning": ["CONDITIONING"]}}, "output": ["CONDITIONING"]},
    "Sample": {
        "input": {
            "required": {
                "seed": ["INT", {"control_after_generate": True}],
                "steps": ["INT", {}],
                "sampler_name": [["euler", "ddim"], {}],
            }
        }
    },
    "Latent": {"input": {"required": {"width": ["INT", {}], "height": ["INT", {}], "batch_size": ["INT", {}]}}},
    "Load": {
        "display_name": "Load Image",
        "input": {"required": {"image": [["a.png"], {"image_upload": True}]}},
        "output": ["IMAGE", "MASK"],
    },
    "Hold": {"display_name": "Text", "input": {"required": {"value": ["STRING", {"multiline": True}]}}},
    "Number": {"display_name": "Int", "input": {"required": {"value": ["INT", {}]}}},
    "Shade": {"input": {"required": {"fragment_shader": ["STRING", {"multiline": True}]}}},
    "SaveImage": {
        "display_name": "Save Image",
        "input": {"required": {"images": ["IMAGE"], "filename_prefix": ["STRING", {}]}},
        "output": [],
        "output_node": True,
    },
    "PreviewAny": {"display_name": "Preview", "input": {"required": {"source": ["*"]}}, "output_node": True},
    "Caption": {"input": {"required": {"image": ["IMAGE"]}}, "output": ["STRING"], "output_node": True},
}


def node(class_type: str, title: str = "", **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs, "_meta": {"title": title or class_type}}


GRAPH = {
    "1": node("Encode", "Encode Text", text="blurry", clip=["0", 0]),
    "2": node("Encode", "Encode Text", text="a cat", clip=["0", 0]),
    "3": node("Guide", conditioning=["2", 0]),
    "4": node("Latent", width=512, height=640, batch_size=1),
    "5": node("Sample", seed=3, steps=20, sampler_name="euler", positive=["3", 0], negative=["1", 0]),
    "6": node("Load", "Load Image", image="a.png"),
    "7": node("SaveImage", "Save Image", images=["5", 0], filename_prefix="x"),
    "8": node("PreviewAny", "Preview", source=["2", 0]),
    "9": node("Latent", "Thumbnail", width=64, height=64, batch_size=1),
}


def named(graph, workflow=None):
    return [(pick.name, pick.options.label) for pick in propose(graph, INFO, workflow).picks]


def test_a_person_would_tick_prompts_pictures_seeds_and_sizes_in_this_order():
    assert named(GRAPH) == [
        ("prompt", "Prompt"),
        ("negative_prompt", "Negative prompt"),
        ("image", "Image"),
        ("seed", "Seed"),
        ("width", "Width"),
        ("height", "Height"),
    ]


def test_the_proposal_is_a_whole_contract():
    contract = derive_contract(propose(GRAPH, INFO), GRAPH, INFO)
    assert [item.default for item in contract.inputs] == ["a cat", "blurry", "a.png", 3, 512, 640]
    assert [output.name for output in contract.outputs] == ["image"]
    assert contract.stale == ()


def test_everything_else_is_offered_without_a_tick():
    rest = [(p.pick.widget, p.group) for p in propose_all(GRAPH, INFO).inputs if not p.picked]
    assert ("steps", Group.SETTINGS) in rest
    assert ("sampler_name", Group.SETTINGS) in rest
    assert ("width", Group.SIZE) in rest
    widgets = {p.pick.widget for p in propose_all(GRAPH, INFO).inputs}
    assert not widgets & {"filename_prefix", "clip", "positive", "images"}


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ({"1": node("Hold", "Titles", value="A\nB")}, ["titles"]),
        ({"1": node("Hold", "Titles", value="")}, []),
        ({"1": node("Hold", "System prompt template", value="You are")}, []),
        ({"1": node("Hold", "Text", value="x"), "2": node("Hold", "Text", value="y")}, ["value_1", "value_2"]),
        ({"1": node("Number", "Seed", value=1), "2": node("Number", "Steps", value=1)}, ["seed"]),
        ({"1": node("Shade", fragment_shader="void main() {}")}, []),
        ({"1": node("Load", "The product", image="a.png")}, ["the_product"]),
        ({"1": node("Load", image="a.png"), "2": node("Load", "Face", image="a.png")}, ["image", "face"]),
        ({"1": node("FromAMissingPack", text="x")}, []),
    ],
)
def test_names_come_from_titles(nodes, expected):
    assert [name for name, _ in named(nodes)] == expected


@pytest.mark.parametrize(
    ("kinds", "picked"),
    [
        (["SaveImage", "PreviewAny", "Caption"], ["image"]),
        (["PreviewAny", "Caption"], ["text"]),
        (["Caption", "Caption"], ["text", "text_2"]),
        (["Encode"], []),
    ],
)
def test_what_saves_is_an_output_else_what_shows(kinds, picked):
    graph = {str(i): node(kind, INFO[kind].get("display_name", kind)) for i, kind in enumerate(kinds)}
    assert [pick.name for pick in propose(graph, INFO).outputs] == picked


def test_what_a_subgraph_shows_is_proposed_and_what_it_hides_is_not():
    info = subgraphs.INFO
    proposed = propose_all(subgraphs.GRAPH, info, subgraphs.workflow([]))
    picked = {pick.name: pick for pick in proposed.picked.picks}
    assert picked["what_to_draw"].node_id == "12:5"
    assert picked["size"].also == (Place("12:7:8", "width"),)
    hidden = [p.pick.widget for p in proposed.inputs if p.pick.node_id == "12:5" and not p.picked]
    assert hidden == ["noise_seed"]


def test_app_modes_picks_come_first_with_their_names():
    view = proposal_view(samples.GRAPH, samples.OBJECT_INFO, samples.workflow())
    assert view["source"] == "app_mode"
    assert [p["name"] for p in view["inputs"] if p["picked"]] == ["text", "strength", "seed", "width"]
    assert [p["picked"] for p in view["inputs"]][:5] == [True] * 4 + [False]
    assert view["inputs"][1]["label"] == "How strong"
    assert [(o["name"], o["picked"]) for o in view["outputs"]] == [("picture", True)]


def test_a_pick_that_is_gone_is_listed_and_not_offered():
    view = proposal_view(samples.GRAPH, samples.OBJECT_INFO, samples.workflow([[99, "x"], [2, "image"], [2, "mode"]]))
    assert [p["widget"] for p in view["inputs"] if p["picked"]] == ["mode"]
    assert [stale["name"] for stale in view["stale"]] == ["x", "image"]


def test_without_app_mode_it_is_a_proposal_that_can_be_sent_back():
    view = json.loads(json.dumps(proposal_view(GRAPH, INFO, None)))
    assert view["source"] == "proposed"
    assert view["inputs"][0] == {
        "node_id": "2",
        "widget": "text",
        "name": "prompt",
        "label": "Prompt",
        "picked": True,
        "type": "string",
        "current": "a cat",
        "group": "prompt",
        "class_type": "Encode",
        "media": None,
    }
    assert {p["type"]: p["media"] for p in view["inputs"]}["file"] == "image"
    assert parse_picks(view["inputs"], view["outputs"], GRAPH)[:2] == propose(GRAPH, INFO)[:2]
