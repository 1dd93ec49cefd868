"""A deck planned by rules: a topic becomes a talk of questions for its author, a document an extract of itself."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from random import Random

from ..families import FAMILIES
from ..outlines import CHAPTER, COVER, POINT, Outline, Plan, Slide
from .arcs import Talk, arc_slides
from .dealing import FULL, deal, full_slides
from .documents import Document, read_document
from .extracts import extracted_slides, summary_slide
from .looks import propose_look
from .phrases import strongest_phrase
from .pictures import Sketchbook
from .sentences import capitalised, clean, one_line, terms, width
from .shortening import fits, shorten
from .subjects import Subject, subject_of
from .tongues import CHINESE, language_of
from .wordings.reading import Wording, languages, wording

MOST_SLIDES = 500
_TOPIC_WIDTH = 400  # columns of a topic; longer is a document
_DOCUMENT_LINES = 4
_SUMMED_FROM = 4  # slides from which a summary may be one
_TITLE_WIDTH, _SHORTEST_TITLE = 70, 12  # columns
_TOPIC_IN_PICTURES = 60  # columns


def outline_by_rules(plan: Plan) -> Outline:
    """Exactly `plan.slides` slides; the same for the same plan everywhere.

    Raises:
        ValueError: less than 1 or more than 500 slides.
        KeyError: a family that does not exist.
    """
    if not 1 <= plan.slides <= MOST_SLIDES:
        raise ValueError(f"A deck has 1 to {MOST_SLIDES} slides, got {plan.slides}. Ask for another number.")
    plan = _cleaned(plan)
    text = plan.topic
    document = read_document(text) if is_document(text) else Document("", ())
    if not document.leaves:
        document = None
    own = language_of(text)
    words, notes = _wording(plan.language or own)
    subject = _document_subject(document, words.language) if document else subject_of(text, words.language)
    subject = subject if subject.title else replace(subject, title=words.say("untitled"))
    if document and plan.language and plan.language != own:
        notes.append(f"The text stays in {own}: rules cannot translate it to {plan.language}. A chat model can.")
    return _outline(plan, _talk(plan, words, subject, document), document, notes)


def _cleaned(plan: Plan) -> Plan:
    """Its texts without what no random seed and no file can hold."""
    lines = {name: one_line(getattr(plan, name)) for name in ("audience", "tone", "look")}
    return replace(plan, topic=clean(plan.topic).strip(), **lines)


def is_document(text: str) -> bool:
    """Whether the text is more than a topic: long, or in several parts."""
    if width(text[: 2 * _TOPIC_WIDTH]) > _TOPIC_WIDTH:
        return True
    lines = [line for line in text.split("\n") if line.strip()]
    return len(lines) >= _DOCUMENT_LINES or (len(lines) > 2 and any(line.startswith("#") for line in lines))


def _wording(language: str) -> tuple[Wording, list[str]]:
    if language in languages():
        return wording(language), []
    if language in CHINESE:
        return wording("中文"), ["The rules write simplified Chinese alone."]
    return wording("English"), [f"The rules cannot write {language}; what they add is in English."]


def _document_subject(document: Document, language: str) -> Subject:
    """The document's title; else what its first sentence says, else its strongest phrase."""
    if document.title:
        named = subject_of(document.title, language)
        return replace(named, title=capitalised(shorten(document.title, _TITLE_WIDTH)), subtitle="")
    lines = [line for leaf in document.leaves for line in leaf.lines][:60]
    title = ""
    if document.leaves[0].heading and not document.leaves[0].lines:
        title = document.leaves[0].heading
    if not title:
        title = _first_statement(lines) or strongest_phrase(
            lines, Counter(one for line in lines for one in terms(line))
        )
    if not title:
        title = next((leaf.heading for leaf in document.leaves if leaf.heading), lines[0] if lines else "")
    return Subject(capitalised(shorten(title, _TITLE_WIDTH)), "")


def _first_statement(lines: Sequence[str]) -> str:
    """Of the first sentence that fits a title, as far as its first few go."""
    return next((line for line in lines[:3] if fits(line, _TITLE_WIDTH) and width(line) >= _SHORTEST_TITLE), "")


def _talk(plan: Plan, words: Wording, subject: Subject, document: Document | None) -> Talk:
    family = FAMILIES[plan.family]
    topic = subject.noun or (subject.title if width(subject.title) <= _TOPIC_IN_PICTURES and not document else "")
    spoken = language_of(topic)
    chinese = words.language in CHINESE and words.language in family.languages
    told = spoken in CHINESE if chinese else spoken in family.languages and spoken not in CHINESE
    readable = told and topic != words.say("untitled") and not topic.endswith("…")
    readable = readable and not re.search(r"\d", topic)  # image models would write the number into the picture
    return Talk(plan, words, subject, chinese, _bare(topic) if readable else "")


def _bare(topic: str) -> str:
    return re.sub(r"[?？!！.。]+$", "", topic)


def _outline(plan: Plan, talk: Talk, document: Document | None, notes: list[str]) -> Outline:
    random = Random(f"outline {plan.seed} {plan.topic[:1000]}")
    book = Sketchbook(f"{talk.subject.title} {plan.topic[:400]}", random)
    cover = [_cover(talk, book)] if plan.cover else []
    wanted = plan.slides - len(cover)
    slides = _of_document(talk, document, wanted, book) if document else []
    missing = wanted - len(slides)
    if missing and document:
        notes.append(
            f"The text has enough for {len(slides)} slides of {wanted}; the other {missing} hold questions for you."
        )
    open_name = talk.wording.say("open") if document else ""
    asked = arc_slides(talk, missing, random, book) if missing else []
    closing = [slides.pop()] if asked and slides and slides[-1].section == talk.wording.say("summary") else []
    slides += [*(replace(slide, section=open_name or slide.section) for slide in asked), *closing]
    bare = sum(not slide.bullets for slide in slides)
    if bare and document:
        notes.append(f"Slides without bullets: {bare}. The text says too little for three lines on each.")
    look = plan.look or propose_look(plan.seed, plan.topic, plan.tone).said(talk.drawn_in_chinese)
    return Outline(talk.subject.title, tuple(_numbered(_levelled([*cover, *slides]))), look, tuple(notes))


def _of_document(talk: Talk, document: Document, wanted: int, book: Sketchbook) -> list[Slide]:
    """Its parts; and at the end its main points, rather than parts that are too small for bullets."""
    lines = list(dict.fromkeys(line for leaf in document.leaves for line in leaf.lines))
    summed = wanted >= _SUMMED_FROM and wanted > full_slides(document.leaves) and len(lines) >= 2 * FULL
    slides = extracted_slides(talk, deal(document.leaves, wanted - summed), book)
    sectioned = any(slide.section for slide in slides)
    return [*slides, summary_slide(talk, lines, book, sectioned)] if summed else slides


def _cover(talk: Talk, book: Sketchbook) -> Slide:
    audience = talk.plan.audience or talk.subject.audience
    lines = [talk.subject.subtitle, talk.wording.say("for_audience", audience=audience) if audience else ""]
    idea = book.draw("cover")
    return Slide(
        title=talk.subject.title,
        subtitle=" · ".join(line for line in lines if line) or talk.wording.say("overview"),
        notes=talk.wording.say("cover_notes"),
        picture=talk.picture(idea),
        alt_text=talk.alt_text(idea, talk.subject.title),
        level=COVER,
    )


def _levelled(slides: Sequence[Slide]) -> Iterator[Slide]:
    """The first slide of a section opens it, however the sections came together."""
    before = ""
    for slide in slides:
        opens = slide.section != before
        before = slide.section
        yield replace(slide, level=CHAPTER if opens else POINT) if slide.section else slide


def _numbered(given: Iterable[Slide]) -> list[Slide]:
    """Titles that come back get a number."""
    slides = list(given)
    times: Counter[str] = Counter()
    taken = {slide.title for slide in slides}
    found: list[Slide] = []
    for slide in slides:
        times[slide.title] += 1
        title = slide.title
        while times[slide.title] > 1 and title in taken:
            title = f"{slide.title} ({times[slide.title]})"
            times[slide.title] += title in taken
        taken.add(title)
        found.append(replace(slide, title=title))
    return found
