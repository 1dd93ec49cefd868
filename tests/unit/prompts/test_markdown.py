"""An outline as Markdown: exact for what we write, forgiving to what people and models write."""

from contextlib import suppress
from functools import partial

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lectern.prompts.errors import OutlineError
from lectern.prompts.markdown import from_markdown, to_markdown
from lectern.prompts.outlines import CHAPTER, COVER, POINT, Outline, Slide

DECK = Outline(
    "Tea",
    (
        Slide("Tea", subtitle="From leaf to cup", picture="a steaming cup", level=COVER),
        Slide("Where it grows", ("hills", "rain"), section="Origin", notes="Breathe.\n\nGo on.", level=CHAPTER),
        Slide(
            "Who picks it", ("hands",), section="Origin", prompt="a hand, (leaf:1.2)", negative="text", alt_text="Hand"
        ),
        Slide("Questions", ("any?",), level=CHAPTER),
    ),
    look="muted greens",
)
Lone = partial(Slide, level=CHAPTER)  # of no section: a chapter of its own
WRITTEN = """\
# Tea
Look: muted greens
Subtitle: From leaf to cup
Picture: a steaming cup

## Origin

### Where it grows
- hills
- rain
> Breathe.
>
> Go on.

### Who picks it
- hands
Prompt: a hand, (leaf:1.2)
Negative: text
Alt: Hand

### Questions
Section: none
- any?
"""

# Pieces that look like our own syntax, in the middle of ordinary text.
PIECES = [
    "#",
    "-",
    "*",
    "**",
    "> ",
    "1. ",
    "3) ",
    "Picture: ",
    "level:",
    "2",
    "备注：",
    "none",
    "\\",
    "Look:",
    "___",
    "```",
]
PIECES += [
    "Slide 3: ",
    "第2页：",
    " ",
    "a",
    "茶",
    "[x] ",
    "<br>",
    "<!--",
    "-->",
    "---",
    "Notes",
    "Section: ",
    "|",
    ":",
    "、",
    "Cover: ",
]
PIECES += ["Key points", "ſubtitle:", "\t", "\u2028", "Let me know"]
_CONTROLS = "".join(chr(code) for code in (*range(0x20), 0x7F) if chr(code) != "\t")  # no outline of ours holds any
CHARACTERS = st.characters(exclude_characters=_CONTROLS, exclude_categories=("Cs",))
LINE = (st.lists(st.sampled_from(PIECES), max_size=5).map("".join) | st.text(CHARACTERS, max_size=12)).map(str.strip)
LINES = st.lists(LINE, max_size=3).map("\n".join).map(str.strip)
NOTES = st.lists(
    st.sampled_from(["", " ", "  "]).flatmap(lambda indent: LINE.map(lambda text: (indent + text).rstrip()))
)
SLIDE = st.builds(
    Slide,
    title=LINE,
    bullets=st.lists(LINE.filter(bool), max_size=3).map(tuple),
    subtitle=LINES,
    section=st.sampled_from(["", "A", "none"]) | LINE,
    notes=NOTES.map("\n".join).map(str.strip),
    picture=LINES,
    prompt=LINES,
    negative=LINES,
    alt_text=LINES,
    level=st.sampled_from([COVER, CHAPTER, POINT]),
)
OUTLINE = st.builds(Outline, title=LINE, slides=st.lists(SLIDE, min_size=1, max_size=5).map(tuple), look=LINES)


class TestRoundTrip:
    def test_the_form(self):
        assert to_markdown(DECK) == WRITTEN
        assert from_markdown(WRITTEN) == DECK

    @settings(deadline=None)
    @given(OUTLINE)
    @example(Outline("", (Slide("", level=COVER),)))
    @example(Outline("T", (Slide("x", section="none", level=COVER), Slide("3. y", section="none"), Slide("\\"))))
    def test_every_outline_comes_back(self, outline):
        assert from_markdown(to_markdown(outline)) == outline

    @settings(deadline=None)
    @given(OUTLINE)
    def test_line_ends_and_indentation_of_an_editor_do_not_matter(self, outline):
        assert from_markdown("\ufeff" + to_markdown(outline).replace("\n", "\r\n")) == outline

    def test_a_deck_without_a_cover_says_so(self):
        outline = Outline("Tea", (Slide("One", level=CHAPTER), Slide("Two", level=CHAPTER)))
        assert to_markdown(outline) == "# Tea\nCover: none\n\n### One\n\n### Two\n"

    @pytest.mark.parametrize(
        ("slide", "line"),
        [
            (Slide("3. Act"), "### \\3. Act"),
            (Slide("Act 3"), "### Act 3"),
            (Slide("t", ("Picture: worth a thousand words",)), "- \\Picture: worth a thousand words"),
            (Slide("t", ("Price: 3",)), "- Price: 3"),
            (Slide("t", ("**loud**",)), "- \\**loud**"),
            (Slide("t", ("two\nlines",)), "- two lines"),
            (Slide("t", picture="one\ntwo"), "Picture: one\nPicture: two"),
            (Slide("t"), "Level: 2"),
        ],
    )
    def test_a_backslash_only_where_it_is_needed(self, slide, line):
        assert f"{line}\n" in to_markdown(Outline("T", (slide,)))

    def test_what_only_looks_different_is_written_the_same(self):
        slide = Slide(" a\nb ", (" ", "c"), notes=" n\r\nm ")
        made = from_markdown(to_markdown(Outline("T", (slide,))))
        assert made.slides == (Slide("a b", ("c",), notes="n\nm"),)


def slides(text):
    return [(one.level, one.section, one.title, one.bullets) for one in from_markdown(text).slides]


class TestForgiving:
    def test_slides_as_second_headings(self):
        text = "# Tea\n\n## 1. Leaf\n* green\n  * very\n  1) so\n## Slide 2: Cup\n+ hot"
        assert slides(text) == [(0, "", "Tea", ()), (1, "", "Leaf", ("green", "very", "so")), (1, "", "Cup", ("hot",))]

    def test_sections_by_depth(self):
        text = "# Tea\n# Part\n## Leaf\n- a\n#### deeper\n## Cup\n# Rest\n## End"
        assert slides(text) == [
            (0, "", "Tea", ()),
            (1, "Part", "Leaf", ("a", "deeper")),
            (2, "Part", "Cup", ()),
            (1, "Rest", "End", ()),
        ]

    def test_a_section_with_lines_of_its_own_or_without_slides_is_a_slide(self):
        text = "# T\n## A\n- own\n### B\n## C\n## D\n### E"
        assert slides(text)[1:] == [
            (1, "A", "A", ("own",)),
            (2, "A", "B", ()),
            (1, "C", "C", ()),
            (1, "D", "E", ()),
        ]

    @pytest.mark.parametrize(
        "text", ["## Leaf\n- a\n## Cup\n- b", "### Leaf\n- a\n### Cup\n- b", "Hello:\n## Leaf\na\n## Cup\nb"]
    )
    def test_without_a_title_the_first_heading_names_the_deck(self, text):
        assert from_markdown(text) == Outline("Leaf", (Lone("Leaf", ("a",)), Lone("Cup", ("b",))))

    def test_a_title_may_be_a_label(self):
        made = from_markdown("Title: Tea\nLook: green\n## Leaf")
        assert made == Outline("Tea", (Lone("Leaf"),), look="green")

    def test_labels_in_two_languages_and_many_spellings(self):
        text = (
            "# 茶\n外观：淡雅\n副标题: 从叶到杯\n\n### 第1页：叶\n- 绿\n图片：山\n**提示词**：a hill\n"
            "负面:text\n替代文本：一座山\n级别：1\n备注：慢慢说\n"
            "### Cup\n**Picture:** a *cup*\n- **Image Prompt:** `cup`\n*NEGATIVE PROMPT: text*\n"
            "alt text : A cup\n- Speaker notes: slowly"
        )
        leaf, cup = from_markdown(text).slides[1:]
        assert from_markdown(text).look == "淡雅" and from_markdown(text).slides[0].subtitle == "从叶到杯"
        assert leaf == Lone(
            "叶",
            ("绿",),
            picture="山",
            prompt="a hill",
            negative="text",
            alt_text="一座山",
            notes="慢慢说",
            level=CHAPTER,
        )
        assert cup == Lone("Cup", picture="a cup", prompt="`cup`", negative="text", alt_text="A cup", notes="slowly")

    def test_lines_without_a_mark(self):
        long = "word " * 50
        text = (
            f"# T\n## A\nshort line\n- bullet\n  goes on\n- next\nnot this\n{long}\n> note\nalso note\n\nbullet again\n"
            "Prompt:\n\na cup\non a table\n\nlast bullet\nNotes:\nsaid\nmore\n\nend"
        )
        [_, slide] = from_markdown(text).slides
        assert slide.bullets == (
            "short line",
            "bullet goes on",
            "next",
            "not this",
            "bullet again",
            "last bullet",
            "end",
        )
        assert slide.notes == f"{long.strip()}\nnote\nalso note\nsaid\nmore"
        assert slide.prompt == "a cup\non a table"

    def test_what_models_answer(self):
        text = (
            "Sure! Here is your deck:\n\n```markdown\n---\n# Tea: A Story\n---\n<!-- two\nlines -->\n\n"
            "## **Slide 1: Leaf** ##\n### Key Points\n- **Green**: very\n- [ ] fresh<br>\n\n### Speaker Notes:\n"
            "Hello.\n\n---\n## Slide 2 - Cup\n**Bullet points:**\n1. hot\n2. round\n\n| a | b |\n|---|---|\n```\n\n"
            "Let me know what you think!"
        )
        made = from_markdown(text)
        assert made.title == "Tea: A Story"
        assert made.slides[1:] == (
            Lone("Leaf", ("Green: very", "fresh"), notes="Hello."),
            Lone("Cup", ("hot", "round", "| a | b |")),
        )

    def test_lines_that_pose_as_headings_where_there_are_none(self):
        text = "**Slide 1: Leaf**\n- a\n\nSlide 2: Cup\n- b"
        assert from_markdown(text) == Outline("Leaf", (Lone("Leaf", ("a",)), Lone("Cup", ("b",))))

    def test_front_matter_is_dropped(self):
        assert slides("---\nmarp: true\ntheme: gaia\n---\n# T\n---\n## A") == [(0, "", "T", ()), (1, "", "A", ())]

    def test_what_is_pasted_from_powerpoint_and_pdf_holds_no_control_characters(self):
        outline = from_markdown("# Tea\vtime\n\f### One\x07\n- a\ud83d\x1b\x00b\n")
        assert (outline.title, outline.slides[1].title) == ("Tea time", "One")
        assert outline.slides[1].bullets == ("a\ufffdb",)

    def test_a_comment_that_never_ends_takes_one_line(self):
        assert slides("# T\n<!-- oops\n## A\n- a") == [(0, "", "T", ()), (1, "", "A", ("a",))]

    def test_labels_of_the_deck_are_bullets_elsewhere_and_a_level_is_a_number(self):
        text = "# T\n### A\nLook: here\nLevel: beginner\nCover: me\n### B\nLevel: 7\n### C\nTitle: D"
        assert slides(text)[1:] == [
            (1, "", "A", ("Look: here", "Level: beginner", "Cover: me")),
            (2, "", "B", ()),
            (1, "", "D", ()),
        ]

    @settings(deadline=None)
    @given(st.text() | st.lists(st.sampled_from([*PIECES, "\n"]), max_size=40).map("".join))
    @example("**\\ **")
    def test_any_text_is_an_outline_or_an_error_with_its_line(self, text):
        try:
            outline = from_markdown(text)
        except OutlineError as error:
            assert "line" in str(error)
        else:
            assert outline.slides and from_markdown(to_markdown(outline)) == outline


class TestRefused:
    @pytest.mark.parametrize("text", ["", "\n\n", "- a\n- b", "# T\nCover: none\n- a", "just words"])
    def test_no_slide(self, text):
        with pytest.raises(OutlineError, match="no slide up to its end in line"):
            from_markdown(text)

    def test_too_many_slides(self):
        text = "# T\n" + "### s\n" * 3
        assert len(from_markdown(text, slides=4).slides) == 4
        with pytest.raises(OutlineError, match="more than 3 slides; the next one begins in line 4"):
            from_markdown(text, slides=3)

    def test_too_many_characters(self):
        with pytest.raises(OutlineError, match=r"20 characters; 10 are allowed, which end in line 3"):
            from_markdown("# T\n###\n" + "s" * 12, chars=10)

    @pytest.mark.parametrize(
        "piece", ["# ", "#", "*", "* ", "**a", "<!--", "<b ", "- ", "\\", "Slide 1", "第", "1.", ": ", "_ _", "> "]
    )
    @pytest.mark.parametrize("end", ["", "\n"])
    @pytest.mark.timeout(30)  # a quadratic way takes minutes
    def test_hostile_repetition_takes_no_longer_than_its_length(self, piece, end):
        text = (piece + end) * (40_000 // len(piece + end))
        with suppress(OutlineError):
            from_markdown(f"# T\n{text}", slides=10**6, chars=10**6)
