"""Prompts by rules: the person's words first, terms wanted and unwanted, and what each family takes."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lectern.prompts.families import FAMILIES, USES
from lectern.prompts.rules.expanding import expand_by_rules
from lectern.prompts.rules.sentences import size
from lectern.prompts.rules.syntax import holds, plain, tags, without
from lectern.prompts.wishes import Wish

LONG = (
    "In this talk we look at how cities plan their water supply. The old pipes under the streets leak a third of all"
    " water. We show people repairing pipes at dawn. New sensors find leaks before they are seen. Children drink clean"
    " water from a fountain in the square, while engineers watch the flow on their tablets. The mayor thanks everybody."
    " In the end the river recovers and fish return to the city. Citizens are proud of what they have built together."
)


def made(text, family="SDXL", use="any", **more):
    return expand_by_rules(Wish(text, family, use, **more))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("creativity", [0.0, 0.5, 1.0])
def test_the_idea_stands_verbatim_and_within_the_familys_words(family, use, creativity):
    found = made("a lighthouse at night", family, use, creativity=creativity)
    assert "a lighthouse at night" in found.positive
    assert size(found.positive) <= FAMILIES[family].words[1]
    assert bool(found.negative) == bool(FAMILIES[family].negative)
    assert found.title == "Lighthouse at night" and found.alt_text.startswith("A lighthouse at night")
    assert not found.notes


def test_without_creativity_only_family_and_use_add():
    bare = made("a lighthouse", "SD 1.5 tags", "icon", creativity=0)
    assert tags(bare.positive) == [*FAMILIES["SD 1.5 tags"].quality, "a lighthouse", *USES["icon"].words]
    assert made("a lighthouse", "Flux", creativity=0).positive == "a lighthouse."


def test_more_creativity_adds_and_changes_nothing_that_was_there():
    found = [set(tags(made("a lighthouse", creativity=step / 6, seed=3).positive)) for step in range(7)]
    assert all(less < more for less, more in pairwise(found))
    assert len(found[-1]) == len(found[0]) + 6


def test_the_scene_decides_what_fits():
    night = [made("a lighthouse at night", seed=seed).positive for seed in range(20)]
    assert all("moonlight" in one or "glow of distant windows" in one for one in night)
    assert len(set(night)) > 3
    office = [made("办公室里的会议", "Qwen-Image", seed=seed).positive for seed in range(20)]
    assert all("大窗透入的柔和日光" in one or "清晨会议的暖光" in one for one in office)


def test_an_idea_that_says_its_light_and_medium_keeps_them():
    found = made("a watercolor of a garden in candlelight", creativity=1).positive
    assert "photograph" not in found and "illustration" not in found and "dappled" not in found


def test_every_video_moves_unless_the_idea_says_how():
    assert "The camera" in made("a wind turbine", "Wan video", creativity=0).positive
    assert "The camera" not in made("a wind turbine, the camera pans left", "Wan video", creativity=1).positive
    assert "镜头" in made("一台风力发电机", "Wan video", creativity=0).positive


def test_a_look_ends_the_prompt_and_decides_medium_and_colours():
    look = "flat vector illustration, muted teal and coral"
    found = [made(idea, creativity=1, look=look).positive for idea in ("a dog", "a bank", "a forest")]
    assert all(one.endswith(look) and "palette" not in one and "photograph" not in one for one in found)
    assert f"Style: {look}." in made("a dog", "Flux", look=look).positive
    assert f"风格：{look}。" in made("一只狗", "Qwen-Image", look=look).positive


@pytest.mark.parametrize(
    ("text", "never", "left"),
    [
        ("a dog, red ball, grass", "red ball", "a dog, grass"),
        ("a dog playing with a big red ball in the park", "ball", "a dog playing in the park"),
        ("(cat, bird:1.2), tree", "cat", "(bird:1.2), tree"),
        ("(cat:1.2), tree", "cat", "tree"),
        ("a [cat|dog] in the house at the end of the street", "dog", "a [cat] in the house at the end of the street"),
        ("tree, <lora:cat:0.8>", "cat", "tree, <lora:cat:0.8>"),
        ("category, concatenate", "cat", "category, concatenate"),
        ("一只狗和红球在草地上", "红球", "一只狗在草地上"),
        ("CAT BREAK a house with many windows", "cat", "BREAK a house with many windows"),
    ],
)
def test_an_unwanted_term_goes_with_its_phrase_and_nothing_else(text, never, left):
    assert without(text, never) == left


def test_unwanted_terms_are_told_of_and_become_negative():
    found = made("a dog, red ball, grass", never=("red ball", "wide"), use="cover picture")
    assert not holds(found.positive, "red ball") and not holds(found.positive, "wide")
    assert "red ball" in tags(found.negative)
    assert found.notes == ("'red ball' is unwanted and was taken out of the idea.",)
    assert made("a dog", "Flux", never=("cat",)).negative == ""


def test_a_term_that_is_wanted_and_unwanted_is_kept_and_told_of():
    found = made("a park", must=("hot dog",), never=("dog",))
    assert "hot dog" in found.positive and "both wanted and unwanted" in found.notes[0]


def test_wanted_terms_are_said_once_and_verbatim():
    assert made("a park with Red Ball", must=("Red Ball",)).positive.count("Red Ball") == 1
    assert "red ball" in made("a park with Red Ball", must=("red ball",)).positive
    assert "Also in the picture: red ball." in made("a park", "Flux", must=("red ball",)).positive


@pytest.mark.parametrize(
    "idea",
    [
        "(a castle:1.3) on a hill, <lora:stone:0.7>",
        "a [cat|dog] in a ((garden))",
        "a house BREAK a tree",
        r"saber \(cosplay\), 1girl",
        "[sunny:rainy:0.4] street",
    ],
)
@pytest.mark.parametrize("family", FAMILIES)
def test_a1111s_syntax_survives(idea, family):
    assert idea in made(idea, family, "photo", creativity=1).positive


def test_titles_and_alt_texts_have_no_syntax_and_no_praise():
    found = made("masterpiece, best quality, (a castle:1.3) on a hill, <lora:stone:0.7>", creativity=0)
    assert found.title == "Castle on a hill" and found.alt_text == "A castle on a hill."
    assert plain("((a:1.2)), b BREAK c <lora:x:1>") == "a, b, c"


TITLES = [
    ("a photo of an old bridge in Prague at dawn", "Old bridge in Prague at dawn"),
    ("请画一张关于月光下的灯塔的图片", "月光下的灯塔"),
    ("画家的一天", "画家的一天"),
    ("coffee", "Coffee"),
    ("Show our team, celebrating", "Show our team"),
]


@pytest.mark.parametrize(("idea", "title"), TITLES)
def test_a_title_is_a_few_words_of_the_idea(idea, title):
    assert made(idea, "Qwen-Image").title == title


def test_what_rules_cannot_translate_is_said():
    assert made("月光下的灯塔").notes == (
        "The idea stays in 中文: rules cannot translate, and SDXL understands English best.",
    )
    assert "rules cannot translate it to Deutsch" in made("a lighthouse", language="Deutsch").notes[0]
    found = made("灯塔", "Qwen-Image", "photo", creativity=1)
    assert not found.notes and found.positive.startswith("灯塔。这是一张") and "The " not in found.positive


def test_a_long_idea_becomes_phrases_for_tags_and_sentences_for_prose():
    listed, told = made(LONG, "SD 1.5 tags"), made(LONG + LONG, "plain")
    assert "." not in listed.positive and "clean water" in listed.positive.casefold()
    assert size(listed.positive) <= 55 and "main points were kept" in listed.notes[0]
    assert size(told.positive) <= 90 and all(one in LONG + told.positive for one in told.positive.split(". "))
    assert made(LONG, "Flux").positive.startswith(LONG)


def test_lettering_that_is_asked_for_is_not_forbidden():
    assert "text" not in tags(made('a neon sign that says "OPEN"').negative)
    assert "text" in tags(made("a neon tube").negative)
    assert "logo" not in tags(made("a logo carved in wood").negative)


def test_an_empty_idea_still_gives_a_prompt():
    found = made("  \n", "Flux", "cover picture")
    assert found.positive and found.title and found.alt_text and "says nothing to draw" in found.notes[0]


WORDS = st.text(st.characters(categories=["L", "N"], max_codepoint=0x9FFF), min_size=1, max_size=12)
TEXTS = st.one_of(st.text(max_size=300), st.lists(WORDS, max_size=40).map(" ".join), st.lists(WORDS).map(", ".join))


@settings(max_examples=80, deadline=None)
@given(
    text=TEXTS,
    family=st.sampled_from(sorted(FAMILIES)),
    use=st.sampled_from(sorted(USES)),
    creativity=st.floats(0, 1),
    must=st.lists(WORDS, max_size=3).map(tuple),
    never=st.lists(WORDS, max_size=3).map(tuple),
    look=TEXTS,
    seed=st.integers(0, 2**64 - 1),
)
def test_whatever_is_wished(text, family, use, creativity, must, never, look, seed):
    wish = Wish(text, family, use, creativity, must, never, look=look, seed=seed)
    found = expand_by_rules(wish)
    assert found == expand_by_rules(wish)
    assert all(term in found.positive for term in must)
    unwanted = [term for term in never if not any(holds(one, term) for one in must)]
    assert not any(holds(found.positive, term) for term in unwanted)
    assert found.title and found.alt_text and "\n" not in found.title
    assert all(note.endswith(".") for note in found.notes)
    (found.positive + found.title + found.alt_text).encode()


def test_another_process_gives_the_same():
    """Hashes of strings differ between processes: no choice may hang on the order of a set."""
    said = (
        "from lectern.prompts.rules.expanding import expand_by_rules; from lectern.prompts.wishes import Wish;"
        f" import sys; sys.stdout.buffer.write(repr(expand_by_rules(Wish({LONG!r}, 'SDXL', 'photo', 1.0))).encode())"
    )
    root = Path(__file__).parents[3]
    found = {
        subprocess.run(
            [sys.executable, "-c", said], cwd=root, env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert found == {repr(made(LONG, "SDXL", "photo", creativity=1.0)).encode()}
