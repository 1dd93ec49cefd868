"""PowerPoint decks: one full-bleed picture a slide, with title, alternative text, notes and a live slide number.

python-pptx writes the package around one-pixel stand-ins; while its zip is copied to the target, each stand-in is
replaced by its picture, encoded at about that moment and stored as it is (PNG does not deflate any further). All cores
encode, and no more than one picture for each and one on top is in memory, however long the deck.
"""

import datetime
import io
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import torch
from torch import Tensor

from ..errors import SaveError
from ..images import png, to_pillow
from ..parallel import in_order
from .colors import Rgb
from .geometry import Box, Size, fit, slide_emu
from .lettering import text_color_on
from .type import clean

if TYPE_CHECKING:
    from pptx.presentation import Presentation
    from pptx.shapes.base import BaseShape
    from pptx.shapes.picture import Picture
    from pptx.slide import Slide, SlideLayout

_LAYOUT = "Title Only"
_NUMBER_HEIGHT = 0.05  # of the slide's height
_NUMBER_WIDTH = 0.12  # of the slide's width
_MARGIN = 0.035  # of the slide's shorter side
_THUMBNAIL = "docProps/thumbnail.jpeg"
_THUMBNAIL_SIDE = 256  # pixels
_SUMMARY = "docProps/app.xml"
_PRINTER = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/printerSettings"
_NUMBER_ID = "{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}"  # any GUID; PowerPoint writes one per field


class DeckSlide(NamedTuple):
    """What one slide shows and says."""

    picture: Tensor  # (H, W, C) float32
    title: str = ""  # for outline, search and screen readers; not drawn over the picture
    alt: str = ""  # what the picture shows; the title when empty
    notes: str = ""  # speaker notes


class DeckStyle(NamedTuple):
    title: str = ""  # document title
    numbers: bool = True  # a slide-number field that stays right when slides move


def save_deck(path: Path, slides: Sequence[DeckSlide], style: DeckStyle, step: Callable[[], None]) -> None:
    """Writes the deck whole or not at all. `step` is called once a slide and may raise to stop.

    Raises:
        SaveError: the folder cannot be written to.
    """
    size = Size(slides[0].picture.shape[1], slides[0].picture.shape[0])
    presentation = _new_presentation(size, style)
    layout = _layout(presentation)
    names = [_add_slide(presentation, layout, number, slide, style) for number, slide in enumerate(slides)]
    skeleton = io.BytesIO()
    presentation.save(skeleton)
    with _written_whole(path) as file:
        _copy(skeleton, file, dict(zip(names, slides, strict=True)), slides[0], step)


def _new_presentation(size: Size, style: DeckStyle) -> "Presentation":
    import pptx
    from pptx.util import Emu

    presentation = pptx.Presentation()
    old_width, old_height = presentation.slide_width, presentation.slide_height
    width, height = slide_emu(size)
    presentation.slide_width, presentation.slide_height = Emu(width), Emu(height)
    assert old_width and old_height  # the built-in template has a size
    _scale_masters(presentation, width / old_width, height / old_height)
    for identity in [key for key, relation in presentation.part.rels.items() if relation.reltype == _PRINTER]:
        presentation.part.rels.pop(identity)
    properties = presentation.core_properties
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    properties.title, properties.author, properties.last_modified_by = clean(style.title), "", ""
    properties.created = properties.modified = now
    properties.revision = 1
    return presentation


def _scale_masters(presentation: "Presentation", across: float, down: float) -> None:
    """python-pptx's template is laid out for 4:3; slides added later in PowerPoint should fit this deck."""
    for master in presentation.slide_masters:
        for shapes in (master.shapes, *(layout.shapes for layout in master.slide_layouts)):
            for shape in shapes:
                if shape._element.find(".//{*}xfrm") is None:
                    continue
                left, top = round(shape.left * across), round(shape.top * down)
                _put(shape, Box(left, top, round(shape.width * across), round(shape.height * down)))


def _put(shape: "BaseShape", box: Box) -> None:
    """Places a shape; the box is in EMU."""
    from pptx.util import Emu

    shape.left, shape.top, shape.width, shape.height = map(Emu, box)  # pyright: ignore[reportAttributeAccessIssue]


def _layout(presentation: "Presentation") -> "SlideLayout":
    layout = presentation.slide_layouts.get_by_name(_LAYOUT)
    assert layout is not None  # part of the built-in template
    return layout


def _add_slide(
    presentation: "Presentation", layout: "SlideLayout", number: int, content: DeckSlide, style: DeckStyle
) -> str:
    """Adds one slide and returns the zip name of its picture's stand-in."""
    slide = presentation.slides.add_slide(layout)
    width, height = presentation.slide_width or 0, presentation.slide_height or 0
    picture = _add_picture(slide, number, content.picture, Size(width, height))
    picture._element._nvXxPr.cNvPr.set("descr", clean(content.alt or content.title))
    picture._element._nvXxPr.cNvPr.set("name", f"Picture {number + 1}")
    _set_title(slide, " ".join(clean(content.title).split()), Size(width, height))
    if content.notes and slide.notes_slide.notes_text_frame:
        slide.notes_slide.notes_text_frame.text = clean(content.notes)
    if style.numbers:
        _add_number(slide, Size(width, height), content.picture)
    stand_in = picture.part.related_part(str(picture._element.blip_rId))
    return str(stand_in.partname).lstrip("/")


def _add_picture(slide: "Slide", number: int, pixels: Tensor, whole: Size) -> "Picture":
    """The stand-in of a picture, over the whole slide, or as large as it fits when its shape is another."""
    from pptx.util import Emu

    source = Size(pixels.shape[1], pixels.shape[0])
    box = fit(source, whole, "contain", "center").target
    if abs(box.width - whole.width) <= whole.width / source.width and box.height >= whole.height - 2:
        box = Box(0, 0, *whole)  # the same shape but for rounding: no hairline at the edge
    stand_in = io.BytesIO(png(torch.tensor([[[number >> 16 & 255, number >> 8 & 255, number & 255]]]) / 255))
    picture = slide.shapes.add_picture(stand_in, *map(Emu, box))
    tree = slide.shapes._spTree
    tree.remove(picture._element)
    tree.insert(2, picture._element)  # behind everything; 0 and 1 are the tree's own properties
    return picture


def _set_title(slide: "Slide", title: str, whole: Size) -> None:
    """A title just above the slide: PowerPoint's own way to name a slide whose title is part of its picture."""
    from pptx.util import Pt

    shape = slide.shapes.title
    if shape is None:
        return
    if not title:
        shape._element.getparent().remove(shape._element)
        return
    height = whole.height // 10
    _put(shape, Box(0, -height - whole.height // 100, whole.width, height))
    shape.text_frame.text = title
    shape.text_frame.paragraphs[0].runs[0].font.size = Pt(20)


def _add_number(slide: "Slide", whole: Size, pixels: Tensor) -> None:
    from pptx.enum.shapes import PP_PLACEHOLDER
    from pptx.oxml import parse_xml
    from pptx.oxml.ns import nsdecls

    index = next(
        (
            holder.placeholder_format.idx
            for holder in slide.slide_layout.placeholders
            if holder.placeholder_format.type == PP_PLACEHOLDER.SLIDE_NUMBER
        ),
        12,
    )
    box = _number_box(whole)
    red, green, blue = (round(255 * channel) for channel in _number_color(pixels, box, whole))
    points = max(8, round(whole.height * _NUMBER_HEIGHT * 0.48 / 12700))
    shape = parse_xml(
        f'<p:sp {nsdecls("a", "p")}><p:nvSpPr><p:cNvPr id="{len(slide.shapes) + 2}" name="Slide Number"/>'
        '<p:cNvSpPr><a:spLocks noGrp="1"/></p:cNvSpPr>'
        f'<p:nvPr><p:ph type="sldNum" sz="quarter" idx="{index}"/></p:nvPr></p:nvSpPr>'
        f'<p:spPr><a:xfrm><a:off x="{box.left}" y="{box.top}"/><a:ext cx="{box.width}" cy="{box.height}"/></a:xfrm>'
        '</p:spPr><p:txBody><a:bodyPr lIns="0" tIns="0" rIns="0" bIns="0" anchor="b"/><a:lstStyle/>'
        f'<a:p><a:pPr algn="r"/><a:fld id="{_NUMBER_ID}" type="slidenum"><a:rPr lang="en-US" sz="{points * 100}">'
        f'<a:solidFill><a:srgbClr val="{red:02X}{green:02X}{blue:02X}"/></a:solidFill></a:rPr>'
        f"<a:t>{len(slide.part.package.presentation_part.presentation.slides)}</a:t></a:fld></a:p></p:txBody></p:sp>"
    )
    slide.shapes._spTree.append(shape)


def _number_box(whole: Size) -> Box:
    margin = round(min(whole) * _MARGIN)
    width, height = round(whole.width * _NUMBER_WIDTH), round(whole.height * _NUMBER_HEIGHT)
    return Box(whole.width - width - margin, whole.height - height - margin, width, height)


def _number_color(pixels: Tensor, box: Box, whole: Size) -> Rgb:
    """Light or dark, judged on the part of the picture that lies under the number's right half."""
    scale = pixels.shape[1] / whole.width
    left, top, width, height = (round(value * scale) for value in box)
    return text_color_on(pixels, Box(left + width // 2, top, width // 2, height))


@contextmanager
def _written_whole(path: Path) -> Iterator[BinaryIO]:
    """A new file beside the target that takes its name only when complete; else nothing is left behind."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise SaveError(_cannot_write(path, error)) from error
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(part).chmod(0o644 & ~_umask())
        Path(part).replace(path)
    except OSError as error:
        raise SaveError(_cannot_write(path, error)) from error
    finally:
        Path(part).unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _cannot_write(path: Path, error: OSError) -> str:
    return (
        f"The deck could not be written to {path.parent}: {error.strerror or error}. Make that folder writable, free"
        " some space, or choose another filename_prefix."
    )


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
