"""Trigger words out of a LoRA file's metadata, whatever it holds."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lectern.pipelines.loras_words import LARGEST_JSON, LONGEST_PHRASE, MOST_TAGS, trigger_words


def tags(**folders: dict[str, object]) -> dict[str, str]:
    return {"ss_tag_frequency": json.dumps(folders)}


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({}, ""),
        ({"ss_output_name": "my_lora_v3"}, ""),
        ({"modelspec.trigger_phrase": " ohwx  man "}, "ohwx man"),
        ({"modelspec.trigger_phrase": "ohwx", **tags(a={"tree": 3})}, "ohwx"),
        ({"modelspec.trigger_phrase": "", **tags(a={"tree": 3})}, "tree"),
        (tags(a={"tree": 3, " ohwx ": 9}, b={"tree": 7}), "tree, ohwx"),
        (tags(a={"b": 1, "a": 1}), "a, b"),
        (tags(a={"one\nline": 1, "\x1b[31mred": 2}), "[31mred, one line"),
        (tags(a={"x": "many", "y": None, "z": True, "w": -1, "v": 1.5, "u": 10**400, "t": 1}), "t"),
        (tags(a={"t" * 200: 5, "short": 1}), "short"),
        ({"modelspec.trigger_phrase": "w" * (LONGEST_PHRASE + 1)}, ""),
        ({"ss_tag_frequency": "[1, 2]"}, ""),
        ({"ss_tag_frequency": '{"a": [1]}'}, ""),
        ({"ss_tag_frequency": "{"}, ""),
        ({"ss_tag_frequency": "[" * 100_000}, ""),
        ({"ss_tag_frequency": '{"a": {"t": 1}}' + " " * LARGEST_JSON}, ""),
    ],
)
def test_trigger_words(metadata, words):
    assert trigger_words(metadata) == words


def test_only_the_most_frequent_are_named():
    words = trigger_words(tags(a={f"tag{number}": number for number in range(1, 1000)})).split(", ")
    assert len(words) == MOST_TAGS and words[0] == "tag999"


@given(st.dictionaries(st.sampled_from(["modelspec.trigger_phrase", "ss_tag_frequency"]), st.text()))
def test_any_text_gives_one_printable_line(metadata):
    assert trigger_words(metadata).isprintable()
