"""The deck as a PDF: what a PPTX shows as editable text is drawn into the pages' pictures here."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from torch import Tensor

from .colors import AUTO, DARK, LIGHT, Rgb, luminance, parse_color
from .deck_contents import Plan, plan_contents, wash
from .deck_layout import (
    Block,
    alignment,
    contents_page,
    number_block,
    pixel_size,
    plan_text,
    shortened,
    shown_box,
    watermark_block,
)
from .deck_model import DeckSlide, DeckStyle
from .deck_native import WATERMARK_OPACITY
from .decks import watermarks
from .geometry import ANCHORS, Box, Size, slide_emu
from .inking import bleed, draw
from .lettering import text_color_on
from .pdf import Encoding, Frame, Link, Page, PdfWriter, Properties, points
from .stamps import behind, blend_, scrim, scrim_opacity, stamp_of
from .type import Font, clean, set_text
from .whole import written_whole

_SMALLEST = 0.25  # a text may shrink to this share of its size


def save_pdf(
    path: Path,
    slides: Sequence[DeckSlide],
    style: DeckStyle,
    encoding: Encoding,
    fonts: Callable[[bool], Font],
    step: Callable[[], None],
    slide: Size | None = None,
) -> None:
    """Writes the PDF whole or not at all. `step` is called once a picture and may raise to stop.

    Args:
        fonts: the font for bold (True) or plain text.
        slide: size of the pages, EMU; None: that of a deck of the first picture.

    Raises:
        SaveError: the folder cannot be written to.
        TextError: contents without titles, a wrong placeholder in the watermark, or a text that does not fit.
        FontError: a character that no font has.
    """
    plan = plan_contents(slides, style)
    whole = slide or Size(*slide_emu(pixel_size(slides[0].picture)))
    size = points(whole.width), points(whole.height)
    with written_whole(path) as file:
        writer = PdfWriter(file, len(slides) + len(plan.pages), size)
        for page, picture, counts in _pages(slides, style, plan, whole, fonts):
            writer.add(page, picture, encoding)
            if counts:
                step()
        known = Properties(*(clean(text) for text in (style.title, style.author, style.subject, style.keywords)))
        writer.close(known, _bookmarks(slides, plan))


def page_pictures(slides: Sequence[DeckSlide], style: DeckStyle, fonts: Callable[[bool], Font]) -> Iterator[Tensor]:
    """The pictures of the pages, (H, W, C), one at a time."""
    whole = Size(*slide_emu(pixel_size(slides[0].picture)))
    for _, picture, _ in _pages(slides, style, plan_contents(slides, style), whole, fonts):
        yield picture


def _bookmarks(slides: Sequence[DeckSlide], plan: Plan) -> list[tuple[str, int]]:
    if not any(slide.title.strip() for slide in slides):
        return []
    return [
        (" ".join(clean(slide.title).split()) or f"{plan.number(index)}", plan.number(index) - 1)
        for index, slide in enumerate(slides)
    ]


def _pages(
    slides: Sequence[DeckSlide], style: DeckStyle, plan: Plan, whole: Size, fonts: Callable[[bool], Font]
) -> Iterator[tuple[Page, Tensor, bool]]:
    """Each page in order with its picture, and whether it is a slide's own."""
    marks = watermarks(style, len(slides))
    for index, content in enumerate(slides):
        if plan.entries and index == plan.before:
            for number, entries in enumerate(plan.pages):
                yield *_contents(slides, entries, style, plan, index + number + 1, whole, fonts), False
        shown = Frame(*map(points, shown_box(pixel_size(content.picture), whole)))
        number = str(plan.number(index)) if style.numbers else ""
        picture = _lettered(content, style, marks[index], number, fonts)
        alt = "\n".join(filter(None, (content.alt or content.title, content.body)))
        yield Page(shown, clean(alt)), picture, True


def _lettered(content: DeckSlide, style: DeckStyle, mark: str, number: str, fonts: Callable[[bool], Font]) -> Tensor:
    """The picture with its texts; the picture itself where there are none."""
    title = " ".join(clean(content.title).split()) if style.text.titles else ""
    body = clean(content.body)
    if not (title or body or mark or number):
        return content.picture
    frame, whole = content.picture.clone(), pixel_size(content.picture)
    if title or body:
        plan, align = plan_text(title, body, style.text, whole), alignment(style.text.anchor)
        color = text_color_on(frame, plan.box) if style.text.color == AUTO else parse_color(style.text.color)
        _veil_(frame, plan.box, color)
        upright = ANCHORS[style.text.anchor][1]
        _write_(frame, plan.title, title, fonts(True), color, align, 1.0 if body else upright)
        lines = body.split("\n")
        bulleted = body if len(lines) == 1 or align else "\n".join(f"•  {line}" for line in lines)
        _write_(frame, plan.body, bulleted, fonts(False), color, align, 0.0 if title else upright)
    if mark:
        block = watermark_block(style.watermark.anchor, whole)
        color, align = text_color_on(frame, block.box), alignment(style.watermark.anchor)
        _write_(frame, block, mark, fonts(False), color, align, 0.5, WATERMARK_OPACITY)
    if number:
        block = number_block(whole)
        _write_(frame, block, number, fonts(False), text_color_on(frame, block.box), 1.0, 1.0)
    return frame


def _veil_(frame: Tensor, box: Box, color: Rgb) -> None:
    opacity = scrim_opacity(behind(frame, box), color)
    if opacity:
        reach = max(8, round(0.3 * min(pixel_size(frame))))
        blend_(frame, scrim(box, reach), DARK if luminance(color) > 0.5 else LIGHT, opacity)


def _write_(
    frame: Tensor, block: Block, text: str, font: Font, color: Rgb, align: float, upright: float, opacity: float = 1.0
) -> None:
    """Writes into a block, shrunk where it would not fit; `upright` 0 stands at its top, 1 at its bottom."""
    if not text.strip() or not (block.box.width and block.box.height):
        return
    box = block.box
    room = box.height + block.size * 0.4  # a last line's descent may reach below its block
    setting = set_text(text, font, max(1, block.size), max(1, round(block.size * _SMALLEST)), box.width, room)
    left = round(box.left + (box.width - setting.width) * align)
    top = round(box.top + (box.height - setting.height) * upright)
    blend_(frame, stamp_of(draw(setting, align), left - bleed(setting), top - bleed(setting)), color, opacity)


def _contents(
    slides: Sequence[DeckSlide],
    entries: Sequence[int],
    style: DeckStyle,
    plan: Plan,
    number: int,
    whole: Size,
    fonts: Callable[[bool], Font],
) -> tuple[Page, Tensor]:
    """A page that lists slides, with a link on every line."""
    picture = slides[0].picture
    frame, color = wash(picture, pixel_size(picture))
    places, links = contents_page(len(entries), pixel_size(picture)), []
    _write_(frame, places.title, clean(style.contents.title), fonts(True), color, 0.0, 0.5)
    shown = Frame(*map(points, shown_box(pixel_size(picture), whole)))
    scale = shown.width / picture.shape[1]
    for index, box in zip(entries, places.rows, strict=True):
        title = shortened(" ".join(clean(slides[index].title).split()), box.width - 2.2 * places.size, places.size)
        room = Box(box.left, box.top, box.width - round(2 * places.size), box.height)
        _write_(frame, Block(room, places.size), title, fonts(False), color, 0.0, 0.5)
        _write_(frame, Block(box, places.size), str(plan.number(index)), fonts(False), color, 1.0, 0.5)
        left, top, width, height = (value * scale for value in box)
        links.append(Link(Frame(shown.left + left, shown.top + top, width, height), plan.number(index) - 1, title))
    if style.numbers:
        _write_(frame, number_block(pixel_size(picture)), str(number), fonts(False), color, 1.0, 1.0)
    alt = "\n".join([style.contents.title, *(slides[index].title for index in entries)])
    return Page(shown, clean(alt), links), frame
