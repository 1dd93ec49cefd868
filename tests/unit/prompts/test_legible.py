"""What a person sees of JSON while it is written."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lectern.prompts.legible import LegiblePart, Reader
from lectern.prompts.watching import Watch


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        ('{"positive": "a red barn", "title": "Barn"}', "a red barn\nBarn\n"),
        ('{"slides": [{"title": "One", "bullets": ["a", "b"]}, {"title": "Two"}]}', "One\na\nb\nTwo\n"),
        ('{"a": "say \\"x\\": \\u732b\\n\\\\ {not} [open"}', 'say "x": 猫\n\\ {not} [open\n'),
        ('{"count": 3, "on": true, "none": null, "text": "t"}', "t\n"),
        ('{ "a" :\n "b" }', "b\n"),
        ('["a", "b"]', "a\nb\n"),
        ('{"half": "of a tex', "of a tex"),
        ('{"smile": "\\ud83d\\ude00!"}', "!\n"),
        ("A plain answer: {nothing} else.", "A plain answer: {nothing} else."),
        ("```json\n{}", "```json\n{}"),
        ("", ""),
    ],
)
def test_texts_alone(answer, seen):
    assert Reader().feed(answer) == seen


@given(st.recursive(st.text() | st.integers() | st.none(), lambda one: st.lists(one) | st.dictionaries(st.text(), one)))
def test_every_text_of_any_json_is_seen_whatever_the_pieces(value):
    answer = json.dumps({"all": value}, ensure_ascii=False)
    reader = Reader()
    seen = "".join(reader.feed(letter) for letter in answer)
    assert seen == Reader().feed(answer)

    def texts(one):
        inner = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        yield from ([one] if isinstance(one, str) else [])
        for each in inner:
            yield from texts(each)

    wanted = "".join(f"{one}\n" for one in texts(value))
    assert seen.replace("\r", "") == wanted.replace("\r", "").replace("\b", "").replace("\f", "")


@given(st.text(alphabet='{}[]",:\\ua1 \n'))
def test_any_text_is_taken(text):
    Reader().feed(text)


def test_a_part_is_told_texts_and_counts_every_token():
    watch = Watch()
    part = LegiblePart(watch.part())
    for piece in ('{"pos', 'itive": "a red', ' barn"', "}"):
        part.write(piece)
    assert watch.glimpse.text == "a red barn\n" and watch.glimpse.tokens == 4
    part.restart()
    part.write('{"a": "again')
    assert watch.glimpse.text == "again"
