"""Reading App Mode's picks: four forms of ids, subgraphs, and what is no longer there."""

import pytest

from lectern.apps.contract import derive_contract, targets
from lectern.apps.graph import fill_graph
from lectern.apps.picks import OutputPick
from lectern.apps.publishing.appmode import read_picks
from unit.apps import samples, subgraphs
from unit.apps.subgraphs import CANVAS, GRAPH, INFO, PAINT


def places(picks, graph=GRAPH):
    """(name, all places) of each pick."""
    picked = read_picks(subgraphs.workflow(picks), graph)
    assert picked.stale == ()
    return [(p.name, [(p.node_id, p.widget), *p.also]) for p in picked.picks]


def reason(pick, graph=GRAPH):
    picked = read_picks(subgraphs.workflow([pick]), graph)
    stale = (*picked.stale, *derive_contract(picked._replace(stale=()), graph, INFO).stale)
    (one,) = stale
    return one.reason


@pytest.mark.parametrize(
    ("identity", "widget"),
    [
        ("aaaa:2:strength", "strength"),
        ("any-other-graph:2:strength", "strength"),
        ("aaaa:%32:str%65ngth", "shown name"),
        ("aaaa:2:strength%231", "strength"),
        (2, "strength"),
        ("2", "strength"),
    ],
)
def test_every_id_form_of_a_root_node_finds_its_widget(identity, widget):
    picked = read_picks(samples.workflow([[identity, widget]]), samples.GRAPH)
    assert [(p.node_id, p.widget, p.name) for p in picked.picks] == [("2", "strength", widget)]


@pytest.mark.parametrize(
    ("pick", "name", "expected"),
    [
        (["aaaa:12:text", "text"], "text", [("12:5", "text")]),
        ([12, "text"], "text", [("12:5", "text")]),
        ([5, "text"], "text", [("12:5", "text")]),
        ([f"{PAINT}:5", "text"], "text", [("12:5", "text")]),
        (["12:5", "text"], "text", [("12:5", "text")]),
        (["aaaa:12:size", "size"], "size", [("12:6", "width"), ("12:7:8", "width")]),
        ([6, "width"], "size", [("12:6", "width"), ("12:7:8", "width")]),
        ([f"{PAINT}:5", "noise_seed"], "noise_seed", [("12:5", "noise_seed")]),
        ([5, "noise_seed"], "noise_seed", [("12:5", "noise_seed")]),
        ([20, "value"], "value", [("2", "strength")]),
    ],
)
def test_a_pick_leads_to_every_widget_that_it_sets(pick, name, expected):
    assert places([pick]) == [(name, expected)]


@pytest.mark.parametrize(
    ("pick", "said"),
    [
        ([99, "x"], "no longer exists"),
        (["bbbb:99:x", "x"], "no longer exists"),
        ([12, "unused"], "does not show"),
        ([12, "gone"], "does not show"),
        ([13, "edge"], "muted or bypassed"),
        ([2, "image"], "linked"),
        ([2, "gone"], "no longer has"),
        ([True, "x"], "not a pick"),
        ([2], "not a pick"),
        ("2", "not a pick"),
        ([[2], "strength"], "not a pick"),
        ([2, "strength", {"minimum": "low"}], "wrong option minimum"),
    ],
)
def test_a_pick_that_leads_nowhere_says_why(pick, said):
    assert said in reason(pick)


def test_the_rest_counts():
    picked = read_picks(subgraphs.workflow([[99, "x"], [2, "strength"]]), {**GRAPH, "2": samples.GRAPH["2"]})
    assert [pick.name for pick in picked.picks] == ["strength"]


def test_a_node_of_a_subgraph_that_is_used_twice_is_not_guessed():
    saved = subgraphs.workflow([[8, "width"], ["aaaa:14:edge", "edge"]])
    saved["nodes"].append({"id": 14, "type": CANVAS, "mode": 0, "inputs": []})
    graph = {**GRAPH, "14:8": {"class_type": "SmallImage", "inputs": {"width": 20}}}
    picked = read_picks(saved, graph)
    assert [(p.node_id, p.widget) for p in picked.picks] == [("14:8", "width")]
    assert "more than once" in picked.stale[0].reason


@pytest.mark.parametrize(
    ("pick", "label"),
    [
        ([12, "text"], "What to draw"),
        ([5, "text"], "What to draw"),
        ([12, "text", {"label": "Mine"}], "Mine"),
        ([12, "size"], None),
        ([20, "value"], "How grainy"),
    ],
)
def test_a_label_comes_from_the_pick_then_from_what_shows_the_widget(pick, label):
    (read,) = read_picks(subgraphs.workflow([pick]), GRAPH).picks
    assert read.options.label == label


def test_the_hosts_own_label_wins_over_the_subgraphs():
    saved = subgraphs.workflow([[12, "text"]])
    saved["nodes"][2]["inputs"] = [{"name": "text", "label": "Here"}]
    assert read_picks(saved, GRAPH).picks[0].options.label == "Here"


def test_a_promotion_that_older_front_ends_saved():
    saved = subgraphs.workflow([[12, "noise_seed"]])
    saved["nodes"][2]["properties"] = {"proxyWidgets": [["5", "noise_seed"], ["6", "height"]]}
    assert [(p.node_id, p.widget) for p in read_picks(saved, GRAPH).picks] == [("12:5", "noise_seed")]


def test_one_value_reaches_every_widget_within_the_limits_of_all():
    contract = derive_contract(read_picks(subgraphs.workflow([[12, "size"]]), GRAPH), GRAPH, INFO)
    (size,) = contract.inputs
    assert (size.minimum, size.maximum, size.default) == (16, 256, 128)
    filled = fill_graph(GRAPH, targets(contract), {"size": 200}, "f")
    assert [filled[i]["inputs"]["width"] for i in ("12:6", "12:7:8")] == [200, 200]


@pytest.mark.parametrize(
    ("picked", "outputs", "stale"),
    [
        (["3"], ["3"], []),
        ([3, "12:9"], ["3", "12:9"], []),
        ([9], ["12:9"], []),
        ([f"{PAINT}:9"], ["12:9"], []),
        ([3, "3"], ["3"], []),
        ([8.5, None], [], ["is not a node's id"] * 2),
        ([77], [], ["names an output node that no longer exists"]),
        ([13], [], ["names a node that is muted or bypassed"]),
    ],
)
def test_outputs_by_every_form_of_id(picked, outputs, stale):
    read = read_picks(subgraphs.workflow([], picked), GRAPH)
    assert [pick.node_id for pick in read.outputs] == outputs
    assert [one.reason for one in read.stale] == stale


def test_outputs_keep_the_names_that_the_workflow_gives_them():
    picked = read_picks(samples.workflow(outputs=["3"]), samples.GRAPH)
    assert picked.outputs == (OutputPick("3", "picture"),)


@pytest.mark.parametrize("extra", [None, [], {"linearData": []}, {"linearData": {"inputs": {}, "outputs": 3}}])
def test_a_workflow_without_app_mode_data_has_no_picks(extra):
    assert read_picks({"extra": extra, "nodes": [None]}, GRAPH) == ((), (), ())


def nested(levels: int) -> dict:
    """Each level holds ten of the next; the last one holds the first, so that there is no end."""
    names = [f"level-{number}" for number in range(levels)]
    layers = [
        {
            "id": name,
            "inputs": [{"name": "text", "linkIds": list(range(5, 15))}],
            "nodes": [{"id": n, "type": below, "inputs": [{"name": "text"}]} for n in range(5, 15)],
            "links": [subgraphs.link(n, -10, n, 0) for n in range(5, 15)],
        }
        for name, below in zip(names, [*names[1:], names[0]], strict=True)
    ]
    return {"nodes": [{"id": 12, "type": names[0]}], "definitions": {"subgraphs": layers}}


@pytest.mark.parametrize("endless", [True, False])
@pytest.mark.timeout(10)
def test_hostile_subgraphs_are_given_up_soon(endless):
    saved = nested(6)
    if not endless:
        saved["definitions"]["subgraphs"].pop()
    saved["extra"] = {"linearData": {"inputs": [[12, "text"], [5, "text"], [6, "text"]], "outputs": [5]}}
    picked = read_picks(saved, {"1": {"class_type": "N", "inputs": {}}})
    contract = derive_contract(picked, {"1": {"class_type": "N", "inputs": {}}}, {})
    assert contract.inputs == ()
    assert len(contract.stale) == 4
