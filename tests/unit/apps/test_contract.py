"""Deriving an app's contract from its picks, the API graph and /object_info."""

import copy

import pytest

from lectern.apps.contract import derive_contract, needed_classes, targets
from lectern.apps.graph import Target, fill_graph
from lectern.apps.inputs import Input
from lectern.apps.media import Media
from lectern.apps.nodeinfo import Kind
from lectern.apps.picks import OutputPick, Pick, Picked
from lectern.apps.publishing.appmode import read_picks
from lectern.apps.schema import input_schema, property_schema
from unit.apps.samples import GRAPH, OBJECT_INFO, graph, workflow


def derive(picks, nodes=None, **options):
    graph = nodes or GRAPH
    return derive_contract(read_picks(workflow(picks, **options), graph), graph, OBJECT_INFO)


def only(picks) -> Input:
    contract = derive(picks)
    assert contract.stale == ()
    (item,) = contract.inputs
    return item


def node(class_type: str, **inputs) -> dict:
    return {"class_type": class_type, "inputs": inputs}


def derive_nodes(nodes, info, *picks: tuple[str, str]):
    """A contract of picks alone, with one output so that only they need classes."""
    made = tuple(Pick(node_id, widget, widget) for node_id, widget in picks)
    return derive_contract(Picked(made, (OutputPick(next(iter(nodes))),)), nodes, info)


@pytest.mark.parametrize(
    ("pick", "reason"),
    [
        (("99", "strength"), "no longer exists"),
        (("2", "gone"), "no longer has"),
        (("2", "image"), "linked"),
        (("7", "prompt"), "a subgraph, not a node inside"),
        (("2", "tags"), "plain value"),
        (("8", "x"), "does not know"),
    ],
)
def test_a_pick_that_cannot_be_used_is_listed_and_the_rest_counts(pick, reason):
    nodes = graph() | {"7:5": node("Noise", prompt=""), "8": node("FromAMissingPack", x=1)}
    nodes["2"]["inputs"]["tags"] = "a"
    contract = derive_nodes(nodes, OBJECT_INFO, pick, ("2", "strength"))
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
    assert schema.pop("x-node") == {"id": "2", "title": "Grain", "class_type": "Noise"}
    assert {k: v for k, v in schema.items() if k not in ("title", "description")} == expected


@pytest.mark.parametrize(
    ("widget", "title", "options", "seed"),
    [
        ("seed", "", {}, True),
        ("noise_seed", "", {}, True),
        ("cfg", "", {"default": 1}, False),
        ("start", "", {"control_after_generate": True}, True),
        ("value", "Steps", {"control_after_generate": True}, False),
        ("value", "The seed", {"control_after_generate": True}, True),
        ("value", "Proceeds", {}, False),
    ],
)
def test_what_counts_as_a_seed(widget, title, options, seed):
    info = {"N": {"input": {"required": {widget: ["INT", options]}}}}
    nodes = {"5": {**node("N", **{widget: 1}), "_meta": {"title": title}}}
    assert [item.seed for item in derive_nodes(nodes, info, ("5", widget)).inputs] == [seed]


def test_a_step_is_told_and_not_enforced():
    info = {"N": {"input": {"required": {"size": ["INT", {"min": 16, "max": 64, "step": 8}]}}}}
    (item,) = derive_nodes({"5": node("N", size=20)}, info, ("5", "size")).inputs
    assert property_schema(item)["x-step"] == 8
    assert item.default == 20


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
    assert needed_classes(Picked(), GRAPH) == {"EmptyImage", "Noise", "SaveImage"}
    picked = Picked((Pick("1", "width", "w", also=(Pick("2", "strength", ""),)),), (OutputPick("3"),))  # type: ignore[arg-type]
    assert needed_classes(picked, GRAPH) == {"EmptyImage", "Noise", "SaveImage"}
    assert needed_classes(Picked((Pick("99", "x", "x"),), (OutputPick("3"),)), GRAPH) == {"SaveImage"}


def test_outputs_tell_their_media():
    nodes = {
        "1": node("SaveImage"),
        "2": node("LecternSaveDeck", format="both"),
        "3": node("Sink"),
        "4": node("Shows"),
        "5": node("Odd"),
    }
    info = {
        "Sink": {"input": {"required": {"clip": ["VIDEO", {}]}}, "output": []},
        "Shows": {"input": {"required": {"image": ["IMAGE"]}}, "output": ["STRING"]},
    }
    contract = derive_contract(Picked(outputs=tuple(map(OutputPick, nodes))), nodes, info)
    assert [(o.media, len(o.media_types)) for o in contract.outputs] == [
        (Media.IMAGE, 1),
        (Media.FILE, 2),
        (Media.VIDEO, 0),
        (Media.TEXT, 0),
        (None, 0),
    ]


def test_kinds_are_json_schema_names():
    assert {str(kind) for kind in Kind} == {"integer", "number", "string", "boolean", "choice", "file"}


FILES = {
    "LoadImage": {
        "input": {"required": {"image": [["old.png"], {"image_upload": True}]}},
        "output": ["IMAGE", "MASK"],
    },
    "LoadImageMask": {
        "input": {"required": {"image": [["old.png"], {"image_upload": True}], "channel": [["alpha", "red"], {}]}},
        "output": ["MASK"],
    },
    "LoadImageOutput": {
        "input": {"required": {"image": ["COMBO", {"image_upload": True, "remote": {"route": "/x"}}]}},
        "output": ["IMAGE", "MASK"],
    },
    "LoadAudio": {"input": {"required": {"audio": ["COMBO", {"options": ["a.wav"], "audio_upload": True}]}}},
    "LoadVideo": {"input": {"required": {"file": ["COMBO", {"options": [], "video_upload": True}]}}},
    "Load3D": {"input": {"required": {"model_file": ["COMBO", {"options": ["none"], "file_upload": True}]}}},
    "Painter": {"input": {"required": {"mask": ["STRING", {"image_upload": True, "widgetType": "PAINTER"}]}}},
    "Inpaint": {"input": {"required": {"image": ["IMAGE"], "mask": ["MASK"]}}},
}


@pytest.mark.parametrize(
    ("class_type", "widget", "value", "media", "accept", "default"),
    [
        ("LoadImage", "image", "old.png", "image", ["image/*"], "old.png"),
        ("LoadImage", "image", "gone.png", "image", ["image/*"], None),
        ("LoadImage", "image", "clipspace/p.png [input]", "image", ["image/*"], "clipspace/p.png [input]"),
        ("LoadImageOutput", "image", "x.png [output]", "image", ["image/*"], "x.png [output]"),
        ("LoadImageMask", "image", "old.png", "mask", ["image/*"], "old.png"),
        ("LoadAudio", "audio", "a.wav", "audio", ["audio/*", "video/*"], "a.wav"),
        ("LoadVideo", "file", "v.mp4", "video", ["video/*"], None),
        ("Load3D", "model_file", "none", "file", ["*/*"], "none"),
        ("Painter", "mask", "", "image", ["image/*"], None),
    ],
)
def test_a_widget_that_uploads_is_a_file(class_type, widget, value, media, accept, default):
    nodes = {"1": node(class_type, **{widget: value})}
    (item,) = derive_nodes(nodes, FILES, ("1", widget)).inputs
    schema = property_schema(item, max_mb=7)
    assert item.kind is Kind.FILE
    assert (schema["type"], schema["x-media"], schema["x-accept"], schema["x-max-mb"]) == ("string", media, accept, 7)
    assert (schema.get("default"), item.required) == (default, default is None)


def masked(slot: int) -> dict:
    return {"1": node("LoadImage", image="old.png"), "2": node("Inpaint", image=["1", 0], mask=["1", slot])}


def test_where_a_pictures_mask_is_used_it_can_be_painted():
    contract = derive_nodes(masked(1), FILES, ("1", "image"))
    image, mask = contract.inputs
    assert (mask.name, mask.media, mask.mask_of, mask.required) == ("image_mask", Media.MASK, "image", False)
    schema = input_schema(contract)
    assert schema["properties"]["image_mask"]["x-mask-of"] == "image"
    assert "default" not in schema["properties"]["image_mask"]
    assert schema["required"] == []
    filled = fill_graph(masked(1), targets(contract), {"image": "new.png", "image_mask": "mask.png"}, "f")
    assert filled["1"]["inputs"] == {"image": "new.png"}
    assert image.mask_of == ""


def test_where_it_is_not_used_there_is_no_mask():
    assert [item.name for item in derive_nodes(masked(0), FILES, ("1", "image")).inputs] == ["image"]


def test_a_mask_by_itself_keeps_the_channel_that_its_node_reads():
    nodes = {"1": node("LoadImageMask", image="old.png", channel="red")}
    contract = derive_nodes(nodes, FILES, ("1", "image"))
    assert targets(contract) == {"image": Target("1", "image", "mask", "", "red")}


def test_targets_survive_json():
    contract = derive_nodes(masked(1), FILES, ("1", "image"))
    as_lists = {name: list(target) for name, target in targets(contract).items()}
    assert fill_graph(masked(1), as_lists, {"image": "b.png"}, "f")["1"]["inputs"]["image"] == "b.png"


DYNAMIC = {
    "Model": {
        "input": {
            "required": {
                "model": [
                    "COMFY_DYNAMICCOMBO_V3",
                    {
                        "options": [
                            {"key": "fast", "inputs": {"required": {"size": ["COMBO", {"options": ["1K", "2K"]}]}}},
                            {"key": "good", "inputs": {"required": {"size": ["COMBO", {"options": ["4K"]}]}}},
                            {"key": "huge", "inputs": {"required": {"tiles": ["INT", {"min": 1}]}}},
                            {"key": "plain"},
                        ]
                    },
                ]
            }
        }
    }
}


def test_a_dynamic_combo_offers_what_the_graph_has_the_inputs_for():
    nodes = {"1": node("Model", **{"model": "fast", "model.size": "2K"})}
    contract = derive_nodes(nodes, DYNAMIC, ("1", "model"), ("1", "model.size"))
    assert [item.choices for item in contract.inputs] == [("fast", "good", "plain"), ("1K", "2K")]


def test_a_custom_combos_choices_lie_in_the_node_and_its_index_follows():
    info = {"CustomCombo": {"input": {"required": {"choice": ["COMBO", {"options": []}]}}}}
    nodes = {"1": node("CustomCombo", choice="b", index=1, option1="a", option2="b", option3="")}
    contract = derive_nodes(nodes, info, ("1", "choice"))
    assert contract.inputs[0].choices == ("a", "b")
    assert fill_graph(nodes, targets(contract), {"choice": "a"}, "f")["1"]["inputs"]["index"] == 0


def test_nothing_is_changed():
    before = copy.deepcopy(GRAPH)
    contract = derive(None)
    fill_graph(GRAPH, targets(contract), {"width": 32}, "f")
    assert before == GRAPH
