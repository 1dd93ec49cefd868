"""A picture described without a model: only what was measured, in English and Chinese."""

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lectern.prompts.rules.colornames import color_name, color_names, oklab
from lectern.prompts.rules.describing import TASKS, describe_by_rules

NAVY, AMBER = (0.05, 0.1, 0.25), (1.0, 0.75, 0.25)
DARK_WITH_LAMP = [[0.1, 0.2, 0.8], [0.1, 0.15, 0.4], [0.08, 0.1, 0.1]]
FLAT = [[0.5] * 3] * 3


def made(task, language="English", palette=(NAVY, AMBER), size=(1920, 1080), lightness=DARK_WITH_LAMP):
    return describe_by_rules(palette, size[0], size[1], lightness, task, language)


def test_each_task_says_what_was_measured():
    assert made("prompt") == (
        "abstract composition, navy and amber, strong contrast, light from the upper right, calm area at the lower"
        " left, low-key lighting, landscape format"
    )
    assert made("caption") == (
        "A dark picture in landscape format, mainly navy and amber, brightest at the upper right, with most contrast at"
        " the upper right."
    )
    assert made("alt text") == "Dark picture, mainly navy and amber."
    assert made("tags") == "navy, amber, dark, strong contrast, bright upper right, landscape format"


@pytest.mark.parametrize("task", TASKS)
def test_chinese_is_chinese_and_other_languages_are_english(task):
    assert not re.search(r"[a-zA-Z]", made(task, "中文")) and "藏青色" in made(task, "繁體中文")
    assert made(task, "Deutsch") == made(task)


def test_an_even_picture_has_no_bright_part():
    assert made("caption", lightness=FLAT, palette=[(0.5, 0.5, 0.5)], size=(10, 10)) == (
        "An evenly lit picture in square format, mainly grey, in soft even tones."
    )


@pytest.mark.parametrize(
    ("size", "shape"),
    [((100, 100), "square"), ((100, 150), "portrait"), ((160, 90), "landscape"), ((300, 100), "panoramic")],
)
def test_shapes(size, shape):
    assert f"{shape} format" in made("caption", size=size)


@pytest.mark.parametrize(
    ("y", "x", "place"), [(0, 0, "upper left"), (1, 1, "centre"), (2, 1, "bottom"), (1, 2, "right")]
)
def test_places(y, x, place):
    grid = [[0.2] * 3 for _ in range(3)]
    grid[y][x] = 0.9
    assert f"brightest at the {place}," in made("caption", lightness=grid)


@pytest.mark.parametrize(
    ("color", "name"),
    [
        ((0, 0, 0), "black"),
        ((1, 1, 1), "white"),
        ((1, 0, 0), "red"),
        ((0, 0, 0.5), "deep blue"),
        ((1, 1, 0), "yellow"),
        ((0.2, 0.6, 0.3), "sea green"),
        ((0.5, 0.5, 0.5), "grey"),
        ((1, 0.4, 0.7), "pink"),
        ((0.45, 0.3, 0.2), "brown"),
    ],
)
def test_everyday_names_of_colours(color, name):
    assert color_name(color).english == name


def test_colours_that_look_alike_are_named_once():
    assert [one.english for one in color_names([NAVY, (0.05, 0.1, 0.26), AMBER])] == ["navy", "amber"]
    assert oklab((1, 1, 1)) == pytest.approx((1, 0, 0), abs=1e-3)  # as Ottosson's white


def test_another_task_is_refused():
    with pytest.raises(KeyError):
        made("poem")


CHANNEL = st.floats(-2, 3) | st.just(math.nan)


@settings(deadline=None)
@given(
    palette=st.lists(st.tuples(CHANNEL, CHANNEL, CHANNEL), max_size=6),
    width=st.integers(0, 100_000),
    height=st.integers(0, 100_000),
    lightness=st.lists(st.lists(CHANNEL, max_size=4), max_size=4),
    task=st.sampled_from(TASKS),
    language=st.sampled_from(["English", "中文"]),
)
def test_whatever_is_measured_gives_a_sentence(palette, width, height, lightness, task, language):
    said = describe_by_rules(palette, width, height, lightness, task, language)
    assert len(said) > 3 and ", ," not in said and "None" not in said and not re.search(r"，，|nan", said)
