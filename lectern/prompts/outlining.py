"""A topic or a document becomes a deck: planned by a chat model, then a prompt for each picture, several at once."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from .documents import condensed
from .errors import ChatError
from .expanding import expand
from .instructions import for_plan, slide_text
from .messages import Backend, Message, Question
from .outlines import CHAPTER, COVER, POINT, Outline, Plan, Slide
from .rules.expanding import expand_by_rules
from .rules.outlining import is_document, outline_by_rules
from .structured import ask_shape
from .together import together
from .watching import Watch
from .wishes import Wish

S = TypeVar("S", bound=BaseModel)

COVER_USE = "cover picture"
_AT_ONCE = 20  # slides that one answer may hold; more are planned as titles first, and then in parts
_PART = 10  # slides of such a part
_MOST_BULLETS = 5
_LONGEST_LINE, _LONGEST = 300, 2000  # characters of titles and bullets, and of all else that a model writes of a slide
_BULLET = re.compile(r"^\s*(?:[-*+•·–—]|\d{1,2}[.)])\s+")


def _lines(value: object) -> object:
    """Bullets that came as one text become a list; marks in front of them go, and so do those that are too many."""
    lines = value.splitlines() if isinstance(value, str) else value
    if not isinstance(lines, list):
        return value
    texts = [_BULLET.sub("", line).strip() if isinstance(line, str) else line for line in lines]
    return [text for text in texts if text][:_MOST_BULLETS]


Bullets = Annotated[list[str], BeforeValidator(_lines), Field(min_length=3, max_length=_MOST_BULLETS)]


class _Shape(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True)  # a blank is no title


class Heading(_Shape):
    section: str = Field(default="", description="name of the section that the slide belongs to")
    title: str = Field(min_length=1, description="at most eight words")


class Planned(Heading):
    bullets: Bullets = Field(description="3 to 5 short lines")
    notes: str = Field(default="", description="what the speaker says, two to four sentences")
    picture: str = Field(min_length=1, description="one concrete scene or object to be drawn, without writing")
    alt_text: str = Field(default="", description="one plain sentence that says what the picture shows")


class Frame(_Shape):
    title: str = Field(min_length=1, description="the deck's title")
    subtitle: str = Field(default="", description="one line below it")
    look: str = Field(default="", description="what all pictures share: technique, palette, light, mood")
    cover_picture: str = Field(default="", description="the title slide's picture, one scene without writing")


class Deck(Frame):
    slides: list[Planned] = Field(min_length=1, description="the slides in order")


class Skeleton(Frame):
    slides: list[Heading] = Field(min_length=1, description="the slides' titles in order")


class Slides(_Shape):
    slides: list[Planned] = Field(min_length=1, description="the slides in order")


async def plan_deck(plan: Plan, backend: Backend, watch: Watch) -> Outline:
    """The outline without its prompts, which `with_prompts` writes.

    Raises:
        ChatError: the model could not be asked, or did not answer in the shape.
    """
    material = await condensed(plan, backend, watch) if is_document(plan.topic) else plan.topic.strip()
    wanted = max(1, plan.slides - plan.cover)
    planned = _Planning(plan, wanted, material, backend, watch)
    frame, slides = await (planned.whole() if wanted <= _AT_ONCE else planned.in_parts())
    return _outline(plan, frame, slides[:wanted], planned.notes)


class _Planning:
    """One deck's questions to the model."""

    def __init__(self, plan: Plan, wanted: int, material: str, backend: Backend, watch: Watch) -> None:
        self.notes: list[str] = []
        self._plan, self._wanted, self._material = plan, wanted, material
        self._backend, self._watch = backend, watch

    async def whole(self) -> tuple[Frame, list[Planned]]:
        deck = await self._ask(Deck, self._opening())
        return deck, await self._completed(deck.slides)

    async def in_parts(self) -> tuple[Frame, list[Planned]]:
        """Titles first, so that the parts, which are written side by side, belong together."""
        skeleton = await self._ask(Skeleton, f"{self._opening()}\n\nFirst give the titles alone.")
        titles = [
            Heading(section=_line(one.section), title=_line(one.title)) for one in skeleton.slides[: self._wanted]
        ]
        starts = range(0, len(titles), _PART)
        parts = await together([partial(self._part, titles, at) for at in starts], self._backend.concurrency)
        return skeleton, await self._completed([slide for part in parts for slide in part])

    async def _part(self, titles: Sequence[Heading], at: int) -> list[Planned]:
        all_titles = "\n".join(f"{number}. {one.title} ({one.section})" for number, one in enumerate(titles, 1))
        last = min(at + _PART, len(titles))
        wanted = f"All titles:\n{all_titles}\n\nNow write slides {at + 1} to {last} in full, with these titles."
        made = await self._ask(Slides, f"{self._opening()}\n\n{wanted}")
        slides = made.slides[: last - at]
        return [
            slide.model_copy(update={"title": title.title, "section": title.section})
            for slide, title in zip(slides, titles[at:last], strict=False)
        ]

    async def _completed(self, slides: list[Planned]) -> list[Planned]:
        """Models count badly: what lacks is asked for once more, and what is too much is left out by the caller."""
        lacking = self._wanted - len(slides)
        if lacking > 0:
            have = "\n".join(f"- {one.title} ({one.section})" for one in slides)
            more = f"These slides are there:\n{have}\n\nWrite exactly {lacking} more that follow the last one."
            slides = [*slides, *(await self._ask(Slides, f"{self._opening()}\n\n{more}")).slides]
        if len(slides) < self._wanted:
            self.notes.append(
                f"The model planned {len(slides)} of {self._wanted} slides. Ask again with another seed, or add some by"
                " hand."
            )
        elif lacking < 0:
            self.notes.append(f"The model planned {-lacking} slides too many; the last ones were left out.")
        return slides

    async def _ask(self, shape: type[S], text: str) -> S:
        asked = Question(
            (Message("system", for_plan(self._plan, self._wanted)), Message("user", text)), self._plan.seed
        )
        made, notes = await ask_shape(self._backend, asked, shape, self._watch.part())
        self.notes += notes
        return made

    def _opening(self) -> str:
        kind = "document" if is_document(self._plan.topic) else "topic"
        return f"The {kind} of the presentation:\n\n{self._material}"


def _outline(plan: Plan, frame: Frame, slides: Sequence[Planned], notes: Sequence[str]) -> Outline:
    made = [_cover(frame, plan)] if plan.cover else []
    before = ""
    for number, one in enumerate(slides):
        opens = not number or one.section != before
        before = one.section
        level = CHAPTER if opens or not one.section else POINT
        made.append(
            Slide(
                _line(one.title),
                tuple(map(_line, one.bullets)),
                section=_line(one.section),
                notes=one.notes[:_LONGEST],
                picture=_line(one.picture, _LONGEST),
                alt_text=_line(one.alt_text, _LONGEST),
                level=level,
            )
        )
    return Outline(
        _line(frame.title), tuple(made), plan.look or _line(frame.look, _LONGEST), tuple(dict.fromkeys(notes))
    )


def _cover(frame: Frame, plan: Plan) -> Slide:
    picture = _line(frame.cover_picture, _LONGEST) or _line(frame.title)
    return Slide(_line(frame.title), subtitle=_line(frame.subtitle), picture=picture, level=COVER)


def _line(text: str, longest: int = _LONGEST_LINE) -> str:
    return " ".join(text.split())[:longest].rstrip()


async def with_prompts(
    outline: Outline, plan: Plan, backend: Backend | None, watch: Watch, forgiving: bool = False
) -> Outline:
    """The outline with a prompt for each picture that has none yet; several are written at once.

    Args:
        backend: None writes them by rules.
        forgiving: a prompt that the model fails to write is written by rules, and a note says so.

    Raises:
        ChatError: unless forgiving.
    """
    at_once = backend.concurrency if backend else 1
    watch.expect(sum(1 for slide in outline.slides if not slide.prompt))
    works = [
        partial(_prompted, slide, _wish(slide, outline, plan, number), backend, watch, forgiving)
        for number, slide in enumerate(outline.slides)
    ]
    made = await together(works, at_once)
    notes = (*outline.notes, *(note for _, more in made for note in more))
    slides = tuple(slide for slide, _ in made)
    return replace(outline, slides=slides, look=plan.look or outline.look, notes=tuple(dict.fromkeys(notes)))


def _wish(slide: Slide, outline: Outline, plan: Plan, number: int) -> Wish:
    """Each picture has a seed of its own, so that no two slides that say the same get the same picture."""
    use = COVER_USE if slide.level == COVER else plan.use
    look = plan.look or outline.look
    return Wish(slide_text(slide), plan.family, use, look=look, seed=(plan.seed + number) % 2**64)


async def _prompted(
    slide: Slide, wish: Wish, backend: Backend | None, watch: Watch, forgiving: bool
) -> tuple[Slide, Sequence[str]]:
    if slide.prompt:
        return slide, ()
    notes: tuple[str, ...] = ()
    try:
        made = await expand(wish, backend, watch.part()) if backend else expand_by_rules(wish)
    except ChatError as error:
        if not forgiving:
            raise
        made = expand_by_rules(wish)
        notes = (f"A prompt was written by rules: {error}",)
    watch.ended()
    alt_text = slide.alt_text or made.alt_text
    return replace(slide, prompt=made.positive, negative=made.negative, alt_text=alt_text), (*made.notes, *notes)


async def plan_by_rules(plan: Plan, watch: Watch) -> Outline:
    """The whole outline without a model."""
    return await with_prompts(outline_by_rules(plan), plan, None, watch)
