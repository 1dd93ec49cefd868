"""Decks by rules: exactly as many slides as asked, honest questions for a topic, a document in its own words."""

import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lectern.prompts.families import FAMILIES
from lectern.prompts.outlines import CHAPTER, COVER, POINT, Plan
from lectern.prompts.rules.documents import read_document
from lectern.prompts.rules.outlining import is_document, outline_by_rules
from lectern.prompts.rules.sentences import width
from lectern.prompts.rules.subjects import subject_of
from lectern.prompts.rules.wordings.reading import languages, wording

REPORT = """Quarterly report Q2 2026

Revenue grew 12% to 4.2 million euros in the second quarter, mostly because of the new subscription plans. Growth was
strongest in Spain and Portugal, where sales doubled. In Germany revenue was flat.

Although we added 3,100 customers, support costs rose by 18%, since the new app had problems after the May update. The
team fixed the most frequent error within four days. Waiting times are back to two hours on average.

Profit fell to 310,000 euros. One-off costs for moving the data centre were 140,000 euros. Without them profit would
have been about the same as a year ago.
"""
MAIL = """From: Anna Berg <anna@example.org>
To: Team
Subject: Re: Summer party: where and when
Date: Tue, 2 Jun 2026

Hi all,

thanks for the many answers. Most of you prefer Friday 19 June. The boat house is free that evening and costs 400 euros.
I suggest that we book it before Thursday, because they hold it for us only until then.

Best regards,
Anna Berg
Head of Operations
+49 30 1234

On Mon, 1 Jun 2026 at 09:12, Tom Lee wrote:
> Hello Anna,
>
> I can organise the music. My brother's band would play for free, but they need a power line.
> Food could come from the new Greek place, which delivers from 30 people on. About a third of us eat vegetarian.
>
> Cheers,
> Tom
"""
CHINESE_REPORT = """# 校园垃圾分类推广方案

## 背景
目前学校每天产生约八百公斤垃圾，其中一半可以回收。去年只有两成垃圾得到正确分类。学生普遍表示不清楚分类标准。

## 措施
- 在每个教学楼入口设置四色垃圾桶
- 每月举行一次分类知识竞赛，由学生会负责组织
- 食堂设置厨余垃圾专用通道

## 预算
垃圾桶采购约两万元，宣传材料约五千元，竞赛奖品约三千元。
"""


def made(topic, slides, **more):
    return outline_by_rules(Plan(topic, slides, **more))


def check(outline, slides):
    """What every outline promises."""
    assert len(outline.slides) == slides and outline.title and outline.look
    titles = [slide.title for slide in outline.slides]
    assert len(set(titles)) == slides and all(title == title.strip() and "\n" not in title for title in titles)
    for slide in outline.slides:
        assert len(slide.bullets) in (0, 3, 4, 5) and slide.notes is not None
        assert all(bullet.strip() and width(bullet) <= 90 and "\n" not in bullet for bullet in slide.bullets)
        assert slide.picture and slide.alt_text and not slide.prompt and slide.level in (COVER, CHAPTER, POINT)
    before = None
    for slide in outline.slides:
        if slide.section:
            assert slide.level == (POINT if slide.section == before else CHAPTER)
        before = slide.section
    assert all(note.endswith(".") for note in outline.notes)


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("slides", [1, 2, 3, 4, 5, 6, 9, 14, 20, 33, 63, 64])
def test_a_talk_of_any_length(language, slides):
    found = made("Climate change", slides, language=language, audience="teachers", tone="calm")
    check(found, slides)
    assert found.slides[0].level == COVER and "teachers" in found.slides[0].subtitle
    titles = [slide.title for slide in found.slides]
    assert not any(re.search(r"\(\d+\)$|[{}]", title) for title in titles)
    assert all(3 <= len(slide.bullets) <= 5 and "{" not in slide.notes for slide in found.slides[1:])
    assert not found.notes


def test_a_talk_longer_than_there_are_angles_is_numbered():
    found = made("Climate change", 500)
    check(found, 500)
    assert any(slide.title == "Why climate change matters (2)" for slide in found.slides)


@pytest.mark.parametrize("language", languages())
def test_each_language_is_written_in_full(language):
    words, english = wording(language), wording("English")
    assert set(words.phrases) == set(english.phrases) and list(words.chapters) == list(english.chapters)
    angles = [angle for chapter in words.chapters.values() for angle in chapter.angles]
    assert len({angle.title for angle in angles}) == len(angles) == 63
    assert all(3 <= len(angle.lines) <= 5 and max(map(width, angle.lines)) <= 90 for angle in angles)
    assert all(len(chapter.advice) >= 4 and chapter.name for chapter in words.chapters.values())
    for name, text in english.phrases.items():
        assert re.findall(r"{\w+}", text) == re.findall(r"{\w+}", words.phrases[name]), name
    assert all(set(re.findall(r"{(\w+)}", angle.title)) <= {"x", "X", "s"} for angle in angles)


@pytest.mark.parametrize(
    ("topic", "title"),
    [
        ("sourdough bread", "Why sourdough bread matters"),
        ("Climate change", "Why climate change matters"),
        ("quarterly report", "Why the quarterly report matters"),
        ("electric cars", "Why electric cars matter"),
        ("How does photosynthesis work?", "Why photosynthesis matters"),
        ("Marie Curie", "Why Marie Curie matters"),
        ("our new CRM system", "Why our new CRM system matters"),
        ("Building trust in remote teams", "Why building trust in remote teams matters"),
        ("Marketing plan for 2027", "Why the marketing plan for 2027 matters"),
        ("Launch of the Aurora X2: the lamp that learns", "Why the launch of the Aurora X2 matters"),
        ("Please make a presentation about the French Revolution for children", "Why the French Revolution matters"),
        ("We should move to a four-day week", "Why a four-day week matters"),
        ("iPhone repair", "Why iPhone repair matters"),
        ("Is it worth it?", "Why the topic matters"),
    ],
)
def test_titles_take_the_topic_up_as_one_would_say_it(topic, title):
    assert made(topic, 8).slides[1].title == title


def test_a_topic_in_two_parts_is_title_and_subtitle():
    cover = made("Aurora X2: the lamp that learns your day", 5, audience="retail partners").slides[0]
    assert (cover.title, cover.subtitle) == ("Aurora X2", "The lamp that learns your day · For retail partners")
    assert made("the French Revolution for children", 5).slides[0].subtitle == "For children"
    assert subject_of("the French Revolution for children", "English").title == "The French Revolution"


def test_a_chinese_topic_is_told_in_chinese_and_drawn_for_the_family():
    found = made("丝绸之路的历史", 9, audience="初中学生", family="Qwen-Image")
    check(found, 9)
    assert found.slides[1].title == "为什么丝绸之路的历史值得关注" and found.slides[0].subtitle == "面向初中学生"
    assert all(not re.search(r"[a-zA-Z]", slide.picture + slide.alt_text) for slide in found.slides)
    drawn = made("丝绸之路的历史", 9, family="SDXL")
    assert all(not re.search(r"[\u4e00-\u9fff]", slide.picture) for slide in drawn.slides)
    assert all(re.search(r"[\u4e00-\u9fff]", slide.alt_text) for slide in drawn.slides)


def test_another_language_falls_back_to_english_and_says_so():
    found = made("コーヒーの歴史", 4)
    check(found, 4)
    assert found.notes == ("The rules cannot write 日本語; what they add is in English.",)
    assert made("Coffee", 4, language="繁體中文").notes == ("The rules write simplified Chinese alone.",)


def test_pictures_suit_the_topic_and_differ():
    found = made("sourdough bread", 12)
    assert len({slide.picture for slide in found.slides}) == 12
    assert sum("sourdough bread" in slide.picture for slide in found.slides) == 12
    assert any("oven" in slide.picture or "wooden board" in slide.picture for slide in found.slides)
    assert made("sourdough bread", 12, seed=1).slides != found.slides


def test_the_look_is_the_persons_or_follows_the_tone():
    assert made("Coffee", 3, look="oil painting").look == "oil painting"
    assert len({made("Coffee", 3, seed=seed).look for seed in range(20)}) > 3
    assert all("clay" not in made("Coffee", 3, tone="serious", seed=seed).look for seed in range(20))


def test_without_a_cover_all_slides_are_content():
    found = made("Coffee", 5, cover=False)
    check(found, 5)
    assert all(slide.level != COVER and slide.bullets for slide in found.slides)


@pytest.mark.parametrize("slides", [0, -1, 501])
def test_an_impossible_number_of_slides(slides):
    with pytest.raises(ValueError, match="1 to 500 slides"):
        made("Coffee", slides)


def test_what_is_a_document():
    assert is_document(REPORT) and is_document(MAIL) and is_document(CHINESE_REPORT) and is_document("word " * 100)
    assert not is_document("The launch of the Aurora X2, a lamp that learns. For retail partners.\nKeep it short.")


def test_a_report_keeps_its_paragraphs_and_its_words():
    found = made(REPORT, 5, audience="the board")
    check(found, 5)
    assert [slide.title for slide in found.slides] == [
        "Quarterly report Q2 2026",
        "Growth was strongest in Spain and Portugal",
        "Support costs rose by 18%",
        "Profit fell",
        "The main points",
    ]
    text = " ".join(REPORT.split()).casefold()
    for slide in found.slides[1:]:
        assert all(bullet.rstrip("…").casefold() in text for bullet in slide.bullets)
        assert slide.notes.casefold() in text or slide.title == "The main points"
    assert "Support costs rose by 18%, since the new app had problems after the May update" in found.slides[2].bullets


def test_a_thread_of_mails_is_what_was_said():
    found = made(MAIL, 4)
    check(found, 4)
    assert found.title == "Summer party: where and when"
    said = " ".join(slide.notes for slide in found.slides[1:])
    assert "boat house" in said and "vegetarian" in said
    assert not any(
        word in said for word in ("Head of Operations", "wrote", "Cheers", "Hi all", "thanks", ">", "Subject")
    )


def test_chinese_headings_are_sections():
    found = made(CHINESE_REPORT, 4, family="Qwen-Image")
    check(found, 4)
    assert [slide.section for slide in found.slides] == ["", "背景", "措施", "预算"]
    assert found.slides[3].bullets == ("垃圾桶采购约两万元", "宣传材料约五千元", "竞赛奖品约三千元")


def test_more_slides_than_the_text_fills_hold_questions_and_a_note_says_so():
    found = made(CHINESE_REPORT, 20)
    check(found, 20)
    assert any("hold questions for you" in note for note in found.notes)
    assert {"待解问题", "要点回顾"} <= {slide.section for slide in found.slides}


def test_fewer_slides_than_headings_put_neighbours_together():
    text = "\n\n".join(
        f"# Part {number}\n\nSentence one of part {number} is here. It has another." for number in range(30)
    )
    found = made(text, 11)
    check(found, 11)
    assert len({slide.section for slide in found.slides}) == 11


@pytest.mark.parametrize(
    ("text", "headings"),
    [
        ("# A\n\n## B\n\nText here.\n\n## C\n\nMore text.", ["B", "C"]),
        ("A title\n=======\n\nFirst\n-----\n\nText is here.\n\nSecond\n------\n\nText is there.", ["First", "Second"]),
        ("1. Goals\n\nWe want to grow quickly.\n\n2. Means\n\nWe hire many people.", ["Goals", "Means"]),
        ("一、背景\n这里是背景。\n二、目标\n这里是目标。", ["背景", "目标"]),
        ("第一章 起源\n很久以前。\n第二章 发展\n后来变了。", ["起源", "发展"]),
        ("Next steps:\n- call Anna\n- book the room\n\nRisks:\n- rain\n- wind", ["Next steps", "Risks"]),
        ("---\ntitle: x\n---\n# A\n\n```\n# no heading\n```\n\n## B\n\nText **here**.", ["B"]),
    ],
)
def test_headings_are_found(text, headings):
    assert [leaf.heading for leaf in read_document(text).leaves] == headings


def test_markdown_is_read_as_what_it_says():
    table = "| Item | Cost |\n|---|---|\n| Lamp | 12 |"
    text = f"# A\n\nSee [the plan](http://x.y/z) and **act** `now`. ![alt](a.png)\n\n{table}"
    assert read_document(text).leaves[0].lines == ("See the plan and act now.", "Item: Cost", "Lamp: 12")


def _hostile():
    digits = random.Random(7)
    letters = [chr(digits.randrange(0x4E00, 0x9000)) if digits.random() > 0.08 else "。" for _ in range(100_000)]
    yield from (
        "a" * 200_000,
        "# " * 50_000,
        "." * 100_000,
        "!?$" * 30_000,
        "🎉" * 30_000,
        "\x00\x1b[31mred\x07 text\n" * 4000,
    )
    yield from (
        "مرحبا بالعالم. " * 6000,
        "",
        " \n" * 30_000,
        "(" * 50_000,
        "[a](" * 30_000,
        ">" * 50_000,
        "<a" * 30_000,
    )
    yield from ("**a " * 30_000, "|" * 50_000, "\ud800abc def. " * 3000, "a" + " " * 100_000 + "b", "x\n===\n" * 10_000)
    yield from ("From: a\nSubject: b\n" * 3000, "On " * 30_000 + "wrote:", "1.\n" * 30_000, "".join(letters))


@pytest.mark.parametrize("text", [one[:40_000] for one in _hostile()], ids=lambda text: repr(text[:8]))
@pytest.mark.timeout(60)  # a quadratic way takes minutes
def test_hostile_texts_give_an_outline(text):
    for slides in (1, 7, 120):
        found = made(text, slides)
        check(found, slides)
        for slide in found.slides:
            (slide.title + slide.notes + "".join(slide.bullets)).encode()
            assert not re.search(r"[\x00-\x08\x0e-\x1f]", slide.title + slide.notes)
            assert len(slide.notes) < 4000


LINES = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        ["# Heading", "## Sub", "- item one", "Some words, and more words follow here.", "今天天气很好。", "", "> q"]
    ),
)
TOPICS = st.one_of(st.text(max_size=400), st.lists(LINES, max_size=30).map("\n".join))


@settings(max_examples=60, deadline=None)
@given(
    topic=TOPICS,
    slides=st.integers(1, 80),
    language=st.sampled_from(["", "English", "中文", "Deutsch", "Français", "Español", "日本語"]),
    audience=st.text(max_size=20),
    tone=st.text(max_size=20),
    look=st.text(max_size=20),
    family=st.sampled_from(sorted(FAMILIES)),
    cover=st.booleans(),
    seed=st.integers(0, 2**64 - 1),
)
def test_whatever_is_planned(topic, slides, language, audience, tone, look, family, cover, seed):
    plan = Plan(topic, slides, audience, language, tone, look, family, cover=cover, seed=seed)
    found = outline_by_rules(plan)
    check(found, slides)
    assert found == outline_by_rules(plan) and found.notes == outline_by_rules(plan).notes
    assert (found.slides[0].level == COVER) == cover


def test_another_process_gives_the_same():
    said = (
        "from lectern.prompts.rules.outlining import outline_by_rules; from lectern.prompts.outlines import Plan;"
        f" import sys; sys.stdout.buffer.write(repr(outline_by_rules(Plan({REPORT!r}, 12))).encode())"
    )
    root = Path(__file__).parents[3]
    found = {
        subprocess.run(
            [sys.executable, "-c", said], cwd=root, env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert found == {repr(made(REPORT, 12)).encode()}
