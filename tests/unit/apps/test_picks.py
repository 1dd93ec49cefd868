"""Picks as a caller writes them, and as the store keeps them."""

import json

import pytest

from lectern.apps.contract import derive_contract
from lectern.apps.errors import InvalidInput
from lectern.apps.picks import OutputPick, Pick, Place, dump_picks, load_picks, parse_picks
from unit.apps.samples import GRAPH, OBJECT_INFO

STRENGTH = {"node_id": "2", "widget": "strength"}


def problems(inputs, outputs=None):
    with pytest.raises(InvalidInput) as caught:
        parse_picks(inputs, outputs, GRAPH)
    assert isinstance(caught.value.details, list)
    return [(problem["input"], problem["message"]) for problem in caught.value.details]


def test_a_pick_says_what_its_input_is():
    wanted = {
        **STRENGTH,
        "name": "grain",
        "label": "Grain",
        "description": "how much",
        "required": True,
        "minimum": 0.25,
        "maximum": 1,
        "also": [{"node_id": "1", "widget": "width"}],
    }
    (pick,) = parse_picks([wanted], None, GRAPH).picks
    assert (pick.node_id, pick.widget, pick.name, pick.also) == ("2", "strength", "grain", (Place("1", "width"),))
    (item,) = derive_contract(parse_picks([wanted | {"also": []}], None, GRAPH), GRAPH, OBJECT_INFO).inputs
    assert (item.label, item.required, item.minimum, item.maximum) == ("Grain", True, 0.25, 1)


def test_a_name_is_the_widgets_unless_another_is_given():
    assert parse_picks([STRENGTH], None, GRAPH).picks == (Pick("2", "strength", "strength"),)


def test_outputs_are_named_and_those_that_are_gone_are_listed():
    picked = parse_picks(None, [{"node_id": "3", "name": "picture", "title": "The picture"}, {"node_id": "9"}], GRAPH)
    assert picked.outputs == (OutputPick("3", "picture", "The picture"),)
    assert [stale.id for stale in picked.stale] == ["9"]
    (output,) = derive_contract(picked, GRAPH, OBJECT_INFO).outputs
    assert (output.name, output.title) == ("picture", "The picture")


def test_a_proposal_can_be_sent_back_and_only_what_is_ticked_counts():
    said = {"type": "number", "current": 0.5, "group": "settings", "class_type": "Noise"}
    ticked = STRENGTH | said | {"picked": True}
    not_ticked = {"node_id": "1", "widget": "width", "picked": False} | said
    assert [pick.widget for pick in parse_picks([ticked, not_ticked], None, GRAPH).picks] == ["strength"]


@pytest.mark.parametrize(
    ("inputs", "where", "says"),
    [
        ("x", "inputs", "must be a list"),
        ([STRENGTH] * 301, "inputs", "at most 300"),
        ([5], "inputs[0]", "valid dictionary"),
        ([STRENGTH, {"node_id": "2"}], "inputs[1]", "inputs[1].widget: Field required"),
        ([STRENGTH | {"node_id": 2}], "inputs[0]", "node_id"),
        ([STRENGTH | {"colour": 1}], "inputs[0]", "colour"),
        ([STRENGTH | {"name": ""}], "inputs[0]", "name"),
        ([STRENGTH | {"minimum": "1"}], "inputs[0]", "minimum"),
        ([STRENGTH | {"also": [{"node_id": "1"}]}], "inputs[0]", "also.0.widget"),
    ],
)
def test_a_wrong_pick_is_named(inputs, where, says):
    found = problems(inputs)
    assert found[0][0] == where
    assert says in found[0][1]


def test_every_mistake_is_listed_at_once():
    found = problems([{"widget": "x"}, STRENGTH | {"required": 1}], [{"node_id": "3", "x": 1}])
    assert [where for where, _ in found] == ["inputs[0]", "inputs[1]", "outputs[0]"]


def test_the_store_gives_back_what_it_was_given():
    picked = parse_picks(
        [STRENGTH | {"max_length": 5, "choices": ["a", 1, True], "also": [{"node_id": "1", "widget": "width"}]}],
        [{"node_id": "3"}, {"node_id": "9", "name": "gone"}],
        GRAPH,
    )
    stored = json.loads(json.dumps(dump_picks(picked)))
    assert load_picks(stored) == picked
    assert parse_picks(stored["inputs"], stored["outputs"], GRAPH)[:2] == picked[:2]
