"""A template deck comes from outside: looked at as a zip of XML before python-pptx opens it."""

import re
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from ..errors import TemplateError

MOST_PARTS = 5000
LARGEST_XML = 64 * 2**20  # bytes of one XML part; python-pptx builds a tree of each
_MAIN = "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"
_ACTIVE = re.compile(r"vbaproject|vbadata|activex|oleobject|/embeddings/(?!.*\.xlsx$)|/ctrlprops/", re.IGNORECASE)


def check_package(file: Path, most_mb: int) -> None:
    """Refuses what is no ordinary .pptx, is too large unpacked, is active, or reaches outside itself.

    Raises:
        TemplateError: one sentence that names the file and the reason.
    """
    try:
        with zipfile.ZipFile(file) as package:
            _check_entries(file.name, package.infolist(), most_mb)
            names = [name for name in package.namelist() if name.lower().endswith((".xml", ".rels"))]
            for name in names:
                _check_xml(file.name, name, package.read(name))
            _check_kind(file.name, package)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as error:
        raise TemplateError(
            f"The template {file.name!r} is not a PowerPoint file that can be read ({str(error)[:80]}). Open it in"
            " PowerPoint, save it as .pptx and try again."
        ) from error


def _check_entries(file: str, entries: list[zipfile.ZipInfo], most_mb: int) -> None:
    """zipfile never unpacks more of an entry than the size that it states, so the stated sizes are a bound."""
    size = sum(entry.file_size for entry in entries) / 2**20
    if len(entries) > MOST_PARTS or size > most_mb:
        raise TemplateError(
            f"The template {file!r} has {len(entries)} parts and {size:.0f} MB unpacked; {MOST_PARTS} parts and"
            f" {most_mb} MB are allowed (limits.template_mb in lectern.toml). Use a smaller template."
        )
    if len({entry.filename for entry in entries}) < len(entries):
        raise TemplateError(f"The template {file!r} holds one part twice. Save it anew in PowerPoint.")
    for entry in entries:
        name = entry.filename
        if name.startswith("/") or "\\" in name or ":" in name or ".." in PurePosixPath(name).parts:
            raise TemplateError(f"The template {file!r} holds the file name {name[:80]!r}. Save it anew in PowerPoint.")
        if entry.flag_bits & 1:
            raise TemplateError(f"The template {file!r} is encrypted. Save it without a password.")
        if _ACTIVE.search(f"/{name}"):
            raise TemplateError(
                f"The template {file!r} holds macros or embedded objects ({name[:80]}). Remove them and save it as"
                " .pptx."
            )
        if name.lower().endswith((".xml", ".rels")) and entry.file_size > LARGEST_XML:
            raise TemplateError(f"The template {file!r} has a part that is too large ({name[:80]}). Use another one.")


def _check_xml(file: str, name: str, data: bytes) -> None:
    from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise TemplateError(
            f"The template {file!r} is damaged: {name[:80]} is not XML. Repair it in PowerPoint."
        ) from error
    if root.getroottree().docinfo.doctype:
        raise TemplateError(f"The template {file!r} declares a DTD in {name[:80]}. Save it anew in PowerPoint.")
    if name.lower().endswith(".rels"):
        for relation in root:
            if relation.get("TargetMode", "Internal").strip().lower() != "internal":
                raise TemplateError(
                    f"The template {file!r} links to {relation.get('Target', '')[:80]!r} outside itself ({name[:80]})."
                    " Remove the link in PowerPoint."
                )


def _check_kind(file: str, package: zipfile.ZipFile) -> None:
    if "[Content_Types].xml" not in package.namelist():
        raise TemplateError(f"The template {file!r} is not a PowerPoint file. Use a .pptx.")
    if _MAIN.encode() not in package.read("[Content_Types].xml"):
        raise TemplateError(
            f"The template {file!r} is not a .pptx presentation without macros. Save it in PowerPoint as .pptx"
            " (not .potx, .ppsx or .pptm)."
        )
