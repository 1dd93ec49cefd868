"""Thoughts told from the answer, whole and piece by piece."""

import pytest

from lectern.prompts.thinking import Sieve, without_thinking

CASES = {
    "none": ("a lighthouse", "a lighthouse"),
    "before": ("<think>hm, red?</think>\n\na lighthouse", "a lighthouse"),
    "long name": ("<thinking>hm</thinking>a lighthouse", "a lighthouse"),
    "capitals": ("<Think>hm</THINK>a lighthouse", "a lighthouse"),
    "unclosed": ("<think>hm, I should", ""),
    "unclosed behind words": ("a lighthouse <think>or not", "a lighthouse"),
    "opened by the template": ("hm, red?\n</think>\n\na lighthouse", "a lighthouse"),
    "only the end": ("hm, red?\n</think>", ""),
    "twice": ("<think>a</think>one <think>b</think>two", "one two"),
    "closed twice": ("<think>a</think>b</think>a lighthouse", "a lighthouse"),
    "empty": ("<think>\n\n</think>\n\na lighthouse", "a lighthouse"),
    "other tags": ("a <b>lighthouse</b>, 3 < 4 <thin", "a <b>lighthouse</b>, 3 < 4 <thin"),
    "nothing": ("", ""),
}


@pytest.mark.parametrize(("text", "answer"), CASES.values(), ids=CASES.keys())
def test_the_answer_alone_is_left(text, answer):
    assert without_thinking(text) == answer


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize(("text", "answer"), CASES.values(), ids=CASES.keys())
def test_pieces_of_any_size_give_the_same(text, answer, size):
    sieve, shown = Sieve(), ""
    for start in range(0, len(text), size):
        found = sieve.feed(text[start : start + size])
        shown = found.said if found.retracted else shown + found.said
    shown += sieve.end().said
    assert shown == sieve.said
    assert shown.strip() == answer


def test_a_piece_without_a_tag_passes_at_once():
    sieve = Sieve()
    assert sieve.feed("a light").said == "a light"
    assert sieve.feed("house <").said == "house "
    assert sieve.feed("b>").said == "<b>"


def test_thoughts_are_reported_as_they_come():
    sieve = Sieve()
    assert sieve.feed("<think>hm").thought
    assert sieve.feed(", red").thought
    closing = sieve.feed("</think>")
    assert (closing.said, closing.retracted) == ("", False)
    assert not sieve.feed("red").thought
    assert sieve.thought


def test_words_that_turn_out_to_be_thoughts_are_taken_back():
    sieve = Sieve()
    assert sieve.feed("hm, red? ").said == "hm, red? "
    found = sieve.feed("</think>red")
    assert (found.said, found.retracted, found.thought) == ("red", True, True)


def test_an_empty_thought_is_no_thought():
    sieve = Sieve()
    sieve.feed("<think></think>red")
    assert not sieve.thought
