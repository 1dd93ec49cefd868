"""What new slides stand on: the built-in layouts in the picture's shape, or a person's own template."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import TemplateError
from .deck_safety import check_package
from .deck_xml import put
from .geometry import Box, Size, slide_emu

if TYPE_CHECKING:
    from pptx.presentation import Presentation
    from pptx.slide import SlideLayout

_LAYOUT = "Title Only"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PRINTER = f"{_RELATIONS}/printerSettings"


class Template(NamedTuple):
    """A person's own deck to build on."""

    file: Path
    keep_slides: bool  # its slides stay in front of the new ones
    most_mb: int  # it may unpack to


class Ground(NamedTuple):
    """A presentation ready for new slides."""

    presentation: "Presentation"
    layout: "SlideLayout"  # of the pictures
    plain: "SlideLayout"  # with a title if there is one, for the contents
    whole: Size  # EMU
    branded: bool  # a person's template: its places and colours stay


def blank_ground(picture: Size) -> Ground:
    """python-pptx's own template in the shape of a picture (pixels)."""
    import pptx
    from pptx.util import Emu

    presentation = pptx.Presentation()
    old_width, old_height = presentation.slide_width, presentation.slide_height
    width, height = slide_emu(picture)
    presentation.slide_width, presentation.slide_height = Emu(width), Emu(height)
    assert old_width and old_height  # the built-in template has a size
    _scale_masters(presentation, width / old_width, height / old_height)
    for identity in [key for key, relation in presentation.part.rels.items() if relation.reltype == _PRINTER]:
        presentation.part.rels.pop(identity)
    layout = presentation.slide_layouts.get_by_name(_LAYOUT)
    assert layout is not None  # part of the built-in template
    return Ground(presentation, layout, layout, Size(width, height), branded=False)


def _scale_masters(presentation: "Presentation", across: float, down: float) -> None:
    """python-pptx's template is laid out for 4:3; slides added later in PowerPoint should fit this deck."""
    for master in presentation.slide_masters:
        for shapes in (master.shapes, *(layout.shapes for layout in master.slide_layouts)):
            for shape in shapes:
                if shape._element.find(".//{*}xfrm") is None:
                    continue
                left, top = round(shape.left * across), round(shape.top * down)
                put(shape, Box(left, top, round(shape.width * across), round(shape.height * down)))


@contextmanager
def readable(template: Template | None) -> Iterator[None]:
    """While a template is built upon: what python-pptx stumbles over in a damaged file is a TemplateError."""
    from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]
    from pptx.exc import PythonPptxError

    try:
        yield
    except (
        PythonPptxError, KeyError, ValueError, TypeError, AttributeError, IndexError, AssertionError,
        NotImplementedError, etree.LxmlError, struct.error, zipfile.BadZipFile, zlib.error,
    ) as error:  # fmt: skip
        if template is None:
            raise
        raise TemplateError(
            f"The template {template.file.name!r} is damaged ({type(error).__name__}: {str(error)[:80]}). Open and"
            " save it in PowerPoint, or use another one."
        ) from error


def template_ground(template: Template, picture_layout: bool) -> Ground:
    """Opens a template; `picture_layout` prefers a layout with a place for a picture.

    Raises:
        TemplateError: it cannot or may not be used.
    """
    import pptx

    check_package(template.file, template.most_mb)
    presentation = pptx.Presentation(str(template.file))
    if not template.keep_slides:
        _remove_slides(presentation)
    layouts = [layout for master in presentation.slide_masters for layout in master.slide_layouts]
    if not layouts:
        raise TemplateError(f"The template {template.file.name!r} has no slide layout. Use another one.")
    plain = _plain_layout(layouts)
    layout = (_picture_layout(layouts) if picture_layout else None) or plain
    return Ground(presentation, layout, plain, _size(presentation), branded=True)


def template_size(template: Template) -> Size:
    """Of its slides, EMU. Raises TemplateError: it cannot or may not be used."""
    with readable(template):
        return template_ground(template, picture_layout=False).whole


def _size(presentation: "Presentation") -> Size:
    """A deck without a stated size is 10 x 7.5 inches."""
    from pptx.util import Emu

    if not (presentation.slide_width and presentation.slide_height):
        presentation.slide_width, presentation.slide_height = Emu(9144000), Emu(6858000)
    return Size(int(presentation.slide_width or 0), int(presentation.slide_height or 0))


def _remove_slides(presentation: "Presentation") -> None:
    """Takes the slides out, and the sections and custom shows that name them."""
    root = presentation.part._element
    for entry in list(presentation.slides._sldIdLst):
        presentation.part.rels.pop(entry.rId)
        presentation.slides._sldIdLst.remove(entry)
    for tag in ("custShowLst", "sectionLst"):
        for element in list(root.iter(f"{{*}}{tag}")):
            holder = element.getparent()
            holder.remove(element)
            if holder.tag.endswith("}ext"):
                holder.getparent().remove(holder)
    for extensions in root.findall("{*}extLst"):
        if not len(extensions):
            root.remove(extensions)


def _holders(layout: "SlideLayout") -> list[object]:
    return [holder.placeholder_format.type for holder in layout.placeholders]


def _picture_layout(layouts: list["SlideLayout"]) -> "SlideLayout | None":
    """The layout with one picture place, the largest; with several places only if there is no other."""
    from pptx.enum.shapes import PP_PLACEHOLDER

    def areas(layout: "SlideLayout") -> list[int]:
        return [
            (holder.width or 0) * (holder.height or 0)
            for holder in layout.placeholders
            if holder.placeholder_format.type == PP_PLACEHOLDER.PICTURE
        ]

    candidates = [layout for layout in layouts if areas(layout)]
    return max(candidates, key=lambda layout: (len(areas(layout)) == 1, max(areas(layout))), default=None)


def _plain_layout(layouts: list["SlideLayout"]) -> "SlideLayout":
    """Title only; else blank; else the one with the fewest places."""
    from pptx.enum.shapes import PP_PLACEHOLDER

    footers = {PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER}

    def rank(layout: "SlideLayout") -> tuple[int, int]:
        places = [kind for kind in _holders(layout) if kind not in footers]
        if places == [PP_PLACEHOLDER.TITLE]:
            return 0, 0
        return (1, 0) if not places else (2, len(places))

    return min(layouts, key=rank)
