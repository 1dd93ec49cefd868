"""A topic or a document becomes a deck, by a model that counts badly, stops early and answers loosely."""

import asyncio
import re

import pytest

from lectern.prompts.documents import condensed
from lectern.prompts.errors import Busy, ShapeError
from lectern.prompts.markdown import to_markdown
from lectern.prompts.outlines import CHAPTER, COVER, POINT, Outline, Plan, Slide
from lectern.prompts.outlining import is_document, plan_by_rules, plan_deck, with_prompts
from lectern.prompts.watching import Watch
from support.scripted import Scripted

PROMPT = {"positive": "a quiet street, morning light", "negative": "", "title": "Street", "alt_text": "A quiet street."}


def slide(number, section="Why", **changes):
    return {
        "section": section,
        "title": f"Title {number}",
        "bullets": ["one", "two", "three"],
        "notes": f"Say {number}.",
        "picture": f"street {number}",
        "alt_text": f"Street number {number}.",
        **changes,
    }


def deck(*slides, **changes):
    frame = {"title": "Quiet", "subtitle": "for the council", "look": "ink on paper", "cover_picture": "a city at dawn"}
    return {**frame, "slides": list(slides), **changes}


def plan(slides=4, **changes):
    return Plan(**{"topic": "Quieter streets", "slides": slides, **changes})


async def planned(wanted, *answers):
    model = Scripted(*answers)
    return await plan_deck(wanted, model, Watch()), model


class TestPlanning:
    async def test_a_cover_sections_and_levels(self):
        made, model = await planned(plan(5), deck(slide(1), slide(2), slide(3, "How"), slide(4, "How")))
        assert [one.level for one in made.slides] == [COVER, CHAPTER, POINT, CHAPTER, POINT]
        assert [one.title for one in made.slides] == ["Quiet", "Title 1", "Title 2", "Title 3", "Title 4"]
        assert made.slides[0].subtitle == "for the council" and made.slides[0].picture == "a city at dawn"
        assert made.look == "ink on paper" and made.notes == () and len(model.asked) == 1
        assert "exactly 4 slides" in model.texts("system")[0]

    async def test_texts_without_end_are_cut(self):
        texts = dict.fromkeys(("section", "title", "notes", "picture", "alt_text"), "word " * 5000)
        made, _ = await planned(plan(2), deck(slide(1, **texts, bullets=["word " * 5000] * 3), look="ink " * 5000))
        assert len(to_markdown(made)) < 20_000

    async def test_a_blank_is_no_title(self):
        made, model = await planned(plan(2), deck(slide(1, title=" ")), deck(slide(1)))
        assert made.slides[1].title == "Title 1" and "title is empty" in model.texts()[1]

    async def test_without_a_cover_all_slides_are_content(self):
        made, model = await planned(plan(2, cover=False), deck(slide(1), slide(2)))
        assert [one.level for one in made.slides] == [CHAPTER, POINT] and "exactly 2 slides." in model.texts("system")[
            0
        ]

    async def test_slides_without_sections_are_chapters(self):
        made, _ = await planned(plan(3), deck(slide(1, ""), slide(2, "")))
        assert [one.level for one in made.slides] == [COVER, CHAPTER, CHAPTER]

    async def test_what_the_person_says_of_it_reaches_the_model(self):
        wanted = plan(2, audience="the council", tone="dry", language="中文", look="linocut")
        made, model = await planned(wanted, deck(slide(1)))
        system = model.texts("system")[0]
        assert all(told in system for told in ("the council", "dry", "Chinese (Simplified)", "linocut"))
        assert made.look == "linocut"  # whatever the model made of it

    async def test_too_many_slides_are_cut_with_a_note(self):
        made, _ = await planned(plan(2), deck(slide(1), slide(2), slide(3)))
        assert len(made.slides) == 2 and "2 slides too many" in made.notes[0]

    async def test_slides_that_lack_are_asked_for_once_more(self):
        made, model = await planned(plan(4), deck(slide(1)), {"slides": [slide(2), slide(3)]})
        assert [one.title for one in made.slides[1:]] == ["Title 1", "Title 2", "Title 3"] and made.notes == ()
        assert "exactly 2 more" in model.texts()[1] and "Title 1" in model.texts()[1]

    async def test_a_model_that_will_not_write_more_is_noted(self):
        made, model = await planned(plan(5), deck(slide(1)), {"slides": [slide(2)]})
        assert len(made.slides) == 3 and "planned 2 of 4 slides" in made.notes[0] and len(model.asked) == 2

    @pytest.mark.parametrize(
        ("bullets", "read"),
        [
            ("- one\n- two\n- three", ("one", "two", "three")),
            (["• one", "2. two", "3) three"], ("one", "two", "three")),
            (["1", "2", "3", "4", "5", "6", "7"], ("1", "2", "3", "4", "5")),
            (["one", "", "two", " ", "three"], ("one", "two", "three")),
            (["3D print", "100 watts", "2nd try"], ("3D print", "100 watts", "2nd try")),
        ],
    )
    async def test_bullets_however_they_come(self, bullets, read):
        made, _ = await planned(plan(2), deck(slide(1, bullets=bullets)))
        assert made.slides[1].bullets == read

    async def test_too_few_bullets_are_shown_to_the_model_and_then_an_error(self):
        short = deck(slide(1, bullets=["one"]))
        made, model = await planned(plan(2), short, deck(slide(1)))
        assert len(made.slides[1].bullets) == 3 and "bullets" in model.texts()[1]
        with pytest.raises(ShapeError, match="bullets"):
            await planned(plan(2), short, short)

    async def test_a_long_deck_is_planned_as_titles_and_then_in_parts_side_by_side(self):
        def answer(asked):
            text = asked.messages[1].text
            if "Now write slides" not in text:
                return deck(*({"section": f"S{number // 5}", "title": f"T{number}"} for number in range(24)))
            first, last = map(int, re.search(r"slides (\d+) to (\d+)", text).groups())
            return {"slides": [slide(number) for number in range(first, last + 1)]}

        model = Scripted(by=answer, at_once=4)
        made = await plan_deck(plan(25), model, Watch())
        assert [one.title for one in made.slides[1:]] == [f"T{number}" for number in range(24)]
        assert [one.picture for one in made.slides[1:]] == [f"street {number}" for number in range(1, 25)]
        assert len(model.asked) == 4  # titles, and parts of 10, 10 and 4
        assert made.slides[6].section == "S1" and made.slides[6].level == CHAPTER


class TestDocuments:
    @pytest.mark.parametrize(
        ("topic", "document"),
        [("Quieter streets", False), ("A\nB\nC", False), ("A\n\nB\nC\nD", True), ("word " * 100, True)],
    )
    def test_what_counts_as_one(self, topic, document):
        assert is_document(topic) is document

    async def test_one_that_fits_is_given_whole(self):
        text = "All of it. " * 60
        _, model = await planned(plan(2, topic=text), deck(slide(1)))
        assert text.strip() in model.texts()[0] and "The document of" in model.texts()[0] and len(model.asked) == 1

    async def test_a_longer_one_is_condensed_part_by_part(self):
        text = "\n\n".join(f"Paragraph {number} says something of its own. " * 4 for number in range(60))
        model = Scripted(by=lambda asked: f"short {len(asked.messages[1].text)}", at_once=4, room=2000)
        made = await condensed(plan(topic=text), model, Watch())
        assert made.startswith("short ") and len(made) <= 2000
        assert all(len(asked.messages[1].text) <= 2000 for asked in model.asked)
        assert "".join("".join(asked.messages[1].text.split()) for asked in model.asked) == "".join(text.split())

    async def test_a_model_that_does_not_condense_is_not_asked_forever(self):
        text = "\n\n".join(f"Sentence number {number} is here to stay." for number in range(400))
        model = Scripted(by=lambda asked: asked.messages[1].text, room=2000)
        made = await condensed(plan(topic=text), model, Watch())
        assert 0 < len(made) <= 2000 and len(model.asked) < 12


class TestPrompts:
    def outline(self, *slides):
        return Outline("Quiet", (Slide("Quiet", picture="dawn", level=COVER), *slides), "ink on paper")

    async def test_each_picture_gets_a_prompt_with_the_look_and_its_own_seed(self):
        model = Scripted(by=lambda asked: PROMPT, at_once=4)
        watch = Watch()
        made = await with_prompts(self.outline(Slide("A", picture="a tree"), Slide("B")), plan(seed=5), model, watch)
        assert all(one.prompt.endswith("ink on paper") and one.alt_text == "A quiet street." for one in made.slides)
        assert [asked.seed for asked in model.asked] == [5, 6, 7] and watch.fraction == 1
        assert [text.split("\n")[0] for text in model.texts()] == ["dawn", "a tree", "B"]

    async def test_prompts_that_are_there_stay_and_nothing_is_asked_for_them(self):
        model = Scripted(by=lambda asked: PROMPT)
        start = self.outline(Slide("A", prompt="mine", alt_text="My own."), Slide("B", alt_text="Kept."))
        made = await with_prompts(start, plan(), model, Watch())
        assert made.slides[1] == start.slides[1] and made.slides[2].alt_text == "Kept." and len(model.asked) == 2

    async def test_they_are_written_side_by_side(self):
        busy, most = 0, 0

        class Slow(Scripted):
            async def ask(self, question, part):
                nonlocal busy, most
                busy += 1
                most = max(most, busy)
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                busy -= 1
                return await super().ask(question, part)

        slides = [Slide(f"S{number}", picture="x") for number in range(19)]
        await with_prompts(self.outline(*slides), plan(), Slow(by=lambda asked: PROMPT, at_once=4), Watch())
        assert most == 4

    async def test_one_that_fails_is_an_error_or_written_by_rules_when_that_is_wished(self):
        def answer(asked):
            return Busy("The server is busy.") if "tree" in asked.messages[1].text else PROMPT

        start = self.outline(Slide("A", picture="a tree"), Slide("B", picture="a house"))
        with pytest.raises(Busy):
            await with_prompts(start, plan(), Scripted(by=answer), Watch())
        made = await with_prompts(start, plan(), Scripted(by=answer), Watch(), forgiving=True)
        assert "a tree" in made.slides[1].prompt and "written by rules" in made.notes[0]
        assert made.slides[2].prompt.startswith(PROMPT["positive"])

    async def test_without_a_model_rules_write_them(self):
        made = await plan_by_rules(plan(6, seed=3), Watch())
        assert len(made.slides) == 6 and all(one.prompt and one.alt_text for one in made.slides)
        assert made == await plan_by_rules(plan(6, seed=3), Watch())
        assert made != await plan_by_rules(plan(6, seed=4), Watch())
