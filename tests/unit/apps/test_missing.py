"""What a graph needs and this ComfyUI does not have."""

import pytest

from lectern.apps.contract import derive_contract
from lectern.apps.picks import OutputPick, Pick, Picked
from lectern.apps.publishing.missing import Missing, missing

INFO = {
    "Load": {
        "input": {
            "required": {
                "ckpt": [["a.safetensors", "b.safetensors"], {}],
                "folder": ["COMBO", {"options": ["none"]}],
                "empty": [[], {}],
                "sampler": [["euler", "ddim"], {}],
                "listed_elsewhere": ["COMBO", {"options": ["server's choice"], "lectern_list": "checkpoints"}],
                "remote": ["COMBO", {"options": [], "remote": {"route": "/x"}}],
                "several": ["COMBO", {"options": ["a.pt"], "multiselect": True}],
                "picture": [["in.png"], {"image_upload": True}],
                "text": ["STRING", {}],
            }
        }
    },
    "LecternPipelineLoader": {"input": {"required": {"pipeline": ["COMBO", {"options": [""]}]}}},
}


def found(class_type="Load", **inputs):
    graph = {"7": {"class_type": class_type, "inputs": inputs, "_meta": {"title": "Here"}}}
    return [(item.kind, item.name, item.widget) for item in missing(graph, INFO)]


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"ckpt": "a.safetensors"}, []),
        ({"ckpt": "c.safetensors"}, [("model", "c.safetensors", "ckpt")]),
        ({"ckpt": "no suffix"}, [("model", "no suffix", "ckpt")]),
        ({"folder": "my model"}, [("model", "my model", "folder")]),
        ({"empty": "x.pt"}, [("model", "x.pt", "empty")]),
        ({"sampler": "lcm.v2"}, [("model", "lcm.v2", "sampler")]),
        ({"sampler": "heun"}, []),
        ({"listed_elsewhere": "sd.safetensors", "remote": "x.pt", "several": "y.pt"}, []),
        ({"ckpt": ["3", 0], "text": "c.safetensors", "unknown": "x.pt"}, []),
        ({"picture": "in.png"}, []),
        ({"picture": "gone.png"}, [("file", "gone.png", "picture")]),
        ({"picture": "sub/gone.png"}, []),
        ({"picture": "gone.png [output]"}, []),
    ],
)
def test_a_value_that_a_list_of_files_lacks(inputs, expected):
    assert found(**inputs) == expected


def test_a_class_that_is_not_installed():
    graph = {"7": {"class_type": "FromAPack", "inputs": {"ckpt": "x.pt"}, "_meta": {"title": "Here"}}}
    for info in ({}, {"FromAPack": {}}):
        assert missing(graph, info) == [Missing("node", "FromAPack", "7", "Here")]


def test_a_pipeline_that_is_named_by_the_hub_needs_no_folder():
    assert found("LecternPipelineLoader", pipeline="sdxl", hub_id="") == [("model", "sdxl", "pipeline")]
    assert found("LecternPipelineLoader", pipeline="sdxl", hub_id="owner/name") == []


def test_what_callers_set_is_not_missing():
    graph = {"7": {"class_type": "Load", "inputs": {"ckpt": "c.safetensors", "empty": "x.pt"}}}
    contract = derive_contract(Picked((Pick("7", "ckpt", "model"),), (OutputPick("7"),)), graph, INFO)
    assert [item.widget for item in missing(graph, INFO, contract)] == ["empty"]
