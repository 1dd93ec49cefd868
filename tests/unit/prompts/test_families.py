"""The presets: what a widget offers, and that what they say fits the family."""

import pytest

from lectern.prompts.families import FAMILIES, USES
from lectern.prompts.languages import LANGUAGES


def test_the_widgets_offer_these_names_in_this_order():
    assert list(FAMILIES) == [
        "SDXL",
        "SD 1.5 tags",
        "Pony / Illustrious tags",
        "Flux",
        "Qwen-Image",
        "Wan video",
        "plain",
    ]
    assert list(USES) == [
        "any",
        "photo",
        "cover picture",
        "section divider",
        "icon",
        "background with calm space",
        "diagram-free",
    ]


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_a_family_is_told_in_full(family):
    fewest, most = family.words
    assert 0 < fewest < most <= 200
    assert family.language in family.languages and set(family.languages) <= set(LANGUAGES)
    assert len(family.guidance.split()) > 60 and "  " not in family.guidance and "{" not in family.guidance
    assert "watermarks" in family.guidance and "text" in family.guidance
    assert all(word in family.guidance for word in family.quality)


def test_what_sets_families_apart():
    assert not FAMILIES["Flux"].negative and "no negative prompt" in FAMILIES["Flux"].guidance
    assert {"score_9", "masterpiece", "absurdres"} <= set(FAMILIES["Pony / Illustrious tags"].quality)
    assert FAMILIES["Pony / Illustrious tags"].negative.startswith("score_6")
    assert "中文" in FAMILIES["Qwen-Image"].languages and "中文" not in FAMILIES["SDXL"].languages
    assert [name for name, family in FAMILIES.items() if family.form == "tags"] == list(FAMILIES)[:3]
    wan = FAMILIES["Wan video"].guidance
    order = [wan.index(word) for word in ("the subject", "the scene", "the motion", "the camera")]
    assert order == sorted(order)


@pytest.mark.parametrize("use", USES.values(), ids=lambda use: use.name)
def test_a_use_asks_for_nothing_that_it_forbids(use):
    assert use.guidance.endswith(".") and "  " not in use.guidance
    assert not set(use.words) & set(use.negative)
    assert use.words or use.name == "any"
