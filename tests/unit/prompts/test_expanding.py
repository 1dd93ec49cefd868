"""An idea becomes a prompt by a model that does not do as it is told at first."""

import pytest

from lectern.prompts.errors import Busy, ShapeError
from lectern.prompts.expanding import expand
from lectern.prompts.families import FAMILIES
from lectern.prompts.watching import Watch
from lectern.prompts.wishes import OWN_LANGUAGE, Wish
from support.scripted import Scripted

GOOD = {
    "positive": "a lighthouse above dark waves, brass lamp in its window, storm light",
    "negative": "people",
    "title": "Before the storm",
    "alt_text": "A lighthouse above dark waves.",
}


def wish(**changes):
    return Wish(**{"text": "a lighthouse", "family": "SDXL", "use": "any", **changes})


async def expanded(wanted, *answers):
    model = Scripted(*answers)
    return await expand(wanted, model, Watch().part()), model


async def test_a_good_answer_is_taken_as_it_is():
    made, model = await expanded(wish(), GOOD)
    assert made.positive.endswith(GOOD["positive"]) and made.title == GOOD["title"]
    assert made.alt_text == GOOD["alt_text"] and made.notes == () and len(model.asked) == 1


async def test_the_model_is_told_family_use_creativity_and_terms():
    wanted = wish(use="icon", creativity=0.0, must=("brass lamp",), never=("fog",), look="ink on paper", seed=9)
    _, model = await expanded(wanted, GOOD)
    system = model.texts("system")[0]
    for told in (FAMILIES["SDXL"].guidance, "Keep to the idea", "brass lamp", "fog", "ink on paper", "in English"):
        assert told in system
    assert model.asked[0].seed == 9 and model.texts()[0].startswith("a lighthouse")


async def test_a_blank_is_no_prompt():
    made, model = await expanded(wish(), {**GOOD, "positive": " \n"}, GOOD)
    assert made.positive.endswith(GOOD["positive"]) and len(model.asked) == 2


async def test_a_title_that_lacks_is_the_idea_in_one_line():
    made, _ = await expanded(wish(text="a lighthouse\n\nat dusk"), {**GOOD, "title": ""})
    assert made.title == "a lighthouse at dusk"


class TestTerms:
    async def test_a_second_turn_mends_what_is_missing(self):
        bare = {**GOOD, "positive": "a lighthouse above dark waves"}
        made, model = await expanded(wish(must=("brass lamp",)), bare, GOOD)
        assert "brass lamp" in made.positive and len(model.asked) == 2
        assert "'brass lamp'" in model.texts()[1] and "a lighthouse above dark waves" in model.texts("assistant")[1]

    async def test_what_the_model_does_not_mend_is_mended_by_rule(self):
        bare = {**GOOD, "positive": "a lighthouse in fog, dark waves"}
        made, model = await expanded(wish(must=("brass lamp",), never=("fog",)), bare, bare)
        assert "brass lamp" in made.positive and "fog" not in made.positive and made.notes
        assert len(model.asked) == 2  # never a third time

    async def test_a_model_that_cannot_mend_it_keeps_its_first_prompt(self):
        bare = {**GOOD, "positive": "a lighthouse above dark waves"}
        made, model = await expanded(wish(must=("brass lamp",)), bare, "no", "no again")
        assert "a lighthouse above dark waves" in made.positive and "brass lamp" in made.positive
        assert len(model.asked) == 3 and any("did not mend" in note for note in made.notes)

    async def test_other_capitals_are_no_reason_to_ask_again_and_are_put_right(self):
        shouted = {**GOOD, "positive": "an IPHONE on a desk"}
        made, model = await expanded(wish(must=("iPhone",)), shouted)
        assert "an iPhone on a desk" in made.positive and len(model.asked) == 1 and made.notes == ()

    async def test_forbidden_terms_join_the_negative_prompt_once(self):
        made, _ = await expanded(wish(never=("people", "cars")), GOOD)
        tags = [tag.strip() for tag in made.negative.split(",")]
        assert tags.count("people") == 1 and "cars" in tags
        assert set(FAMILIES["SDXL"].negative.split(", ")) <= set(tags)

    async def test_a_term_that_must_be_there_never_stands_in_the_negative_prompt(self):
        made, _ = await expanded(wish(must=("brass lamp",)), {**GOOD, "negative": "brass lamp, rain"})
        assert "brass lamp" not in made.negative and "rain" in made.negative


class TestLanguage:
    async def test_chinese_in_english_out_and_a_translation_is_asked_for(self):
        chinese = {**GOOD, "positive": "黑色海浪上的灯塔，暴风雨前的光线"}
        made, model = await expanded(wish(text="灯塔"), chinese, GOOD)
        assert made.positive.endswith(GOOD["positive"]) and "not in English" in model.texts()[1]

    async def test_a_model_that_keeps_its_language_is_noted(self):
        chinese = {**GOOD, "positive": "黑色海浪上的灯塔"}
        made, _ = await expanded(wish(text="灯塔"), chinese, chinese)
        assert any("did not write the prompt in English" in note for note in made.notes)

    async def test_chinese_terms_that_must_stay_are_not_another_language(self):
        kept = {**GOOD, "positive": "a lighthouse with the words “灯塔书店” above its door"}
        made, model = await expanded(wish(text="灯塔", must=("灯塔书店",)), kept)
        assert len(model.asked) == 1 and "灯塔书店" in made.positive

    @pytest.mark.parametrize(("language", "told"), [(OWN_LANGUAGE, "in English"), ("中文", "Chinese (Simplified)")])
    async def test_the_language_that_is_asked_for(self, language, told):
        answer = GOOD if language == OWN_LANGUAGE else {**GOOD, "positive": "黑色海浪上的灯塔"}
        _, model = await expanded(wish(language=language), answer)
        assert told in model.texts("system")[0] and len(model.asked) == 1


class TestForm:
    async def test_a_family_without_a_negative_prompt_gets_none(self):
        made, model = await expanded(wish(family="Flux", never=("fog",)), GOOD)
        assert made.negative == "" and "takes no negative prompt" in model.texts("system")[0]

    @pytest.mark.parametrize("family", FAMILIES)
    async def test_quality_words_stand_in_front_once(self, family):
        made, _ = await expanded(wish(family=family), GOOD)
        words = FAMILIES[family].quality
        assert made.positive.startswith(", ".join(words))
        again, _ = await expanded(wish(family=family), {**GOOD, "positive": made.positive})
        assert again.positive == made.positive

    @pytest.mark.parametrize(("family", "end"), [("SDXL", ", ink on paper"), ("Flux", ". Ink on paper.")])
    async def test_the_look_ends_the_prompt(self, family, end):
        made, _ = await expanded(wish(family=family, look="ink on paper"), GOOD)
        assert made.positive.endswith(end)

    async def test_line_breaks_of_the_model_do_not_reach_the_prompt(self):
        made, _ = await expanded(wish(), {**GOOD, "positive": "a lighthouse\n\nabove   waves", "alt_text": "One\ntwo."})
        assert made.positive.endswith("a lighthouse above waves") and made.alt_text == "One two."

    async def test_title_and_alt_text_that_lack_come_from_the_idea(self):
        made, _ = await expanded(wish(), {**GOOD, "title": "", "alt_text": " "})
        assert (made.title, made.alt_text) == ("a lighthouse", "a lighthouse")


async def test_what_the_backend_raises_comes_through():
    with pytest.raises(Busy):
        await expanded(wish(), Busy("busy"))
    with pytest.raises(ShapeError):
        await expanded(wish(), "no", "no again")
