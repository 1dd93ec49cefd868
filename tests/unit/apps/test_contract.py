"""Deriving an app's contract from App Mode's picks, the API graph and /object_info."""

import pytest

from lectern.apps.contract import derive_contract, needed_classes
from lectern.apps.inputs import Input
from lectern.apps.nodeinfo import Kind
from lectern.apps.schema import input_schema, property_schema
from unit.apps.samples import GRAPH, OBJECT_INFO, graph, workflow


def derive(picks, nodes=None, **options):
    return derive_contract(workflow(picks, **options), nodes or GRAPH, OBJECT_INFO)


def only(picks) -> Input:
    contract = derive(picks)
    assert contract.stale == ()
    (item,) = contract.inputs
    return item


@pytest.mark.parametrize(
    ("identity", "widget"),
    [
        ("aaaa:2:strength", "strength"),
        ("any-other-graph:2:strength", "strength"),
        ("aaaa:%32:str%65ngth", "shown name"),
        (2, "strength"),
        ("2", "strength"),
    ],
)
def test_every_id_form_of_a_root_node_finds_its_widget(identity, widget):
    item = only([[identity, widget]])
    assert (item.node_id, item.widget, item.name) == ("2", "strength", widget)


@pytest.mark.parametrize(
    ("pick", "reason"),
    [
        ([99, "strength"], "no longer exists"),
        ([2, "gone"], "no longer has"),
        ([2, "image"], "linked"),
        (["12f-uuid:5", "x"], "subgraph"),
        ([7, "prompt"], "subgraph"),
        ([True, "x"], "subgraph"),
        ([2], "not a pick"),
        ("2", "not a pick"),
        ([2, "strength", {"minimum": "low"}], "wrong option minimum"),
        ([2, "tags"], "plain value"),
    ],
)
def test_a_pick_that_cannot_be_used_is_listed_and_the_rest_counts(pick, reason):
    nodes = graph() | {"7:5": {"class_type": "Noise", "inputs": {"prompt": ""}}}
    nodes["2"]["inputs"]["tags"] = "a"
    contract = derive([pick, [2, "strength"]], nodes)
    assert [item.name for item in contract.inputs] == ["strength"]
    (stale,) = contract.stale
    assert reason in stale.reason


@pytest.mark.parametrize(
    ("widget", "expected"),
    [
        ("strength", {"type": "number", "minimum": 0.0, "maximum": 1.0, "default": 0.5}),
        ("mode", {"enum": ["soft", "hard", "2"], "default": "soft"}),
        ("scheduler", {"enum": ["simple", "karras"], "default": "simple"}),
        ("route", {"type": "string", "default": "r"}),
        ("sampler", {"type": "string", "default": "Euler"}),
        ("text", {"type": "string", "x-multiline": True, "default": "secret prompt"}),
        ("on", {"type": "boolean", "default": True}),
        (
            "noise_seed",
            {
                "anyOf": [{"type": "integer", "minimum": 0, "maximum": 2**64 - 1}, {"const": "random"}],
                "x-seed": True,
                "default": 7,
            },
        ),
    ],
)
def test_schema_of_each_widget_type(widget, expected):
    schema = property_schema(only([[2, widget]]))
    assert {k: v for k, v in schema.items() if k not in ("title", "description")} == expected


def test_a_seed_is_known_by_its_name_alone():
    info = {"Sampler": {"input": {"required": {"seed": ["INT", {}], "cfg": ["INT", {"default": 1}]}}}}
    nodes = {"5": {"class_type": "Sampler", "inputs": {"seed": 1, "cfg": 2}}}
    contract = derive_contract(workflow([[5, "seed"], [5, "cfg"]], outputs=["5"]), nodes, info)
    assert [item.seed for item in contract.inputs] == [True, False]


def test_options_narrow_and_never_widen():
    item = only([[2, "strength", {"minimum": -5, "maximum": 0.75}]])
    assert (item.minimum, item.maximum) == (0.0, 0.75)
    assert only([[2, "mode", {"choices": ["hard", "soft", "absent"]}]]).choices == ("hard", "soft")


@pytest.mark.parametrize(
    ("pick", "title", "description"),
    [
        ([2, "strength", {"label": "Grain", "description": "my help"}], "Grain", "my help"),
        ([2, "strength"], "How strong", "how much"),
        ([2, "mode"], None, None),
    ],
)
def test_label_and_help_come_from_the_pick_then_the_workflow_then_the_class(pick, title, description):
    schema = property_schema(only([pick]))
    assert (schema.get("title"), schema.get("description")) == (title, description)


def test_names_are_unique():
    contract = derive(
        [[1, "width", {"name": "size"}], [2, "strength", {"name": "size"}], [1, "width", {"name": "size"}]]
    )
    assert [item.name for item in contract.inputs] == ["size", "2_size", "1_size"]
    assert [s.reason for s in derive([[2, "mode"]] * 3).stale] == ["is picked twice"]


def test_a_default_that_is_not_allowed_any_more_must_be_chosen_by_the_caller():
    nodes = graph()
    nodes["2"]["inputs"]["mode"] = "deleted-model"
    (item,) = derive([[2, "mode"]], nodes).inputs
    assert item.required
    assert item.default is None


def test_schema_keeps_the_order_of_the_picks():
    schema = input_schema(derive(None))
    assert list(schema["properties"]) == ["text", "strength", "seed", "width"]
    assert schema["required"] == ["width"]
    assert schema["additionalProperties"] is False


def test_outputs_are_named_by_the_app_or_by_title_in_display_order():
    nodes = graph() | {
        "8": {"class_type": "PreviewAny", "inputs": {}, "_meta": {"title": "Show: Me!"}},
        "9": {"class_type": "PreviewAny", "inputs": {}, "_meta": {"title": "Show: Me!"}},
    }
    contract = derive([], nodes, outputs=[9, "3", 8, 77])
    assert [(o.name, o.node_id) for o in contract.outputs] == [("show_me", "9"), ("picture", "3"), ("8_show_me", "8")]
    assert [stale.id for stale in contract.stale] == ["77"]


def test_no_output_picked_means_every_output_node():
    assert [o.node_id for o in derive([], outputs=[]).outputs] == ["3"]
    assert needed_classes(workflow(outputs=[]), GRAPH) == {"EmptyImage", "Noise", "SaveImage"}
    assert needed_classes(workflow(), GRAPH) == {"EmptyImage", "Noise"}


@pytest.mark.parametrize("extra", [None, [], {"linearData": []}, {"linearData": {"inputs": {}, "outputs": 3}}])
def test_a_workflow_without_app_mode_data_has_no_inputs(extra):
    contract = derive_contract({"extra": extra, "nodes": [None]}, GRAPH, OBJECT_INFO)
    assert contract.inputs == ()


def test_kinds_are_json_schema_names():
    assert {str(kind) for kind in Kind} == {"integer", "number", "string", "boolean", "choice"}
