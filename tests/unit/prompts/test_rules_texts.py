"""Texts taken apart: sentences, languages, what matters, lines that fit, parts that lose nothing."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lectern.prompts.languages import LANGUAGES
from lectern.prompts.rules.dealing import split_at_shifts
from lectern.prompts.rules.sentences import sentence_spans, sentences, size, terms, width
from lectern.prompts.rules.shortening import clauses, shorten
from lectern.prompts.rules.summarising import chunks, key_sentences
from lectern.prompts.rules.tongues import language_of

SENTENCES = [
    ("Dr. Smith came. He left at 4.30 p.m. sharp.", ["Dr. Smith came.", "He left at 4.30 p.m. sharp."]),
    ("We use tools, e.g. a saw. They work!", ["We use tools, e.g. a saw.", "They work!"]),
    ("今天天气很好。我们出去吧！", ["今天天气很好。", "我们出去吧！"]),
    ("Really?! Yes... Maybe.", ["Really?!", "Yes...", "Maybe."]),
    ("One line\nanother line", ["One line", "another line"]),
    ('He said "stop." Then he left.', ['He said "stop."', "Then he left."]),
    ("!!! ... ---", []),
]


@pytest.mark.parametrize(("text", "found"), SENTENCES)
def test_sentences(text, found):
    assert sentences(text) == found


@settings(deadline=None)
@given(st.text())
def test_spans_of_sentences_are_the_whole_text(text):
    assert "".join(text[start:end] for start, end in sentence_spans(text)) == text


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Die Zukunft der Energie", "Deutsch"),
        ("L'avenir de l'énergie", "Français"),
        ("El futuro de la energía", "Español"),
        ("Il futuro della energia è di tutti", "Italiano"),
        ("coffee", "English"),
        ("an old man, reading, park bench, the team's den", "English"),
        ("", "English"),
        ("12345 !!", "English"),
        ("學習的未來", "繁體中文"),
        ("学习的未来", "中文"),
        ("コーヒーの歴史", "日本語"),
        ("커피의 역사", "한국어"),
        ("История кофе", "Русский"),
    ],
)
def test_languages(text, language):
    assert language_of(text) == language and language in LANGUAGES


def test_sizes_and_widths():
    assert size("three small words") == 3 and size("今天天气") == 2 and size("") == 0
    assert width("abc") == 3 and width("今天") == 4
    assert terms("The cats and the cat's houses") == ["cat", "cat", "house"] and terms("数据分析") == [
        "数据",
        "据分",
        "分析",
    ]


@pytest.mark.parametrize(
    ("sentence", "short"),
    [
        ("A short one.", "A short one"),
        (
            "Although revenue grew by 12% in the second quarter across all of our regions, profit fell by half.",
            "Profit fell by half",
        ),
        (
            "Revenue grew 12% to 4.2 million euros in the second quarter, mostly because of the new plans.",
            "Revenue grew 12% to 4.2 million euros in the second quarter",
        ),
        (
            "If the provider raises its fees again in September as announced, we shall have to move to another one.",
            "If the provider raises its fees again in September as announced, we shall have to move…",
        ),
        ("However, sales rose.", "Sales rose"),
        ("Is it worth the effort?", "Is it worth the effort?"),
        (
            "目前学校每天产生约八百公斤垃圾，其中一半可以回收，另外一半需要运到城外的处理厂进行焚烧，费用很高。",
            "目前学校每天产生约八百公斤垃圾，其中一半可以回收，另外一半需要运到城外的处理厂进行焚烧",
        ),
    ],
)
def test_a_sentence_is_cut_where_a_clause_ends(sentence, short):
    assert shorten(sentence) == short


@settings(deadline=None)
@given(st.one_of(st.text(max_size=400), st.lists(st.text("abc,. ", max_size=12), max_size=60).map(" ".join)))
def test_whatever_is_shortened_fits_and_cuts_no_word(text):
    short = shorten(text)
    assert width(short) <= 90
    whole = set(text.replace(",", " ").replace(".", " ").split())
    if all(part in "abc" for word in whole for part in word) and all(len(word) < 80 for word in whole):
        words = short.rstrip("…").replace(",", " ").replace(".", " ").split()
        assert all(word.casefold() in whole for word in words)


def test_clauses_stand_alone():
    text = "My brother's band would play for free, but they need a power line that reaches the stage."
    assert clauses(text, 90) == [
        "My brother's band would play for free",
        "they need a power line that reaches the stage",
    ]
    assert clauses("If it rains tomorrow, we shall stay at home and read.", 90) == [
        "If it rains tomorrow, we shall stay at home and read"
    ]


def test_key_sentences_are_those_that_the_text_keeps_coming_back_to():
    about = [
        "Solar panels on school roofs could supply a third of the power that the city needs.",
        "Most school roofs are large enough for solar panels and get sun all day.",
        "The panels would pay for themselves in nine years.",
    ]
    aside = ["My neighbour has a cat.", "Lunch was late on Tuesday.", "It rained.", "Somebody laughed."]
    text = " ".join([aside[0], about[0], aside[1], about[1], aside[2], about[2], aside[3]])
    assert key_sentences(text, 3) == about
    assert key_sentences(text, 99) == sentences(text) and key_sentences("", 3) == []
    assert key_sentences("Same here. Same here. Other there.", 5) == ["Same here.", "Other there."]


def test_a_text_is_split_where_its_topic_shifts():
    bread = ["Bread needs flour.", "Flour and water make dough.", "Dough for bread rests.", "The bread dough is baked."]
    ships = ["Ships need wind.", "Sails catch the wind.", "A ship with sails is fast.", "Wind drives ships."]
    assert split_at_shifts([*bread, *ships], 2) == [bread, ships]
    assert split_at_shifts([*bread[:3], *ships], 2, {3}) == [bread[:3], ships]


@pytest.mark.parametrize("size", [1, 7, 40, 300])
@settings(max_examples=60, deadline=None)
@given(
    text=st.one_of(
        st.text(),
        st.lists(st.sampled_from(["# A head\n", "Some words. ", "\n\n", "今天。", "word " * 30])).map("".join),
    )
)
def test_chunks_lose_nothing(size, text):
    found = chunks(text, size)
    assert all(0 < len(part) <= size for part in found)
    assert "".join("".join(found).split()) == "".join(text.split())


def test_chunks_are_cut_at_the_coarsest_place_that_serves():
    text = "# One\n\nFirst. Second.\n\nThird.\n\n# Two\n\nFourth."
    assert chunks(text, 30) == ["# One\n\nFirst. Second.\n\nThird.", "# Two\n\nFourth."]
    assert chunks(text, 24) == ["# One\n\nFirst. Second.", "Third.", "# Two\n\nFourth."]
    assert chunks("abcdef", 4) == ["abcd", "ef"] and chunks(" \n", 4) == [] and chunks(text, 999) == [text]
    with pytest.raises(ValueError, match="at least 1 character"):
        chunks(text, 0)


@pytest.mark.timeout(30)  # a quadratic way takes minutes
def test_a_long_document_is_taken_in_its_stride():
    choose = random.Random(5)
    vocabulary = ["".join(choose.choices("abcdefghijklmnop", k=choose.randint(2, 10))) for _ in range(3000)]
    said = (" ".join(choose.choices(vocabulary, k=choose.randint(5, 25))).capitalize() + "." for _ in range(1200))
    text = " ".join(said)[:100_000]
    assert len(key_sentences(text, 20)) == 20 and len(chunks(text, 4000)) >= 25
