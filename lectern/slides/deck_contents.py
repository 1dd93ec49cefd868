"""Slides that list the others, each line a link."""

import html
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from ..errors import TextError
from ..images import png
from .colors import DARK, LIGHT, Rgb, luminance
from .deck_layout import (
    CONTENTS_CAPACITY,
    ContentsPage,
    contents_entries,
    contents_page,
    shortened,
)
from .deck_model import CONTENTS_PLACES, DeckSlide, DeckStyle
from .deck_native import add_number, drop_empty_holders
from .deck_template import Ground
from .deck_xml import Ink, add_text, ink_xml, paragraphs_xml, put, set_background, set_text_body
from .geometry import Box, Size
from .lettering import text_color_on
from .type import clean

if TYPE_CHECKING:
    from pptx.shapes.autoshape import Shape
    from pptx.slide import Slide

_WASH = 8  # pixels across that are left of the picture
_WASH_WIDTH = 480  # pixels of the ground in a PPTX: it has no detail
_DARK_VEIL, _LIGHT_VEIL = 0.6, 0.72  # opacity over any picture at which the text on it keeps 4.5 to 1


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


def wash(picture: Tensor, size: Size) -> tuple[Tensor, Rgb]:
    """The ground of a contents slide, (H, W, 3): the colours of a picture without its shapes, darker or lighter.

    Blurred beyond recognition, since a title that is part of the picture would shine through. Returns the colour of
    the text on it as well.
    """
    pixels = picture.movedim(2, 0)[None]
    few = functional.interpolate(pixels, size=(_WASH * 9 // 16, _WASH), mode="area")
    if few.shape[1] == 4:
        few = few[:, :3] * few[:, 3:] + (1 - few[:, 3:])  # a slide is white behind its picture
    blurred = functional.interpolate(few, size=(size.height, size.width), mode="bicubic").clamp_(0, 1)
    frame = blurred[0].movedim(0, 2).contiguous()
    text = text_color_on(frame, Box(0, 0, *size))
    shade, opacity = (DARK, _DARK_VEIL) if luminance(text) > 0.5 else (LIGHT, _LIGHT_VEIL)
    return frame.lerp_(torch.tensor(shade).expand_as(frame), opacity), text


def add_contents(ground: Ground, content: Sequence[DeckSlide], style: DeckStyle, plan: Plan, older: int) -> None:
    """Adds the contents slides and moves them to their place.

    Args:
        older: slides in front of the pictures' own.
    """
    targets = list(ground.presentation.slides)[older:]
    for number, entries in enumerate(plan.pages):
        slide = ground.presentation.slides.add_slide(ground.plain)
        color = None if ground.branded else _dress(slide, content[0].picture, ground.whole)
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


def _dress(slide: "Slide", picture: Tensor, whole: Size) -> Rgb:
    """Colours the slide after the first picture; returns the colour of the text on it."""
    size = Size(_WASH_WIDTH, max(1, round(_WASH_WIDTH * whole.height / whole.width)))
    pixels, text = wash(picture, size)
    _, relation = slide.part.get_or_add_image_part(io.BytesIO(png(pixels)))
    set_background(slide, relation, Box(0, 0, *whole), whole)
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
        slide.shapes._spTree.append(shape._element)


def _add_entry(slide: "Slide", title: str, number: int, box: Box, size: int, color: Rgb | None) -> "Shape":
    """A line with its number at the right end; the whole box can be clicked, also where it is empty."""
    from pptx.oxml import parse_xml
    from pptx.oxml.ns import nsdecls

    shape = slide.shapes.add_textbox(*box)  # pyright: ignore[reportArgumentType]
    shape.name = f"Link to slide {number}"
    words = html.escape(shortened(" ".join(clean(title).split()), box.width - 2.2 * size, size))
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
