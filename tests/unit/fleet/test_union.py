"""What several ComfyUIs have, as one `/object_info`."""

from lectern.apps.fleet.union import merged


def info(*models, kind="list", **more):
    declared = [list(models), {"tooltip": "t"}] if kind == "list" else ["COMBO", {"options": list(models)}]
    return {
        "Loader": {"input": {"required": {"name": declared, "other": ["INT", {"min": 1}]}}, "output": ["MODEL"]}
    } | more


def test_one_is_given_as_it_is():
    one = info("a")
    assert merged([one]) is one


def test_classes_of_all_are_there():
    assert set(merged([info("a"), {"Only": {"input": {}}}])) == {"Loader", "Only"}


def test_choices_are_those_of_all_in_their_order():
    found = merged([info("a", "b"), info("b", "c")])
    assert found["Loader"]["input"]["required"]["name"] == [["a", "b", "c"], {"tooltip": "t"}]
    combo = merged([info("a", kind="combo"), info("b", kind="combo")])
    assert combo["Loader"]["input"]["required"]["name"] == ["COMBO", {"options": ["a", "b"]}]


def test_what_cannot_be_joined_is_as_the_first_one_says():
    found = merged([info("a"), info("b", kind="combo")])
    assert found["Loader"]["input"]["required"]["name"][0] == ["a"]
    assert merged([{"X": {"input": None}}, {"X": {"input": {"required": 3}}}])["X"]["input"] == {}


def test_what_was_given_is_not_changed():
    one, two = info("a"), info("b")
    merged([one, two])
    assert one == info("a") and two == info("b")
