"""PDF files of pictures, one a page, written object by object so that only one encoded picture is in memory.

ISO 32000-1 (PDF 1.7). Every page is tagged: its picture is a Figure with an alternative text (14.8). A PNG's own
compressed data is embedded as it is: FlateDecode with predictor 15 are PNG's filters (7.4.4.4).
"""

import datetime
import io
import struct
import zlib
from collections.abc import Sequence
from typing import BinaryIO, NamedTuple

from torch import Tensor

from ..images import png, to_pillow, to_uint8

_EMU_PER_POINT = 12700


class Frame(NamedTuple):
    """Left, top, width and height on a page, measured from its top left corner."""

    left: float  # points, 1/72 inch
    top: float
    width: float
    height: float


class Link(NamedTuple):
    frame: Frame
    page: int  # index
    text: str


class Page(NamedTuple):
    frame: Frame  # where the picture lies
    alt: str
    links: Sequence[Link] = ()


class Properties(NamedTuple):
    title: str
    author: str
    subject: str
    keywords: str


class Encoding(NamedTuple):
    quality: int = 0  # of JPEG, 1 to 100; 0 keeps every pixel (Flate)


def points(emu: float) -> float:
    return emu / _EMU_PER_POINT


class PdfWriter:
    """Writes the pages in order; nothing may be written after `close`.

    Args:
        pages: how many there will be: links may point forwards.
        size: width and height of every page, points.
    """

    _CATALOG, _TREE, _INFO, _TAGS, _DOCUMENT, _PARENTS = range(1, 7)

    def __init__(self, file: BinaryIO, pages: int, size: tuple[float, float]) -> None:
        self._file = file
        self._offsets: dict[int, int] = {}
        self._size = size
        self._pages = list(range(7, 7 + pages))
        self._next = 7 + pages
        self._figures: list[int] = []
        file.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

    def add(self, page: Page, picture: Tensor, encoding: Encoding) -> None:
        """One page with its picture (H, W, 3 or 4)."""
        number = len(self._figures)
        mask = self._mask(picture)
        image = self._picture(picture, encoding, mask)
        left, bottom = page.frame.left, self._size[1] - page.frame.top - page.frame.height
        place = f"{_n(page.frame.width)} 0 0 {_n(page.frame.height)} {_n(left)} {_n(bottom)} cm"
        content = self._stream("", f"/Figure <</MCID 0>> BDC q {place} /P Do Q EMC".encode())
        notes = " ".join(f"{self._link(link)} 0 R" for link in page.links)
        figure = self._object(
            f"<</Type/StructElem/S/Figure/P {self._DOCUMENT} 0 R/Pg {self._pages[number]} 0 R/K 0"
            f"/Alt {_text(page.alt)}>>"
        )
        self._figures.append(figure)
        self._object(
            f"<</Type/Page/Parent {self._TREE} 0 R/MediaBox[0 0 {_n(self._size[0])} {_n(self._size[1])}]/Tabs/S"
            f"/Resources<</XObject<</P {image} 0 R>>>>/Contents {content} 0 R/StructParents {number}"
            f"{f'/Annots[{notes}]' if notes else ''}>>",
            self._pages[number],
        )

    def close(self, properties: Properties, bookmarks: Sequence[tuple[str, int]]) -> None:
        """Everything that needs all pages.

        Args:
            bookmarks: title and page index, in order.
        """
        outline = self._outline(bookmarks)
        kids = " ".join(f"{page} 0 R" for page in self._pages)
        self._object(f"<</Type/Pages/Count {len(self._pages)}/Kids[{kids}]>>", self._TREE)
        self._tags()
        now = datetime.datetime.now(datetime.UTC).strftime("(D:%Y%m%d%H%M%SZ)")
        said = "".join(f"/{name.title()} {_text(value)}" for name, value in properties._asdict().items() if value)
        self._object(f"<<{said}/Creator(Lectern)/Producer(Lectern)/CreationDate{now}/ModDate{now}>>", self._INFO)
        shown = f"/Outlines {outline} 0 R/PageMode/UseOutlines" if outline else ""
        titled = "/ViewerPreferences<</DisplayDocTitle true>>" if properties.title else ""
        self._object(
            f"<</Type/Catalog/Pages {self._TREE} 0 R{shown}{titled}/MarkInfo<</Marked true>>"
            f"/StructTreeRoot {self._TAGS} 0 R>>",
            self._CATALOG,
        )
        self._table()

    def _object(self, body: str | bytes, number: int = 0) -> int:
        if not number:
            number, self._next = self._next, self._next + 1
        self._offsets[number] = self._file.tell()
        data = body if isinstance(body, bytes) else body.encode("latin-1")
        self._file.writelines((f"{number} 0 obj\n".encode(), data, b"\nendobj\n"))
        return number

    def _stream(self, keys: str, data: bytes) -> int:
        return self._object(f"<<{keys}/Length {len(data)}>>stream\n".encode() + data + b"\nendstream")

    def _mask(self, picture: Tensor) -> int:
        """The alpha of a picture as its soft mask; 0 for an opaque one."""
        if picture.shape[2] == 3 or bool((picture[..., 3] >= 1).all()):
            return 0
        data = zlib.compress(to_uint8(picture[..., 3:]).numpy().tobytes(), 1)
        return self._stream(f"{_image_keys(picture)}/ColorSpace/DeviceGray/Filter/FlateDecode", data)

    def _picture(self, picture: Tensor, encoding: Encoding, mask: int) -> int:
        keys = f"{_image_keys(picture)}/ColorSpace/DeviceRGB{f'/SMask {mask} 0 R' if mask else ''}"
        if encoding.quality:
            return self._stream(f"{keys}/Filter/DCTDecode", _jpeg(picture, encoding.quality))
        columns = f"/DecodeParms<</Predictor 15/Colors 3/BitsPerComponent 8/Columns {picture.shape[1]}>>"
        return self._stream(f"{keys}/Filter/FlateDecode{columns}", _png_data(png(picture[..., :3])))

    def _link(self, link: Link) -> int:
        left, top, width, height = link.frame
        corners = (left, self._size[1] - top - height, left + width, self._size[1] - top)
        return self._object(
            f"<</Type/Annot/Subtype/Link/Border[0 0 0]/F 4/Rect[{' '.join(map(_n, corners))}]"
            f"/Dest[{self._pages[link.page]} 0 R/Fit]/Contents {_text(link.text)}>>"
        )

    def _outline(self, bookmarks: Sequence[tuple[str, int]]) -> int:
        if not bookmarks:
            return 0
        root, last = self._next, self._next + len(bookmarks)
        self._next = last + 1
        for number, (title, page) in enumerate(bookmarks, root + 1):
            before = f"/Prev {number - 1} 0 R" if number > root + 1 else ""
            after = f"/Next {number + 1} 0 R" if number < last else ""
            self._object(
                f"<</Title {_text(title)}/Parent {root} 0 R{before}{after}/Dest[{self._pages[page]} 0 R/Fit]>>", number
            )
        self._object(f"<</Type/Outlines/First {root + 1} 0 R/Last {last} 0 R/Count {len(bookmarks)}>>", root)
        return root

    def _tags(self) -> None:
        kids = " ".join(f"{figure} 0 R" for figure in self._figures)
        parents = " ".join(f"{number} [{figure} 0 R]" for number, figure in enumerate(self._figures))
        self._object(f"<</Type/StructElem/S/Document/P {self._TAGS} 0 R/K[{kids}]>>", self._DOCUMENT)
        self._object(f"<</Nums[{parents}]>>", self._PARENTS)
        self._object(
            f"<</Type/StructTreeRoot/K {self._DOCUMENT} 0 R/ParentTree {self._PARENTS} 0 R"
            f"/ParentTreeNextKey {len(self._figures)}>>",
            self._TAGS,
        )

    def _table(self) -> None:
        start, count = self._file.tell(), self._next
        entries = "".join(f"{self._offsets[number]:010} 00000 n \n" for number in range(1, count))
        self._file.write(
            f"xref\n0 {count}\n0000000000 65535 f \n{entries}trailer\n<</Size {count}/Root {self._CATALOG} 0 R"
            f"/Info {self._INFO} 0 R>>\nstartxref\n{start}\n%%EOF\n".encode()
        )


def _n(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")


def _text(text: str) -> str:
    """A text string in UTF-16 with its byte order mark, as hexadecimal (7.9.2.2)."""
    return f"<FEFF{text.encode('utf-16-be', 'replace').hex().upper()}>"


def _image_keys(picture: Tensor) -> str:
    size = f"/Width {picture.shape[1]}/Height {picture.shape[0]}"
    return f"/Type/XObject/Subtype/Image{size}/BitsPerComponent 8"


def _png_data(file: bytes) -> bytes:
    """The zlib stream of a PNG: its IDAT chunks, joined."""
    parts, at = [], 8
    while at < len(file):
        (length,) = struct.unpack_from(">I", file, at)
        if file[at + 4 : at + 8] == b"IDAT":
            parts.append(file[at + 8 : at + 8 + length])
        at += length + 12
    return b"".join(parts)


def _jpeg(picture: Tensor, quality: int) -> bytes:
    data = io.BytesIO()
    to_pillow(picture[..., :3]).save(data, "JPEG", quality=quality, subsampling=0 if quality >= 90 else 2)
    return data.getvalue()
