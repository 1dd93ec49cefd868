"""The request vocabulary against Forge's own OpenAPI document, and request fields that a person wrote as JSON."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lectern.errors import LecternError
from lectern.sdwebui.errors import RequestError
from lectern.sdwebui.fields import FIELDS, Kind, parse_fields

# Condensed from /openapi.json of a running Forge: both request schemas, without what may be null.
SCHEMA = json.loads((Path(__file__).parents[2] / "data/sdwebui/request_schema.json").read_text("utf-8"))
TYPES = {
    "string": Kind.TEXT,
    "integer": Kind.INTEGER,
    "number": Kind.NUMBER,
    "boolean": Kind.BOOLEAN,
    "array of string": Kind.TEXTS,
    "array of any": Kind.LIST,
    "object": Kind.OBJECT,
}
LIMIT = 10_000


def refused(text, limit=LIMIT):
    with pytest.raises(RequestError) as raised:
        parse_fields(text, limit)
    return str(raised.value)


class TestVocabulary:
    @pytest.mark.parametrize("endpoint", ["txt2img", "img2img"])
    def test_exactly_the_servers_fields_are_known_with_their_kinds(self, endpoint):
        ours = {name: field.kind for name, field in FIELDS.items() if getattr(field, endpoint)}
        assert ours == {name: TYPES[declared["type"]] for name, declared in SCHEMA[endpoint].items()}
        assert len(ours) == 59

    def test_every_field_belongs_somewhere_and_is_filed_under_its_name(self):
        assert all(field.txt2img or field.img2img for field in FIELDS.values())
        assert all(name == field.name for name, field in FIELDS.items())

    def test_pictures(self):
        pictures = {field.name for field in FIELDS.values() if field.picture}
        assert pictures == {"init_images", "mask", "latent_mask", "firstpass_image"}

    @pytest.mark.parametrize("endpoint", ["txt2img", "img2img"])
    def test_the_servers_own_defaults_can_be_written(self, endpoint):
        defaults = {name: declared["default"] for name, declared in SCHEMA[endpoint].items()}
        assert parse_fields(json.dumps(defaults), LIMIT) == defaults


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("", {}),
        (" \n", {}),
        ("{}", {}),
        ('{"tiling": true, "eta": 0.5, "cfg_scale": 7}', {"tiling": True, "eta": 0.5, "cfg_scale": 7}),
        (
            '{"styles": ["Sketch", "素描"], "comments": {}}',
            {"styles": ["Sketch", "素描"], "comments": {}},
        ),
        ('{"steps": null, "mask": null}', {"steps": None, "mask": None}),
        ('{"steps": 20.0}', {"steps": 20}),
        ('{"seed": 18446744073709551615}', {"seed": 2**64 - 1}),
        ('{"seed": -9223372036854775808}', {"seed": -(2**63)}),
        ('{"init_images": ["iVBORw0KGgo="]}', {"init_images": ["iVBORw0KGgo="]}),
        ('{"script_args": [1, "see http://a", null]}', {"script_args": [1, "see http://a", None]}),
        ('{"prompt": "https://a"}', {"prompt": "https://a"}),  # only pictures are fetched
    ],
)
def test_fields_are_read(text, fields):
    assert parse_fields(text, LIMIT) == fields


def test_a_whole_number_stays_whole():
    assert isinstance(parse_fields('{"steps": 20.0}', LIMIT)["steps"], int)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("prompt", 5, "must be a text, got 5"),
        ("steps", 20.5, "must be a whole number, got 20.5"),
        ("steps", True, "must be a whole number, got true"),
        ("steps", "20", 'must be a whole number, got "20"'),
        ("steps", 1e30, "must be a whole number, got 1e+30"),
        ("cfg_scale", False, "must be a number, got false"),
        ("cfg_scale", "7", 'must be a number, got "7"'),
        ("tiling", 1, "must be true or false, got 1"),
        ("styles", "Sketch", 'must be a list of texts, got "Sketch"'),
        ("styles", ["Sketch", 5], "must be a list of texts, got a list of 2"),
        ("script_args", {"a": 1}, "must be a list, got an object of 1"),
        ("alwayson_scripts", [], "must be an object, got a list of 0"),
        ("mask", ["iVBO"], "must be a text, got a list of 1"),
        ("seed", "x" * 500, f'got "{"x" * 59}....'),
    ],
)
def test_a_value_of_another_kind_is_refused(name, value, expected):
    message = refused(json.dumps({name: value}))
    assert name in message and expected in message


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("sampler", "Did you mean sampler_name?"),
        ("hr_sampler", "Did you mean hr_sampler_name?"),
        ("CFG_Scale", "Did you mean cfg_scale?"),
        ("negative prompt", "Did you mean negative_prompt?"),
        ("qqq", "/docs page lists"),
        ("q" * 5000, "/docs page lists"),
        ("", "/docs page lists"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_one(name, hint):
    message = refused(json.dumps({name: 1}))
    assert "There is no request field" in message and hint in message and len(message) < 300


@pytest.mark.parametrize(
    "fields",
    [
        {"init_images": ["iVBO", "http://192.168.0.1/a.png"]},
        {"init_images": [{"image": "https://example.com/a.png"}]},
        {"mask": "HTTPS://example.com/a.png"},
        {"latent_mask": "\n http://example.com"},
        {"firstpass_image": "http://example.com"},
        {"script_args": [0, ["http://example.com"]]},
        {"alwayson_scripts": {"ControlNet": {"args": [{"image": {"image": "http://user:word@example.com"}}]}}},
    ],
)
def test_a_picture_by_its_address_is_refused(fields):
    message = refused(json.dumps(fields))
    assert next(iter(fields)) in message and "the server would fetch it" in message
    assert "example.com" not in message and "word" not in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no JSON: Expecting property name enclosed in double quotes at line 1, column 2"),
        ("tiling: true", "no JSON"),
        ("{'tiling': true}", "no JSON"),
        ("[]", "A JSON object is expected, got a list of 0"),
        ("5", "got 5"),
        ("null", "got null"),
        ('{"eta": NaN}', "holds NaN, which is no number in JSON"),
        ('{"eta": -Infinity}', "holds -Infinity"),
        ('{"eta": 1e999}', "holds 1e999"),
        ('{"script_args": [1e999]}', "holds 1e999"),
        ('{"seed": 18446744073709551616}', "18446744073709551616, which is larger than 64 bits"),
        ('{"seed": -9223372036854775809}', "larger than 64 bits"),
        ('{"script_args": [' + "9" * 5000 + "]}", "larger than 64 bits"),
        ('{"eta": 1, "steps": 2, "eta": 1}', 'holds "eta" twice'),
        ('{"alwayson_scripts": {"A": {}, "A": {}}}', 'holds "A" twice'),
        ('{"script_args": ' + "[" * 60 + "]" * 60 + "}", "more than 50 deep in the JSON"),
        ('{"script_args": ' + "[" * 9000, "more than 50 deep in the JSON"),
    ],
)
def test_hostile_and_broken_texts_are_one_clear_sentence(text, said):
    message = refused(text)
    assert said in message and len(message) < 300


def test_a_long_text_is_refused_before_it_is_read():
    assert "has 11 characters; 10 are allowed" in refused("[" * 11, 10)


@given(st.text() | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists).map(json.dumps))
def test_no_text_does_anything_but_parse_or_be_refused(text):
    try:
        assert isinstance(parse_fields(text, LIMIT), dict)
    except LecternError as error:
        str(error).encode("utf-8")
