"""Answers that programs read: whatever a model makes of "answer with JSON"."""

import asyncio
import json
from contextlib import suppress
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from lectern.prompts.errors import AnswerError, ShapeError
from lectern.prompts.loosejson import LONGEST, read_json
from lectern.prompts.messages import Message, Question, Reply
from lectern.prompts.shapes import example, fitted, strict_schema
from lectern.prompts.structured import LONGEST_TEXT, ask_shape, ask_text, clean_text
from lectern.prompts.watching import Watch


class Point(BaseModel):
    title: str = Field(description="a few words", min_length=1)
    bullets: list[str] = Field(description="one line each", min_length=1, max_length=5)
    level: int = Field(default=2, description="how deep")


class Deck(BaseModel):
    title: str = Field(description="of the whole deck")
    slides: list[Point] = Field(description="in order", min_length=1)
    mood: Literal["calm", "bold"] = Field(default="calm", description="of the pictures")
    alt_text: str | None = Field(default=None, description="for those who cannot see")


class Note(BaseModel):
    words: str = Field(description="what is said")
    count: int = Field(description="how many")


QUESTION = Question((Message("system", "You plan."), Message("user", "Plan a secret deck.", (b"jpeg",))), seed=7)
GOOD = {
    "title": "Tea",
    "slides": [{"title": "Leaf", "bullets": ["green"], "level": 1}],
    "mood": "bold",
    "alt_text": "x",
}


class Scripted:
    """A model that gives these answers, one after another."""

    label = "Chat model test"
    remote = True
    concurrency = 1
    room = 1000

    def __init__(self, *answers: str | Reply) -> None:
        self.answers = [Reply(one) if isinstance(one, str) else one for one in answers]
        self.asked: list[Question] = []

    async def ask(self, question, part):
        self.asked.append(question)
        part.write(self.answers[0].text)
        return self.answers.pop(0)

    async def check_sight(self):
        return None

    async def release(self):
        return None


def shaped(model, shape: Any = Deck):
    return asyncio.run(ask_shape(model, QUESTION, shape, Watch().part()))


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cc", "Cs"))),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=("Cc", "Cs"))), inner, max_size=4)
    ),
    max_leaves=15,
)
OBJECTS = st.dictionaries(st.text(st.characters(exclude_categories=("Cc", "Cs"))), VALUES, max_size=4)


HOSTILE = [
    *(
        "{",
        "[",
        '"',
        "'",
        "“",
        '{"',
        "['",
        '{"a":',
        "[/*",
        "[//",
        "[//\n",
        '" ',
        '{"\\"',
        "{a",
        "[1,",
        '[" \n',
        "{'a':'",
    ),
    *("[“", '{"a":1}', "[-", "{“", "[\\", '["a" ', "{\n", "[ \t", '{"a":"', "{'"),
]


class TestReadJson:
    @settings(deadline=None)
    @given(OBJECTS, st.booleans(), st.sampled_from([None, 2]))
    def test_all_of_json_is_read(self, value, ascii_only, indent):
        assert read_json(json.dumps(value, ensure_ascii=ascii_only, indent=indent)) == value

    @settings(deadline=None)
    @given(OBJECTS.filter(bool))
    def test_prose_and_fences_around_it_do_not_matter(self, value):
        text = f"Sure! Here {{is}} it [1]:\n```json\n{json.dumps(value, indent=1)}\n```\nIs that 'fine'?"
        assert read_json(text) == value

    @settings(deadline=None)
    @given(st.text(alphabet="{}[]\":,'\\/ \n-1eaTrue“”：Nul", max_size=200) | st.text())
    def test_any_text_gives_an_object_or_a_reason(self, text):
        try:
            assert isinstance(read_json(text, "all"), dict)
        except ValueError as error:
            assert str(error)

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ('{"a": 1,}', {"a": 1}),
            ('{"a": [1, 2,],\n}', {"a": [1, 2]}),
            ('{"a": "x"\n "b": "y"}', {"a": "x", "b": "y"}),
            ('{"a": [1 2]}', {"a": [1, 2]}),
            ("{'a': 'it's', 'b': 'c'}", {"a": "it's", "b": "c"}),
            ("{a: True, b: None, c-d: False}", {"a": True, "b": None, "c-d": False}),
            ("{“标题”：“茶”，“数”：2}", {"标题": "茶", "数": 2}),
            ('{"a": "he said "hi" to me", "b": 1}', {"a": 'he said "hi" to me', "b": 1}),
            ('{"a": "the "big": one"}', {"a": 'the "big": one'}),
            ('{"a": "two\nlines\tand a tab"}', {"a": "two\nlines\tand a tab"}),
            ('{"a": 1, // why\n "b": "http://x" // not\n}', {"a": 1, "b": "http://x"}),
            ('{"a": 1, "a": 2}', {"a": 2}),
            (r'{"a": "it\'s \*bold\* \u00e9 \ud83d\ude00"}', {"a": "it's *bold* é 😀"}),
            (r'{"a": "half \ud83d pair\u0000"}', {"a": "half � pair"}),
            ('{"a": {}, "b": [[], {}]}', {"a": {}, "b": [[], {}]}),
            ('For example {"a": 1}, but better {"a": 2, "b": 3}.', {"a": 2, "b": 3}),
            ('Use {"name} and {"x" or so}. Here: {"a": "b"}', {"a": "b"}),
            ('[{"a": 1}]', {"a": 1}),
            ('{"a": 1e3, "b": -0.5, "c": 007}', {"a": 1000.0, "b": -0.5, "c": 7}),
        ],
    )
    def test_what_models_make_of_it(self, text, found):
        assert read_json(text) == found

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "no JSON object"),
            ("I cannot do that.", "no JSON object"),
            ('"just a string"', "no JSON object"),
            ("[1, 2, 3]", "no JSON object"),
            ('{"a": NaN}', "not correct JSON"),
            ('{"a": -Infinity}', "not correct JSON"),
            ('{"a": 1e999}', "too large"),
            ('{"a": ' + "9" * 5000 + "}", "too long"),
            ('{"a": [{"b": 1}, {"b": 2}', "middle"),
            ('{"a": "b', "middle"),
            ('{"a" 1}', "no value"),
            ('{"a": ' * 60 + "1" + "}" * 60, "more than 50 deep"),
            ("[" * 60 + "]" * 60, "more than 50 deep"),
            (" " * (LONGEST + 1), "longer than"),
        ],
    )
    def test_what_cannot_be_read_is_said_in_a_few_words(self, text, said):
        with pytest.raises(ValueError, match=said) as raised:
            read_json(text)
        assert len(str(raised.value)) < 100

    def test_a_cut_answer_does_not_pass_for_one_of_its_parts(self):
        with pytest.raises(ValueError, match="middle"):
            read_json(json.dumps(GOOD)[:-20], "slides")

    def test_a_list_is_taken_under_its_name(self):
        assert read_json('[{"a": 1}]', "slides") == {"slides": [{"a": 1}]}
        assert read_json('[{"slides": [1]}]', "slides") == {"slides": [1]}

    @pytest.mark.parametrize("piece", HOSTILE)
    @pytest.mark.timeout(30)  # a quadratic way takes minutes
    def test_hostile_repetition_takes_no_longer_than_its_length(self, piece):
        with suppress(ValueError):
            read_json(piece * (60_000 // len(piece)), "")


class TestShapes:
    def test_the_schema_is_one_that_strict_servers_take(self):
        schema = strict_schema(Deck)
        text = json.dumps(schema)
        assert all(word not in text for word in ("$ref", "$defs", "default", "minLength"))
        assert schema["required"] == ["title", "slides", "mood", "alt_text"] and schema["additionalProperties"] is False
        point = schema["properties"]["slides"]["items"]
        assert point["required"] == ["title", "bullets", "level"] and point["additionalProperties"] is False
        assert point["properties"]["title"] == {"type": "string", "description": "a few words"}
        assert point["properties"]["bullets"]["maxItems"] == 5

    def test_a_shape_within_itself_is_refused(self):
        class Tree(BaseModel):
            inner: "list[Tree]"

        with pytest.raises(ValueError, match="Tree holds itself"):
            strict_schema(Tree)

    def test_the_example_shows_names_places_and_counts(self):
        assert example(strict_schema(Deck)) == (
            '{\n  "title": "<of the whole deck>",\n  "slides": [{\n    "title": "<a few words>",\n'
            '    "bullets": ["<one line each>", ...] (1 to 5),\n    "level": <whole number: how deep>\n  }, ...]'
            ' (at least 1) (in order),\n  "mood": one of "calm", "bold",\n'
            '  "alt_text": "<for those who cannot see>" or null\n}'
        )

    @pytest.mark.parametrize(
        ("value", "made"),
        [
            ({"Title": "a"}, {"title": "a"}),
            ({"Alt Text": "a", "altText": "b"}, {"alt_text": "b"}),
            ({"alt_text": "a", "AltText": "b"}, {"alt_text": "a"}),
            ({"title": 2024}, {"title": "2024"}),
            ({"title": None, "alt_text": None}, {"alt_text": None}),
            ({"slides": [{"bullets": "- a\n\n2. b\nc"}]}, {"slides": [{"bullets": ["a", "b", "c"]}]}),
            ({"slides": "none"}, {"slides": "none"}),
            ({"other": {"x": 1}}, {"other": {"x": 1}}),
        ],
    )
    def test_what_is_meant_is_made_to_fit(self, value, made):
        assert fitted(value, strict_schema(Deck)) == made


class TestAskShape:
    def test_schema_and_form_are_sent_and_the_answer_is_an_instance(self):
        model = Scripted(Reply(json.dumps(GOOD), notes=("slow",)))
        made, notes = shaped(model)
        assert made == Deck.model_validate(GOOD) and notes == ("slow",)
        [asked] = model.asked
        assert asked.schema == strict_schema(Deck) and asked.seed == 7
        assert asked.messages[0] == QUESTION.messages[0] and asked.messages[1].pictures == (b"jpeg",)
        assert asked.messages[1].text.startswith("Plan a secret deck.\n\nAnswer with one JSON object")
        assert '"<of the whole deck>"' in asked.messages[1].text

    @pytest.mark.parametrize(
        "answer",
        [
            f"Here you go:\n```json\n{json.dumps(GOOD)}\n```",
            json.dumps({"deck": GOOD}),
            json.dumps([GOOD]),
            json.dumps({"slides": [GOOD]}),
            json.dumps({"Title": "Tea", "Slides": GOOD["slides"], "mood": "bold", "Alt text": "x", "extra": 1}),
            json.dumps(GOOD).replace("1", '"1"'),
        ],
    )
    def test_near_misses_need_no_second_turn(self, answer):
        assert shaped(Scripted(answer))[0] == Deck.model_validate(GOOD)

    def test_a_wrong_answer_is_shown_its_mistakes_once(self):
        wrong = json.dumps({"title": "Tea", "slides": [{"title": "", "bullets": []}, {}], "mood": "sad"})
        model = Scripted(wrong, json.dumps(GOOD))
        made, notes = shaped(model)
        assert made.title == "Tea" and notes == (
            "Chat model test was asked twice: its first answer had not the form that was asked for.",
        )
        answer, told = model.asked[1].messages[-2:]
        assert (answer.role, answer.text, told.role) == ("assistant", wrong, "user")
        assert model.asked[1].messages[:2] == model.asked[0].messages
        assert "slides 1, title is empty" in told.text
        assert "slides 1, bullets has 0 entries where at least 1 are needed" in told.text
        assert "slides 2, title is missing" in told.text and "mood should be 'calm' or 'bold'" in told.text
        assert told.text.startswith("That is not what was asked: ") and told.text.endswith("with the JSON alone.")

    def test_a_long_wrong_answer_is_shown_in_part_and_an_empty_one_as_something(self):
        model = Scripted("no " * 5000, json.dumps(GOOD))
        shaped(model)
        assert len(model.asked[1].messages[-2].text) == 4000
        model = Scripted(" ", json.dumps(GOOD))
        shaped(model)
        assert model.asked[1].messages[-2].text == "{}"

    def test_the_mistakes_are_those_of_what_comes_nearest(self):
        model = Scripted(json.dumps({"deck": {"title": "Tea"}}), json.dumps(GOOD))
        shaped(model)
        assert model.asked[1].messages[-1].text.startswith("That is not what was asked: slides is missing. Answer")

    def test_many_mistakes_are_counted(self):
        model = Scripted(json.dumps({"title": "t", "slides": [{}] * 20}), json.dumps(GOOD))
        shaped(model)
        assert "and 32 more mistakes" in model.asked[1].messages[-1].text

    def test_a_second_failure_says_what_was_wrong_and_quotes_nothing(self):
        wrong = {"title": "hush-hush", "slides": [{"title": "hush-hush", "bullets": {"hush-hush": 1}}]}
        with pytest.raises(ShapeError) as raised:
            shaped(Scripted("hush-hush", json.dumps(wrong)))
        message = str(raised.value)
        assert "slides 1, bullets is not a list" in message and "another chat model" in message
        assert "hush" not in message and "secret" not in message and message.startswith("Chat model test ")

    def test_a_name_that_the_answer_invented_is_not_quoted(self):
        class Loose(BaseModel):
            counts: dict[str, int]

        with pytest.raises(ShapeError) as raised:
            shaped(Scripted(*['{"counts": {"hush-hush": "x"}}'] * 2), Loose)
        assert "counts should be a valid integer" in str(raised.value) and "hush" not in str(raised.value)

    def test_an_answer_that_was_cut_off_asks_for_more_tokens_and_not_again(self):
        model = Scripted(Reply(json.dumps(GOOD)[:-30], complete=False))
        with pytest.raises(ShapeError, match="Raise max_tokens"):
            shaped(model)
        assert len(model.asked) == 1

    def test_a_whole_object_in_a_cut_answer_is_enough(self):
        model = Scripted(Reply(json.dumps(GOOD) + " I hope that th", complete=False))
        assert shaped(model)[0].title == "Tea"

    def test_the_newest_text_begins_anew_with_the_second_turn(self):
        watch = Watch()
        asyncio.run(ask_shape(Scripted("wrong", '{"words": "w", "count": "3"}'), QUESTION, Note, watch.part()))
        assert watch.glimpse.text == "w\n3\n"  # the texts alone

    def test_a_conversation_without_a_user_gets_the_form_as_its_own_message(self):
        model = Scripted('{"words": "w", "count": 3}')
        question = Question((Message("system", "Count."),), 0)
        made, _ = asyncio.run(ask_shape(model, question, Note, Watch().part()))
        assert made.count == 3 and [one.role for one in model.asked[0].messages] == ["system", "user"]


class TestAskText:
    @pytest.mark.parametrize(
        ("answer", "text"),
        [
            ("a red fox, snow", "a red fox, snow"),
            ("  \na red fox\r\nin snow\n", "a red fox\nin snow"),
            ("Prompt: a red fox", "a red fox"),
            ("**Prompt:** a red fox", "a red fox"),
            ("### Enhanced Prompt:\n\na red fox", "a red fox"),
            ('Sure! Here is the improved prompt:\n\n"a red fox"\n\nLet me know if you want changes!', "a red fox"),
            ("Here's a prompt for you: “a red fox”", "a red fox"),
            ("Here is what I made:\n\na red fox", "a red fox"),
            ("Okay, here's the image description:\n```text\na red fox\n```\nEnjoy.", "a red fox"),
            ("```\na red fox", "a red fox"),
            ("a red fox\n```", "a red fox"),
            ("好的，以下是提示词：\n\n「一只狐狸」", "一只狐狸"),
            ("提示词：一只狐狸", "一只狐狸"),
            ("a *red* fox with **deep** eyes", "a red fox with deep eyes"),
            ("`a red fox`", "a red fox"),
            ("**Image Prompt**\n\na red fox", "a red fox"),
            ("Of course! A red fox", "A red fox"),
            ("Sure! Here you go: a red fox", "a red fox"),
            ("Here is the prompt:\n\n> a red fox\n> in snow", "a red fox\nin snow"),
            ('Prompt: "a red fox"\n\n**Negative prompt:** blurry', "a red fox"),
            ("a\n\n\n\nb", "a\n\nb"),
        ],
    )
    def test_what_models_add_is_taken_off(self, answer, text):
        assert clean_text(answer) == text

    def test_what_no_text_should_hold(self):
        """Halves of a pair break whoever encodes the text, control characters whoever writes XML of it."""
        assert clean_text("a \ud83d fox\x1b[31m\x00\r\nruns") == "a \ufffd fox[31m\nruns"

    @pytest.mark.parametrize(
        "text",
        [
            "(masterpiece:1.2), <lora:fox_v2:0.8>, 2 * 3, __animal__, snake_case_name",
            'a sign that says "OPEN"',
            '"OPEN" and "CLOSED"',
            "This is a serene lake: still water, mist",
            "Here is where the river ends",
            "a poster with the word: FOX",
            "rock 'n' roll",
            "5*4*3 blocks",
            "Sure-footed goats, of course",
            "prompt service",
            "a > b",
            "'90s look, '80s neon",
        ],
    )
    def test_what_belongs_to_the_text_stays(self, text):
        assert clean_text(text) == text

    @settings(deadline=None)
    @given(st.text(alphabet="`~*#\"'“”a:\n ") | st.text())
    def test_cleaning_twice_changes_little_and_never_fails(self, text):
        assert len(clean_text(clean_text(text))) <= len(clean_text(text)) <= len(text)

    @pytest.mark.parametrize(
        "piece", ["```a\n", "*", "*a", "\n", " \n", "here is ", "# ", '"', "~~~\n````\n", "\n\nlet me know"]
    )
    @pytest.mark.timeout(30)  # a quadratic way takes minutes
    def test_hostile_repetition_takes_no_longer_than_its_length(self, piece):
        text = piece * (60_000 // len(piece))
        assert len(clean_text(text)) <= len(text)

    async def test_notes_say_what_was_cut(self):
        model = Scripted(Reply("a" * 30_000, complete=False, notes=("n",)))
        text, notes = await ask_text(model, QUESTION, Watch().part())
        assert text == "a" * LONGEST_TEXT and notes[0] == "n" and "max_tokens" in notes[1] and "20000" in notes[2]
        assert model.asked == [QUESTION]

    @pytest.mark.parametrize("answer", ["", "```\n```", '""', "Prompt:"])
    async def test_an_answer_of_nothing_is_an_error(self, answer):
        with pytest.raises(AnswerError, match="empty text"):
            await ask_text(Scripted(answer), QUESTION, Watch().part())
