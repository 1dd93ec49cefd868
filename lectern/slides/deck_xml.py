"""DrawingML that python-pptx has no call for: text with its look, veils, picture backgrounds.

Element order follows the schemas of ECMA-376 part 1: PowerPoint repairs or refuses files that differ.
"""

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from .colors import Rgb
from .deck_layout import INDENT
from .geometry import Box, Size
from .type import clean

if TYPE_CHECKING:
    from pptx.shapes.base import BaseShape
    from pptx.slide import Slide

EMU_PER_POINT = 12700
_ALIGN = {0.0: "l", 0.5: "ctr", 1.0: "r"}


class Ink(NamedTuple):
    """How letters look; None and empty leave it to the template."""

    size: int | None = None  # EMU
    color: Rgb | None = None
    font: str = ""
    bold: bool | None = None
    opacity: float = 1.0  # 0 to 1


def put(shape: "BaseShape", box: Box) -> None:
    """Places a shape; the box is in EMU."""
    from pptx.util import Emu

    shape.left, shape.top, shape.width, shape.height = map(Emu, box)  # pyright: ignore[reportAttributeAccessIssue]


def next_id(slide: "Slide") -> int:
    return max((int(element.get("id", 0)) for element in slide.element.iter("{*}cNvPr")), default=1) + 1


def fill_xml(color: Rgb, opacity: float = 1.0) -> str:
    return f"<a:solidFill>{_color_xml(color, opacity)}</a:solidFill>"


def _color_xml(color: Rgb, opacity: float) -> str:
    red, green, blue = (round(255 * channel) for channel in color)
    alpha = "" if opacity >= 1 else f'<a:alpha val="{round(opacity * 100000)}"/>'
    return f'<a:srgbClr val="{red:02X}{green:02X}{blue:02X}">{alpha}</a:srgbClr>'


def ink_xml(ink: Ink) -> str:
    """<a:rPr>."""
    size = "" if ink.size is None else f' sz="{max(100, min(400000, round(ink.size / EMU_PER_POINT * 100)))}"'
    bold = "" if ink.bold is None else f' b="{int(ink.bold)}"'
    fill = fill_xml(ink.color, ink.opacity) if ink.color else ""
    face = html.escape(clean(ink.font))
    faces = "".join(f'<a:{kind} typeface="{face}"/>' for kind in ("latin", "ea", "cs")) if ink.font else ""
    return f"<a:rPr{size}{bold}>{fill}{faces}</a:rPr>"


def paragraphs_xml(text: str, ink: Ink, align: float | None = None, bullets: bool = False) -> str:
    """One <a:p> a line; bullets only for several lines that begin at the left."""
    lines = clean(text).split("\n")
    begin = "" if align is None else f' algn="{_ALIGN[align]}"'
    mark = ""
    if bullets and len(lines) > 1 and ink.size and align == 0:
        indent = round(ink.size * INDENT)
        begin += f' marL="{indent}" indent="-{indent}"'
        mark = '<a:buFont typeface="Arial"/><a:buChar char="&#8226;"/>'
    return "".join(
        f"<a:p><a:pPr{begin}>{mark}</a:pPr><a:r>{ink_xml(ink)}<a:t>{html.escape(line)}</a:t></a:r></a:p>"
        for line in lines
    )


def field_xml(number: int, ink: Ink, align: float | None) -> str:
    """A paragraph with a slide number that PowerPoint keeps right."""
    begin = "" if align is None else f' algn="{_ALIGN[align]}"'
    identity = "{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}"  # any GUID; PowerPoint writes one per field
    return f'<a:p><a:pPr{begin}/><a:fld id="{identity}" type="slidenum">{ink_xml(ink)}<a:t>{number}</a:t></a:fld></a:p>'


def set_text_body(shape: "BaseShape", paragraphs: str, anchor: str = "") -> None:
    """Replaces a shape's text; an anchor (t, ctr, b) also takes away its insets."""
    from pptx.oxml import parse_xml
    from pptx.oxml.ns import nsdecls

    body = parse_xml(f"<p:txBody {nsdecls('a', 'p')}>{_body_xml(anchor)}<a:lstStyle/>{paragraphs}</p:txBody>")
    old = shape._element.txBody
    shape._element.replace(old, body)


def _body_xml(anchor: str) -> str:
    if not anchor:
        return "<a:bodyPr><a:normAutofit/></a:bodyPr>"
    insets = 'lIns="0" tIns="0" rIns="0" bIns="0"'
    return f'<a:bodyPr wrap="square" {insets} anchor="{anchor}"><a:normAutofit/></a:bodyPr>'


def add_text(
    slide: "Slide", name: str, box: Box, paragraphs: str, anchor: str = "t", holder: str = "", place: bool = True
) -> None:
    """A text box on top of the slide, or, with the XML of a <p:ph>, a placeholder; `place` gives it its own box."""
    from pptx.oxml import parse_xml
    from pptx.oxml.ns import nsdecls

    kind = '<p:cNvSpPr><a:spLocks noGrp="1"/></p:cNvSpPr>' if holder else '<p:cNvSpPr txBox="1"/>'
    shape = "" if holder else '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom><a:noFill/>'
    slide.shapes._spTree.append(
        parse_xml(
            f'<p:sp {nsdecls("a", "p")}><p:nvSpPr><p:cNvPr id="{next_id(slide)}" name="{name}"/>{kind}'
            f"<p:nvPr>{holder}</p:nvPr></p:nvSpPr><p:spPr>{frame_xml(box) if place else ''}{shape}</p:spPr>"
            f"<p:txBody>{_body_xml(anchor if place else '')}<a:lstStyle/>{paragraphs}</p:txBody></p:sp>"
        )
    )


def frame_xml(box: Box) -> str:
    return f'<a:xfrm><a:off x="{box.left}" y="{box.top}"/><a:ext cx="{box.width}" cy="{box.height}"/></a:xfrm>'


def add_veil(slide: "Slide", box: Box, color: Rgb, stops: Sequence[tuple[float, float]], angle: int, at: int) -> None:
    """A translucent rectangle at place `at` of the shape tree.

    Args:
        stops: position 0 to 1 and opacity 0 to 1, along the angle; a single one is an even veil.
        angle: degrees clockwise, 90 runs downwards.
    """
    from pptx.oxml import parse_xml
    from pptx.oxml.ns import nsdecls

    if len(stops) == 1:
        fill = fill_xml(color, stops[0][1])
    else:
        inner = "".join(f'<a:gs pos="{round(at * 1e5)}">{_color_xml(color, opacity)}</a:gs>' for at, opacity in stops)
        fill = f'<a:gradFill rotWithShape="1"><a:gsLst>{inner}</a:gsLst><a:lin ang="{angle * 60000}"/></a:gradFill>'
    decorative = (
        '<a:extLst><a:ext uri="{C183D7F6-B498-43B3-948B-1728B52AA6E4}"><adec:decorative'
        ' xmlns:adec="http://schemas.microsoft.com/office/drawing/2017/decorative" val="1"/></a:ext></a:extLst>'
    )
    slide.shapes._spTree.insert(
        at,
        parse_xml(
            f'<p:sp {nsdecls("a", "p")}><p:nvSpPr><p:cNvPr id="{next_id(slide)}" name="Veil">{decorative}</p:cNvPr>'
            f"<p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr>{frame_xml(box)}"
            f'<a:prstGeom prst="rect"><a:avLst/></a:prstGeom>{fill}<a:ln><a:noFill/></a:ln></p:spPr></p:sp>'
        ),
    )


def set_background(slide: "Slide", relation: str, shown: Box, whole: Size) -> None:
    """A picture as the slide's background, filling it: `shown` is its box (EMU), and what hangs out is cut."""
    from pptx.oxml import parse_xml
    from pptx.oxml.ns import nsdecls

    across, down = (shown.width - whole.width) / 2 / shown.width, (shown.height - whole.height) / 2 / shown.height
    cuts = {"l": across, "t": down, "r": across, "b": down}
    crop = "".join(f' {side}="{round(share * 100000)}"' for side, share in cuts.items() if round(share * 100000))
    slide.element.cSld.insert(
        0,
        parse_xml(
            f'<p:bg {nsdecls("a", "p", "r")}><p:bgPr><a:blipFill dpi="0" rotWithShape="1">'
            f'<a:blip r:embed="{relation}"/><a:srcRect{crop}/><a:stretch><a:fillRect/></a:stretch></a:blipFill>'
            "<a:effectLst/></p:bgPr></p:bg>"
        ),
    )
