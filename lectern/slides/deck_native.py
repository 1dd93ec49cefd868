"""Editable text on a slide: title, body, watermark, number; in a template in its own places and looks."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from .colors import AUTO, DARK, LIGHT, Rgb, luminance, parse_color
from .deck_layout import Block, alignment, number_block, pixel_box, plan_text, watermark_block
from .deck_model import DeckSlide, DeckStyle, TextLook
from .deck_template import Ground
from .deck_xml import Ink, add_text, add_veil, field_xml, paragraphs_xml, put, set_text_body
from .geometry import ANCHORS, Box, Size
from .stamps import behind, readable_color, scrim_opacity
from .type import clean

if TYPE_CHECKING:
    from pptx.shapes.base import BaseShape
    from pptx.slide import Slide

WATERMARK_OPACITY = 0.6
_REACH = 0.16  # how far a veil fades out, of the slide's height
_HIDDEN_SIZE = 20 * 12700  # EMU; nobody sees it
_SMALLEST_NUMBER = 8 * 12700  # EMU


_LEAST_SHARE = 0.01  # of a text's box; less of a picture under it does not count


class View(NamedTuple):
    """The picture that native text stands on."""

    pixels: Tensor  # (H, W, C)
    shown: Box  # EMU, where it lies on the slide

    def part(self, box: Box) -> Box:
        return pixel_box(box, self.shown, Size(self.pixels.shape[1], self.pixels.shape[0]))

    def color(self, box: Box, wanted: str = AUTO) -> Rgb:
        return readable_color(self._behind(box)) if wanted == AUTO else parse_color(wanted)

    def veil(self, box: Box, color: Rgb) -> float:
        """Opacity of the veil that the text needs, 0 when it is readable as it is."""
        return scrim_opacity(self._behind(box), color)

    def _behind(self, box: Box) -> Tensor:
        """Luminances under a box of the slide: the picture's, and white for the share that it leaves free."""
        left, top = max(box.left, self.shown.left), max(box.top, self.shown.top)
        width, height = min(box.right, self.shown.right) - left, min(box.bottom, self.shown.bottom) - top
        share = max(0, width) * max(0, height) / max(1, box.width * box.height)
        if share < _LEAST_SHARE:
            return torch.ones(1)
        known = behind(self.pixels, self.part(Box(left, top, width, height)))
        return torch.cat((known, torch.ones(round(len(known) * (1 - share) / share))))


def add_title(slide: "Slide", ground: Ground, content: DeckSlide, look: TextLook, view: View | None) -> Rgb | None:
    """Title and body. Without a view the picture lies in a place of the template's and text has one of its own.

    Returns the text's colour where its veil runs out to the slide's lower edge: what else stands there shares it.
    """
    title, body = " ".join(clean(content.title).split()), clean(content.body)
    shape = slide.shapes.title
    visible = title if look.titles or view is None else ""
    if ground.branded and shape is not None and visible:
        _fill_branded(shape, title, look, view)
        if body:
            _add_branded_body(slide, ground, shape, body, look, view)
        return None
    if shape is not None and not title:
        shape._element.getparent().remove(shape._element)
    elif shape is not None and not visible:
        _hide(shape, title, ground.whole)
    return _add_block(slide, ground, visible, body, look, view) if visible or body else None


def _hide(shape: "BaseShape", title: str, whole: Size) -> None:
    """A title just above the slide: PowerPoint's own way to name a slide whose title is part of its picture."""
    height = whole.height // 10
    put(shape, Box(0, -height - whole.height // 100, whole.width, height))
    set_text_body(shape, paragraphs_xml(title, Ink(_HIDDEN_SIZE)))


def _add_block(slide: "Slide", ground: Ground, title: str, body: str, look: TextLook, view: View | None) -> Rgb | None:
    plan = plan_text(title, body, look, ground.whole)
    color = view.color(plan.box, look.color) if view else None
    veil = view.veil(plan.box, color) if view and color else 0.0
    if color and veil:
        _veil(slide, plan.box, look.anchor, ground.whole, color, veil)
    align = alignment(look.anchor)
    if title:
        words = paragraphs_xml(title, Ink(plan.title.size, color, look.font, True), align)
        shape, anchor = slide.shapes.title, "b" if body else _upright(look.anchor)
        if shape is None:
            add_text(slide, "Title", plan.title.box, words, anchor)
        else:
            put(shape, plan.title.box)
            set_text_body(shape, words, anchor)
            slide.shapes._spTree.append(shape._element)  # above its veil
    if body:
        words = paragraphs_xml(body, Ink(plan.body.size, color, look.font, False), align, bullets=True)
        add_text(slide, "Body", plan.body.box, words, "t" if title else _upright(look.anchor))
    return color if veil and ANCHORS[look.anchor][1] == 1 else None


def _upright(anchor: str) -> str:
    return {0.0: "t", 0.5: "ctr", 1.0: "b"}[ANCHORS[anchor][1]]


def _veil(slide: "Slide", box: Box, anchor: str, whole: Size, color: Rgb, opacity: float) -> None:
    """Runs out to the edge that the text leans on and fades into the picture; even across the middle."""
    reach = round(whole.height * _REACH)
    top, bottom = max(0, box.top - reach), min(whole.height, box.bottom + reach)
    down = ANCHORS[anchor][1]
    stops = [(0.0, opacity)]
    if down == 1:
        bottom = whole.height
        stops = [(0.0, 0.0), ((box.top - top) / (bottom - top), opacity), (1.0, opacity)]
    elif down == 0:
        top = 0
        stops = [(0.0, opacity), (box.bottom / bottom, opacity), (1.0, 0.0)]
    else:
        top, bottom = max(0, box.top - reach // 3), min(whole.height, box.bottom + reach // 3)
    shade = DARK if luminance(color) > 0.5 else LIGHT
    add_veil(slide, Box(0, top, whole.width, bottom - top), shade, stops, 90, at=_above_picture(slide))


def _above_picture(slide: "Slide") -> int:
    tree = slide.shapes._spTree
    return 3 if len(tree) > 2 and tree[2].tag.endswith("}pic") else 2


def _fill_branded(shape: "BaseShape", title: str, look: TextLook, view: View | None) -> None:
    """The layout's own place and letters; over a picture in a colour that can be read there."""
    box = Box(shape.left or 0, shape.top or 0, shape.width or 0, shape.height or 0)
    color = view.color(box, look.color) if view else None if look.color == AUTO else parse_color(look.color)
    set_text_body(shape, paragraphs_xml(title, Ink(color=color, font=look.font)))


def _add_branded_body(
    slide: "Slide", ground: Ground, title: "BaseShape", body: str, look: TextLook, view: View | None
) -> None:
    from pptx.enum.shapes import PP_PLACEHOLDER

    kinds = (PP_PLACEHOLDER.BODY, PP_PLACEHOLDER.OBJECT)
    for holder in slide.placeholders:
        if holder.placeholder_format.type in kinds and holder.has_text_frame:
            color = None if view is None else view.color(Box(holder.left, holder.top, holder.width, holder.height))
            set_text_body(holder, paragraphs_xml(body, Ink(color=color, font=look.font)))
            return
    whole, gap = ground.whole, round(ground.whole.height * 0.02)
    top = min((title.top or 0) + (title.height or 0) + gap, round(whole.height * 0.8))
    box = Box(title.left or 0, top, title.width or whole.width, round(whole.height * 0.92) - top)
    size = plan_text("", body, look, whole).body.size
    color = view.color(box, look.color) if view else None
    add_text(slide, "Body", box, paragraphs_xml(body, Ink(size, color, look.font), 0.0, bullets=True))


def drop_empty_holders(slide: "Slide") -> None:
    """Places of the layout that nothing went into would say "Click to add text"."""
    for holder in list(slide.placeholders):
        body = getattr(holder._element, "txBody", None)
        if body is not None and not any(body.itertext()):
            holder._element.getparent().remove(holder._element)


def add_watermark(slide: "Slide", text: str, style: DeckStyle, whole: Size, view: View | None) -> None:
    block = watermark_block(style.watermark.anchor, whole)
    color = view.color(block.box) if view else None
    ink = Ink(block.size, color, style.text.font, opacity=WATERMARK_OPACITY)
    add_text(slide, "Watermark", block.box, paragraphs_xml(text, ink, alignment(style.watermark.anchor)), "ctr")


def add_number(slide: "Slide", ground: Ground, number: int, color_at: Callable[[Box], Rgb | None] | None) -> None:
    """In the layout's place for it; a template without one gets a text box. `color_at` says what can be read where."""
    holder, place = _number_holder(slide)
    color = color_at or (lambda _: None)
    if ground.branded and place:
        words = field_xml(number, Ink(color=color(place)), None)
        add_text(slide, "Slide Number", place, words, holder=holder, place=False)
        return
    block = number_block(ground.whole)
    words = field_xml(number, Ink(max(_SMALLEST_NUMBER, block.size), color(_right_half(block))), 1.0)
    add_text(slide, "Slide Number", block.box, words, "b", "" if ground.branded else holder)


def _right_half(block: Block) -> Box:
    """The digits stand there, and only what lies under them counts."""
    left, top, width, height = block.box
    return Box(left + width // 2, top, width // 2, height)


def _number_holder(slide: "Slide") -> tuple[str, Box | None]:
    """The <p:ph> of the layout's slide number, and its box in EMU; none where the layout has none."""
    from pptx.enum.shapes import PP_PLACEHOLDER

    for holder in slide.slide_layout.placeholders:
        if holder.placeholder_format.type == PP_PLACEHOLDER.SLIDE_NUMBER:
            box = Box(holder.left or 0, holder.top or 0, holder.width or 0, holder.height or 0)
            return f'<p:ph type="sldNum" sz="quarter" idx="{holder.placeholder_format.idx}"/>', box
    return '<p:ph type="sldNum" sz="quarter" idx="12"/>', None
