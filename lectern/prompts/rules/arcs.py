"""A talk about a topic that nothing more is known of: chapters that fit anything, and questions for the author."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from ..outlines import CHAPTER, POINT, Plan, Slide
from .pictures import Sketchbook
from .scenes import Both
from .sentences import capitalised
from .subjects import Subject
from .tongues import CHINESE
from .wordings.reading import Angle, Chapter, Wording

_FIRST_TO_GO_IN = ("why", "how", "next", "now", "takes", "proof", "people", "risks", "ahead")
_ALONE = 5  # slides up to which each is a chapter of its own: a short talk still goes from why to what is next
_CHAPTERS_FROM = (10, 15, 21, 28, 36, 46)  # slides from which there are 4, 5, ... 9 chapters


@dataclass(frozen=True)
class Talk:
    """What a talk is made of."""

    plan: Plan
    wording: Wording
    subject: Subject
    drawn_in_chinese: bool  # the language of the pictures' ideas
    topic_in_pictures: str  # the topic where it is in that language

    def picture(self, idea: Both) -> str:
        said = idea.said(self.drawn_in_chinese)
        return (
            f"{said}{'，' if self.drawn_in_chinese else ', '}{self.topic_in_pictures}"
            if self.topic_in_pictures
            else said
        )

    def alt_text(self, idea: Both, title: str) -> str:
        """What the picture shall show, where the rules can say it in the deck's language; else what it is for."""
        language = self.wording.language
        if language not in ("English", *CHINESE):
            return self.wording.say("plain_alt", title=title)
        return self.wording.say("alt", picture=capitalised(idea.said(language in CHINESE)))


def arc_slides(talk: Talk, count: int, random: Random, book: Sketchbook) -> list[Slide]:
    """So many slides, their titles all different up to 63; from there on numbered."""
    chapters = _chosen(talk.wording, count)
    if count <= _ALONE:
        rounds = [(chapter, chapter.angles[:1]) for chapter in chapters[:count]]
        return [slide for chapter, angles in rounds for slide in _told(talk, chapter, angles, random, book, False)]
    sizes = _shares(count, len(chapters))
    return [
        slide
        for chapter, size in zip(chapters, sizes, strict=True)
        for slide in _told(talk, chapter, _angles(chapter, size, random), random, book, True)
    ]


def _chosen(wording: Wording, count: int) -> list[Chapter]:
    number = count if count <= _ALONE else 3 + sum(count >= least for least in _CHAPTERS_FROM)
    keys = _FIRST_TO_GO_IN[:number]
    return [chapter for key, chapter in wording.chapters.items() if key in keys]


def _shares(count: int, parts: int) -> list[int]:
    """As even as can be, the larger ones first."""
    return [count // parts + (at < count % parts) for at in range(parts)]


def _angles(chapter: Chapter, size: int, random: Random) -> list[Angle]:
    """The opening one, then others in the order of the chapter; of the last chapter always the last one too."""
    opening, *others = chapter.angles
    fixed = [others.pop()] if chapter.key == "next" and size > 1 else []
    places = sorted(random.sample(range(len(others)), min(len(others), max(0, size - 1 - len(fixed)))))
    once = [opening, *(others[at] for at in places)]
    more = [chapter.angles[at % len(chapter.angles)] for at in range(max(0, size - len(once) - len(fixed)))]
    return [*once, *more, *fixed]


def _told(
    talk: Talk, chapter: Chapter, angles: Sequence[Angle], random: Random, book: Sketchbook, named: bool
) -> Iterator[Slide]:
    for at, angle in enumerate(angles):
        title = _filled(angle.title, talk)
        idea = book.draw(chapter.key)
        yield Slide(
            title=title,
            bullets=tuple(capitalised(_filled(line, talk)) for line in angle.lines),
            section=chapter.name if named else "",
            notes=_notes(talk, chapter, angle, at, random),
            picture=talk.picture(idea),
            alt_text=talk.alt_text(idea, title),
            level=POINT if at else CHAPTER,
        )


def _filled(text: str, talk: Talk) -> str:
    """The topic put in, or "this" where it cannot stand in a sentence."""
    words = talk.subject.words or talk.wording.say("this")
    plural = talk.subject.plural and bool(talk.subject.words)
    return text.format(x=words, X=capitalised(words), s="" if plural else "s")


def _notes(talk: Talk, chapter: Chapter, angle: Angle, at: int, random: Random) -> str:
    """Two or three sentences."""
    said = [chapter.advice[at % len(chapter.advice)]]
    opens = at == 0 and chapter.key == _FIRST_TO_GO_IN[0]  # said once in a talk
    if opens and talk.plan.audience.strip():
        said.append(talk.wording.say("for_them", audience=talk.plan.audience.strip()))
    else:
        said.append(talk.wording.say("dwell", line=_filled(random.choice(angle.lines), talk)))
    if opens and talk.plan.tone.strip():
        said.append(talk.wording.say("tone", tone=talk.plan.tone.strip()))
    return ("" if talk.wording.language in CHINESE else " ").join(said)
