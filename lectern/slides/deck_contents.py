"""Slides that list the others, each line a link."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape

from torch import Tensor

from ..errors import TextError
from .colors import DARK, LIGHT, Rgb, luminance
from .deck_layout import (
    CONTENTS_CAPACITY,
    ContentsPage,
    contents_entries,
    contents_page,
    covering_box,
    pixel_size,
    shortened,
)
from .deck_model import CONTENTS_PLACES, DeckSlide, DeckStyle
from .deck_native import add_number, drop_empty_holders
from .deck_template import Ground
from .deck_xml import Ink, add_text, add_veil, ink_xml, paragraphs_xml, put, set_background, set_text_body
from .geometry import Box, Size
from .lettering import text_color_on
from .type import clean

if TYPE_CHECKING:
    from pptx.shapes.autoshape import Shape
    from pptx.slide import Slide

DARK_VEIL, LIGHT_VEIL = 0.66, 0.76  # opacity over any picture at which the text on it keeps 4.5 to 1


class Plan(NamedTuple):
    """Which slides are listed, and where the contents slides stand among the pictures."""

    entries: tuple[int, ...] = ()  # indices of the listed pictures
    before: int = 0  # pictures in front of the contents

    @property
    def pages(self) -> list[tuple[int, ...]]:
        """The entries of each contents slide."""
        starts = range(0, len(self.entries), CONTENTS_CAPACITY)
        return [self.entries[start : start + CONTENTS_CAPACITY] for start in starts]

    def number(self, index: int) -> int:
        """The slide number of a picture."""
        return index + 1 + (len(self.pages) if index >= self.before else 0)

    def spread(self, values: Sequence[str]) -> list[str]:
        """One value a picture -> one a slide; contents belong to what stands before them, or at the front to all."""
        own = values[0] if values else ""
        return [*values[: self.before], *[own] * len(self.pages), *values[self.before :]]


def plan_contents(slides: Sequence[DeckSlide], style: DeckStyle) -> Plan:
    """What the style asks for; empty without contents.

    Raises:
        TextError: contents are wanted and no slide has a title.
    """
    if style.contents.place == CONTENTS_PLACES[0]:
        return Plan()
    entries = contents_entries(slides)
    if not entries:
        raise TextError("A contents slide needs titles, and no slide has one. Fill in titles or switch contents off.")
    return Plan(tuple(entries), 1 if style.contents.place == CONTENTS_PLACES[1] else 0)


def look_on(picture: Tensor) -> tuple[Rgb, Rgb, float]:
    """Colour of the text, colour and opacity of the veil between it and the picture."""
    text = text_color_on(picture, Box(0, 0, picture.shape[1], picture.shape[0]))
    return (text, DARK, DARK_VEIL) if luminance(text) > 0.5 else (text, LIGHT, LIGHT_VEIL)


def add_contents(
    ground: Ground, content: Sequence[DeckSlide], style: DeckStyle, plan: Plan, older: int, stand_in: bytes
) -> None:
    """Adds the contents slides and moves them to their place.

    Args:
        older: slides in front of the pictures' own.
        stand_in: the first picture's, whose part the background shares.
    """
    targets = list(ground.presentation.slides)[older:]
    for number, entries in enumerate(plan.pages):
        slide = ground.presentation.slides.add_slide(ground.plain)
        color = None if ground.branded else _dress(slide, content[0].picture, stand_in, ground.whole)
        page = contents_page(len(entries), ground.whole, _heading_end(slide) if ground.branded else 0)
        _head(slide, style.contents.title, page, color)
        for index, box in zip(entries, page.rows, strict=True):
            shape = _add_entry(slide, content[index].title, older + plan.number(index), box, page.size, color)
            shape.click_action.target_slide = targets[index]
        place = older + plan.before + number
        if style.numbers:
            add_number(slide, ground, place + 1, lambda _, color=color: color)
        drop_empty_holders(slide)
        slides = ground.presentation.slides._sldIdLst
        slides.insert(place, slides[-1])


def _heading_end(slide: "Slide") -> int:
    shape = slide.shapes.title
    return 0 if shape is None else (shape.top or 0) + (shape.height or 0)


def _dress(slide: "Slide", picture: Tensor, stand_in: bytes, whole: Size) -> Rgb:
    """The first picture under a veil; returns the colour of the text on it."""
    text, shade, opacity = look_on(picture)
    _, relation = slide.part.get_or_add_image_part(io.BytesIO(stand_in))
    set_background(slide, relation, covering_box(pixel_size(picture), whole), whole)
    add_veil(slide, Box(0, 0, *whole), shade, [(0.0, opacity)], 0, at=2)
    return text


def _head(slide: "Slide", title: str, page: ContentsPage, color: Rgb | None) -> None:
    words, shape = clean(title), slide.shapes.title
    if shape is None:
        add_text(slide, "Title", page.title.box, paragraphs_xml(words, Ink(page.title.size, color, bold=True), 0.0))
    elif color is None:
        set_text_body(shape, paragraphs_xml(words, Ink()))
    else:
        put(shape, page.title.box)
        set_text_body(shape, paragraphs_xml(words, Ink(page.title.size, color, bold=True), 0.0), "t")
        slide.shapes._spTree.append(shape._element)  # above the veil


def _add_entry(slide: "Slide", title: str, number: int, box: Box, size: int, color: Rgb | None) -> "Shape":
    """A line with its number at the right end; the whole box can be clicked, also where it is empty."""
    from pptx.oxml import parse_xml
    from pptx.oxml.ns import nsdecls

    shape = slide.shapes.add_textbox(*box)  # pyright: ignore[reportArgumentType]
    shape.name = f"Link to slide {number}"
    words = escape(shortened(" ".join(clean(title).split()), box.width - 2.2 * size, size))
    set_text_body(
        shape,
        f'<a:p><a:pPr algn="l"><a:tabLst><a:tab pos="{box.width}" algn="r"/></a:tabLst></a:pPr>'
        f"<a:r>{ink_xml(Ink(size, color))}<a:t>{words}\t{number}</a:t></a:r></a:p>",
        "ctr",
    )
    clear = parse_xml(
        f'<a:solidFill {nsdecls("a")}><a:srgbClr val="FFFFFF"><a:alpha val="0"/></a:srgbClr></a:solidFill>'
    )
    none = shape._element.spPr.find("{*}noFill")
    none.getparent().replace(none, clear)
    return shape
