"""What a run needs of a ComfyUI."""

import pytest

from lectern.apps.files.names import file_url
from lectern.apps.fleet.messages import Requirement
from lectern.apps.fleet.requirements import fits, lacking, requirement, shown
from lectern.apps.graph import Target
from lectern.apps.runs import Workflow

LOADER = "CheckpointLoaderSimple"


def having(*models, files=("own.png",), **classes):
    loader = {"input": {"required": {"ckpt_name": [list(models)], "device": [["cpu", "cuda"]]}}}
    image = {"input": {"required": {"image": [list(files), {"image_upload": True}]}}}
    return {LOADER: loader, "LoadImage": image, **classes}


def workflow(model="a.safetensors", image="own.png"):
    graph = {
        "1": {"class_type": LOADER, "inputs": {"ckpt_name": model, "device": "cpu"}},
        "2": {"class_type": "LoadImage", "inputs": {"image": image}},
    }
    return Workflow(graph, {"model": Target("1", "ckpt_name"), "image": Target("2", "image", "image")}, {})


ALL = having("a.safetensors", "b.safetensors")


def test_node_classes_models_and_the_app_s_own_files():
    found = requirement(workflow(), {}, ALL, alone="poster")
    assert found.classes == {LOADER, "LoadImage"} and found.alone == "poster"
    assert found.models == {(LOADER, "ckpt_name", "a.safetensors"), ("LoadImage", "image", "own.png")}


def test_values_of_the_run_are_filled_in():
    found = requirement(workflow(), {"model": "b.safetensors", "image": file_url("a" * 32)}, ALL)
    assert found.models == {(LOADER, "ckpt_name", "b.safetensors")}


@pytest.mark.parametrize("value", ["None", "", "folder/x.png", "x.png [output]", "never.png"])
def test_what_is_no_file_of_the_input_folder_is_not_required(value):
    assert requirement(workflow(image=value), {}, ALL).models == {(LOADER, "ckpt_name", "a.safetensors")}


def test_a_model_that_is_nowhere_is_required_all_the_same():
    found = requirement(workflow("gone.safetensors"), {}, ALL)
    assert lacking(found, ALL) == ["gone.safetensors"]


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        (ALL, []),
        (having("b.safetensors"), ["a.safetensors"]),
        (having("a.safetensors", files=()), ["own.png"]),
        ({LOADER: ALL[LOADER]}, ["LoadImage"]),
        ({}, [LOADER, "LoadImage"]),
    ],
)
def test_what_a_comfyui_lacks(there, missing):
    found = requirement(workflow(), {}, ALL)
    assert lacking(found, there) == missing and fits(found, there) is (not missing)


def test_the_same_requirement_is_the_same_lane_after_travelling():
    found = requirement(workflow(), {}, ALL, alone="x")
    assert Requirement.load(found.dump()).lane == found.lane != requirement(workflow(), {}, ALL).lane


def test_few_names_are_shown_of_many():
    assert shown(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
