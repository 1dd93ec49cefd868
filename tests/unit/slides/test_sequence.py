import pytest

from lectern.errors import LengthError, TextError
from lectern.slides.sequence import spread, texts_of


@pytest.mark.parametrize(
    ("text", "split", "expected"),
    [
        ("one\n two \n\nthree", "lines", ["one", "two", "three"]),
        ("one\r\ntwo", "lines", ["one", "two"]),
        ("one\ntwo\n\nthree", "paragraphs", ["one\ntwo", "three"]),
        ("one\ntwo", "none", ["one\ntwo"]),
        ("  \n ", "lines", []),
        ("", "none", []),
    ],
)
def test_one_text_is_split(text, split, expected):
    assert texts_of([text], split, limit=100) == expected


def test_a_list_stays_as_it_is():
    assert texts_of(["a\nb", "", "c"], "lines", limit=100) == ["a\nb", "", "c"]


def test_too_long_a_text_names_both_lengths():
    with pytest.raises(TextError, match=r"101 characters; 100 are allowed"):
        texts_of(["x" * 101], "lines", limit=100)


def test_spread():
    assert spread(["a", "b"], 2, "titles") == ["a", "b"]
    assert spread(["a"], 3, "titles") == ["a", "a", "a"]
    assert spread([], 2, "titles") == ["", ""]


def test_lengths_that_differ_are_both_named():
    with pytest.raises(LengthError, match="3 titles for 2 pictures"):
        spread(["a", "b", "c"], 2, "titles")
