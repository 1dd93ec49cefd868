"""PowerPoint decks: one picture a slide, with title, alternative text, notes and a live slide number.

python-pptx writes the package around one-pixel stand-ins; while its zip is copied to the target, each stand-in is
replaced by its picture, encoded at about that moment and stored as it is (PNG does not deflate any further). All cores
encode, and no more than one picture for each and one on top is in memory, however long the deck.
"""

import datetime
import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import torch
from torch import Tensor

from ..images import png, to_pillow
from ..parallel import in_order
from .deck_contents import Plan, add_contents, plan_contents
from .deck_layout import cover_cuts, covering_box, pixel_size, shown_box
from .deck_model import DeckSlide, DeckStyle
from .deck_native import View, add_number, add_title, add_watermark, drop_empty_holders
from .deck_sections import set_sections
from .deck_template import Ground, Template, blank_ground, readable, template_ground
from .deck_xml import set_background
from .geometry import Size
from .numbering import fill
from .type import clean
from .whole import written_whole

if TYPE_CHECKING:
    from pptx.opc.package import Part
    from pptx.presentation import Presentation
    from pptx.slide import Slide

__all__ = ["DeckSlide", "DeckStyle", "save_deck"]

_THUMBNAIL = "docProps/thumbnail.jpeg"
_THUMBNAIL_SIDE = 256  # pixels
_SUMMARY = "docProps/app.xml"


def save_deck(
    path: Path,
    slides: Sequence[DeckSlide],
    style: DeckStyle,
    step: Callable[[], None],
    template: Template | None = None,
) -> None:
    """Writes the deck whole or not at all. `step` is called once a slide and may raise to stop.

    Raises:
        SaveError: the folder cannot be written to.
        TemplateError: the template cannot or may not be used.
        TextError: contents without titles, or a watermark with a placeholder that does not exist.
    """
    plan, marks = plan_contents(slides, style), watermarks(style, len(slides))
    skeleton = io.BytesIO()
    with readable(template):
        ground = template_ground(template, not style.background) if template else blank_ground(_size(slides[0]))
        _set_properties(ground.presentation, style)
        names = _build(ground, slides, style, plan, marks)
        ground.presentation.save(skeleton)
    with written_whole(path) as file:
        _copy(skeleton, file, dict(zip(names, slides, strict=True)), slides[0], step)


def watermarks(style: DeckStyle, count: int) -> list[str]:
    """The watermark of each slide.

    Raises:
        TextError: it uses a placeholder that does not exist.
    """
    date, text = datetime.date.today().isoformat(), clean(style.watermark.text).strip()
    return [fill(text, {"n": str(index + 1), "total": str(count), "date": date}) for index in range(count)]


def _size(slide: DeckSlide) -> Size:
    return pixel_size(slide.picture)


def _set_properties(presentation: "Presentation", style: DeckStyle) -> None:
    properties = presentation.core_properties
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    for name in ("title", "author", "subject", "keywords"):
        setattr(properties, name, clean(getattr(style, name))[:255])  # no property may be longer
    properties.last_modified_by = ""
    properties.created = properties.modified = now
    properties.revision = 1


def _build(ground: Ground, slides: Sequence[DeckSlide], style: DeckStyle, plan: Plan, marks: list[str]) -> list[str]:
    """Adds all slides and returns the zip names of their pictures' stand-ins."""
    older = len(ground.presentation.slides)
    names = []
    for index, content in enumerate(slides):
        slide = ground.presentation.slides.add_slide(ground.layout)
        part, view = _add_picture(slide, ground, index, content, style)
        names.append(str(part.partname).lstrip("/"))
        veiled = add_title(slide, ground, content, style.text, view)
        if marks[index]:
            add_watermark(slide, marks[index], style, ground.whole, view)
        if style.numbers:
            judge = (lambda _, color=veiled: color) if veiled else view.color if view else None
            add_number(slide, ground, older + plan.number(index), judge)
        if content.notes and slide.notes_slide.notes_text_frame:
            slide.notes_slide.notes_text_frame.text = clean(content.notes)
        drop_empty_holders(slide)
    if plan.entries:
        add_contents(ground, slides, style, plan, older)
    set_sections(ground.presentation, plan.spread([slide.section for slide in slides]), older)
    return names


def _add_picture(
    slide: "Slide", ground: Ground, number: int, content: DeckSlide, style: DeckStyle
) -> tuple["Part", View | None]:
    """The stand-in of a picture; no view where it went into a place of the template's."""
    stand_in = io.BytesIO(_stand_in(number))
    if style.background:
        view = View(content.picture, covering_box(_size(content), ground.whole))
        part, relation = slide.part.get_or_add_image_part(stand_in)
        set_background(slide, relation, view.shown, ground.whole)
        return part, view
    view = View(content.picture, shown_box(_size(content), ground.whole))
    holder = _picture_holder(slide) if ground.branded else None
    if holder is None:
        picture = slide.shapes.add_picture(stand_in, *view.shown)  # pyright: ignore[reportArgumentType]
        tree = slide.shapes._spTree
        tree.remove(picture._element)
        tree.insert(2, picture._element)  # behind everything; 0 and 1 are the tree's own properties
    else:
        picture = holder.insert_picture(stand_in)
        across, down = cover_cuts(_size(content), Size(picture.width, picture.height))
        picture.crop_left = picture.crop_right = across
        picture.crop_top = picture.crop_bottom = down
    picture._element._nvXxPr.cNvPr.set("descr", clean(content.alt or content.title))
    picture._element._nvXxPr.cNvPr.set("name", f"Picture {number + 1}")
    return slide.part.related_part(str(picture._element.blip_rId)), None if holder else view


def _stand_in(number: int) -> bytes:
    """One pixel, different for every slide: python-pptx stores equal pictures once."""
    return png(torch.tensor([[[number >> 16 & 255, number >> 8 & 255, number & 255]]]) / 255)


def _picture_holder(slide: "Slide") -> Any:
    """The largest place for a picture (a PicturePlaceholder), or None."""
    from pptx.enum.shapes import PP_PLACEHOLDER

    places = [holder for holder in slide.placeholders if holder.placeholder_format.type == PP_PLACEHOLDER.PICTURE]
    return max(places, key=lambda holder: (holder.width or 0) * (holder.height or 0), default=None)


def _copy(
    skeleton: BinaryIO, target: BinaryIO, pictures: dict[str, DeckSlide], first: DeckSlide, step: Callable[[], None]
) -> None:
    with zipfile.ZipFile(skeleton) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        names = source.namelist()
        frames = [pictures[name].picture for name in names if name in pictures]
        with in_order(png, frames) as encoded:
            for name in names:
                if name in pictures:
                    package.writestr(name, next(encoded), zipfile.ZIP_STORED)
                    step()
                elif name == _THUMBNAIL:
                    package.writestr(name, _thumbnail(first.picture), zipfile.ZIP_STORED)
                elif name == _SUMMARY:
                    package.writestr(name, _summary(len(pictures)))
                else:
                    package.writestr(name, source.read(name))


def _thumbnail(pixels: Tensor) -> bytes:
    image = to_pillow(pixels).convert("RGB")
    image.thumbnail((_THUMBNAIL_SIDE, _THUMBNAIL_SIDE))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=85)
    return file.getvalue()


def _summary(slides: int) -> str:
    """The package's summary; the template's own names another program, another format and no slides."""
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Properties xmlns="{kind}">'
        f"<Application>Lectern</Application><Slides>{slides}</Slides></Properties>"
    )
