"""Checking a caller's input: every mistake at once, one sentence each."""

import pytest

from lectern.apps.contract import derive_contract
from lectern.apps.errors import InvalidInput
from lectern.apps.inputs import Input, check_value
from lectern.apps.media import Media
from lectern.apps.nodeinfo import Kind
from lectern.apps.picks import Pick, Picked
from lectern.apps.publishing.appmode import read_picks
from lectern.apps.validation import EXACT_INTEGER, check_inputs
from unit.apps.samples import GRAPH, OBJECT_INFO, workflow

PICKS = [
    [2, "text", {"maxLength": 5, "required": True}],
    [2, "strength"],
    [2, "noise_seed", {"name": "seed"}],
    [2, "mode"],
    [2, "on"],
    [1, "width"],
]
CONTRACT = derive_contract(read_picks(workflow(PICKS), GRAPH), GRAPH, OBJECT_INFO)
PICKED_N = Picked((Pick("5", "n", "n"),))


def problems(given):
    with pytest.raises(InvalidInput) as caught:
        check_inputs(CONTRACT, given)
    assert isinstance(caught.value.details, list)
    return caught.value.details


@pytest.mark.parametrize(
    ("name", "value", "code", "says"),
    [
        ("text", 5, "wrong_type", "text must be a text of at most 5 characters; got 5."),
        ("text", None, "wrong_type", "got null"),
        ("text", "123456", "too_long", "got 6 characters"),
        ("strength", "0.5", "wrong_type", 'strength must be a number from 0.0 to 1.0; got "0.5".'),
        ("strength", True, "wrong_type", "got true"),
        ("strength", 1.5, "out_of_range", "got 1.5"),
        ("strength", 10**400, "wrong_type", "got 1000"),
        ("seed", -1, "out_of_range", 'from 0 to 18446744073709551615 or "random"; got -1'),
        ("seed", "Random", "wrong_type", 'got "Random"'),
        ("width", 5.5, "wrong_type", "width must be an integer from 1 to 16384; got 5.5."),
        ("width", True, "wrong_type", "got true"),
        ("width", 0, "out_of_range", "got 0"),
        ("width", [1], "wrong_type", "got [1]"),
        ("mode", "medium", "not_a_choice", 'mode must be one of "soft", "hard", "2"; got "medium".'),
        ("mode", 2, "not_a_choice", "got 2"),
        ("mode", {"a": 1}, "not_a_choice", 'got {"a": 1}'),
        ("on", 1, "wrong_type", "on must be true or false; got 1."),
        ("on", "true", "wrong_type", 'got "true"'),
        ("extra", 1, "unknown_input", '"extra" is not an input of this app; it has text, strength, seed'),
    ],
)
def test_one_sentence_says_what_is_wrong(name, value, code, says):
    (problem,) = problems({"text": "ok"} | {name: value})
    assert (problem["input"], problem["code"]) == (name, code)
    assert says in problem["message"]


def test_every_mistake_is_listed_at_once():
    found = problems({"extra": 1, "strength": 3, "on": None})
    assert [(p["input"], p["code"]) for p in found] == [
        ("extra", "unknown_input"),
        ("text", "missing"),
        ("strength", "out_of_range"),
        ("on", "wrong_type"),
    ]


def test_a_long_value_is_not_echoed():
    (problem,) = problems({"text": "ok", "mode": "x" * 5000})
    assert "x" * 98 in problem["message"]
    assert "x" * 100 not in problem["message"]
    (problem,) = problems({"text": "ok", "y" * 5000: 1})
    assert len(problem["input"]) <= 100


@pytest.mark.parametrize(
    ("given", "name", "value"),
    [
        ({}, "strength", 0.5),
        ({"strength": 1}, "strength", 1),
        ({"width": 5.0}, "width", 5),
        ({"seed": 12}, "seed", 12),
        ({"mode": "2"}, "mode", "2"),
        ({"on": False}, "on", False),
        ({"text": "👩‍👩‍👧"}, "text", "👩‍👩‍👧"),
    ],
)
def test_what_is_allowed_is_taken(given, name, value):
    taken = check_inputs(CONTRACT, {"text": "ok"} | given)[name]
    assert taken == value
    assert type(taken) is type(value)


def test_random_seed_is_drawn_from_what_json_carries_exactly():
    asked = []

    def draw(low: int, high: int) -> int:
        asked.append((low, high))
        return 99

    assert check_inputs(CONTRACT, {"text": "ok", "seed": "random"}, draw)["seed"] == 99
    assert asked == [(0, EXACT_INTEGER)]


def test_true_is_not_the_choice_1():
    info = {"N": {"input": {"required": {"n": [[1, 2], {}]}}}}
    contract = derive_contract(PICKED_N, {"5": {"class_type": "N", "inputs": {"n": 1}}}, info)
    assert check_inputs(contract, {"n": 2}) == {"n": 2}
    with pytest.raises(InvalidInput):
        check_inputs(contract, {"n": True})


def test_a_list_of_choices_is_cut_short():
    info = {"N": {"input": {"required": {"n": [[f"model{i}" for i in range(500)], {}]}}}}
    nodes = {"5": {"class_type": "N", "inputs": {"n": "gone"}}}
    contract = derive_contract(PICKED_N, nodes, info)
    with pytest.raises(InvalidInput, match="and 480 more"):
        check_inputs(contract, {})


FILE_ID = "/lectern/v1/files/" + "0123456789abcdef" * 2


def file_input(media: Media) -> Input:
    return Input("photo", "1", "image", Kind.FILE, default="saved.png", media=media)


@pytest.mark.parametrize(
    ("media", "value"),
    [
        (Media.IMAGE, "data:image/png;base64,iVBORw0="),
        (Media.IMAGE, "DATA:IMAGE/PNG;base64,iVBORw0="),
        (Media.IMAGE, FILE_ID),
        (Media.IMAGE, "https://example.com/a.png?x=1#y"),
        (Media.IMAGE, "saved.png"),
        (Media.MASK, "data:image/webp,x"),
        (Media.AUDIO, "data:video/mp4;base64,"),
        (Media.VIDEO, "data:video/webm;codecs=vp9;base64,"),
        (Media.FILE, "data:model/gltf-binary;base64,"),
        (Media.FILE, "data:,text"),
    ],
)
def test_a_file_is_named_by_where_it_is(media, value):
    assert check_value(file_input(media), value) is None


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (5, "wrong_type"),
        (None, "wrong_type"),
        (["data:image/png,x"], "wrong_type"),
        ("data:audio/wav;base64,AAAA", "wrong_media"),
        ("data:,x", "wrong_media"),
        ("other.png", "not_a_file"),
        ("saved.png ", "not_a_file"),
        ("", "not_a_file"),
        ("../../etc/passwd", "not_a_file"),
        (FILE_ID + "/..", "not_a_file"),
        (FILE_ID.upper(), "not_a_file"),
        ("file:///etc/passwd", "not_a_file"),
        ("https://", "not_a_file"),
        ("https://example.com/a b", "not_a_file"),
        ("https://example.com/" + "a" * 9000, "not_a_file"),
    ],
)
def test_what_is_no_file_of_the_kind_is_refused(value, code):
    problem = check_value(file_input(Media.IMAGE), value)
    assert problem is not None
    assert problem.code == code
    assert problem.message.startswith("photo must be a picture as a data URL, the URL that POST /lectern/v1/files gave")


def test_a_picture_is_not_repeated_in_its_error():
    problem = check_value(file_input(Media.VIDEO), "data:image/png;base64,SECRET")
    assert problem is not None
    assert problem.message.endswith("got a data URL of image/png.")


def test_an_input_without_a_saved_file_takes_no_empty_default():
    item = Input("photo_mask", "1", "image", Kind.FILE, media=Media.MASK, mask_of="photo")
    assert check_value(item, None) is not None
    assert check_value(item, "data:image/png,x") is None
