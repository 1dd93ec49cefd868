"""PowerPoint's sections: an extension of presentation.xml ([MS-PPTX] 2.2.3.2, CT_SectionList)."""

import html
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .type import clean

if TYPE_CHECKING:
    from pptx.presentation import Presentation

_P14 = "http://schemas.microsoft.com/office/powerpoint/2010/main"
_EXTENSION = "{521415D9-36F7-43E2-AB2F-B90AF26B5E84}"
_FIRST = "Default Section"  # PowerPoint's own name for slides before the first named section
_SPACE = uuid.UUID("6f0f7c1a-5a0e-4a6f-9d0c-2b8f3e1c7d54")


def set_sections(presentation: "Presentation", names: Sequence[str], older: int) -> None:
    """Groups the slides; `names` has one entry for each slide after the first `older` ones.

    Equal neighbours share a section, an empty name continues the one before. Slides that a template brought keep
    their sections; every slide is in exactly one, in the deck's order, else PowerPoint would repair the file.
    """
    identities = [entry.id for entry in presentation.slides._sldIdLst]
    groups = _kept(presentation, identities[:older])
    if not groups and not any(name.strip() for name in names):
        return
    if older and not groups:
        groups = [(_FIRST, identities[:older])]
    current = groups[-1][0] if groups else _FIRST
    for identity, name in zip(identities[older:], names, strict=True):
        fresh = " ".join(clean(name).split()) or current
        if not groups or fresh != current:
            groups.append((fresh, []))
        groups[-1][1].append(identity)
        current = fresh
    _write(presentation, groups)


def _kept(presentation: "Presentation", slides: Sequence[int]) -> list[tuple[str, list[int]]]:
    """The template's sections as far as they name its slides in order; one section of all where they do not."""
    if not slides:
        return []
    groups = [
        (section.get("name") or _FIRST, [int(entry.get("id")) for entry in section.iter(f"{{{_P14}}}sldId")])
        for section in presentation.part._element.iter(f"{{{_P14}}}section")
    ]
    named = [identity for _, members in groups for identity in members]
    if not groups:
        return []
    return groups if named == list(slides) else [(_FIRST, list(slides))]


def _write(presentation: "Presentation", groups: Sequence[tuple[str, Sequence[int]]]) -> None:
    from pptx.oxml import parse_xml
    from pptx.oxml.ns import nsdecls

    root: Any = presentation.part._element
    for old in list(root.iter(f"{{{_P14}}}sectionLst")):
        old.getparent().getparent().remove(old.getparent())
    sections = "".join(_section_xml(number, name, members) for number, (name, members) in enumerate(groups))
    extensions = root.find("{*}extLst")
    if extensions is None:
        extensions = parse_xml(f"<p:extLst {nsdecls('p')}/>")
        root.append(extensions)  # the schema's last element
    extensions.append(
        parse_xml(
            f'<p:ext {nsdecls("p")} uri="{_EXTENSION}"><p14:sectionLst xmlns:p14="{_P14}">{sections}</p14:sectionLst>'
            "</p:ext>"
        )
    )


def _section_xml(number: int, name: str, members: Sequence[int]) -> str:
    identity = str(uuid.uuid5(_SPACE, f"{number} {name}")).upper()
    slides = "".join(f'<p14:sldId id="{member}"/>' for member in members)
    named = f'name="{html.escape(name)}" id="{{{identity}}}"'
    return f"<p14:section {named}><p14:sldIdLst>{slides}</p14:sldIdLst></p14:section>"
