"""PDFs, read back object by object and with poppler's tools where they are installed."""

import re
import shutil
import subprocess
import zlib

import numpy
import pytest
import torch
from PIL import Image

from lectern.errors import SaveError, TextError
from lectern.images import to_pillow
from lectern.slides.deck_model import CONTENTS_PLACES, Contents, DeckSlide, DeckStyle, TextLook, Watermark
from lectern.slides.deck_pdf import save_pdf
from lectern.slides.fonts import FontBook
from lectern.slides.pdf import Encoding
from lectern.slides.type import Font

BARE = DeckStyle("Nordlichter — Überblick", numbers=False)
poppler = pytest.mark.skipif(not shutil.which("pdfimages"), reason="needs poppler-utils")


def picture(width=160, height=90, seed=0, channels=3):
    return torch.rand((height, width, channels), generator=torch.Generator().manual_seed(seed))


def font(bold: bool) -> Font:
    return Font(FontBook(), "", bold)


def searched(pattern, data):
    """The match, which must be there."""
    match = re.search(pattern, data)
    assert match, pattern
    return match


@pytest.fixture
def pdf(tmp_path):
    """-> a function that saves slides and gives the file's path."""

    def save(slides, style=BARE, encoding=Encoding()):  # noqa: B008
        steps = []
        save_pdf(tmp_path / "deck.pdf", slides, style, encoding, font, lambda: steps.append(1))
        assert len(steps) == len(slides)
        return tmp_path / "deck.pdf"

    return save


def objects(path):
    """Number -> bytes of every object, found through the cross-reference table as a viewer finds them."""
    data = path.read_bytes()
    start = int(searched(rb"startxref\n(\d+)\n%%EOF\n$", data)[1])
    head, *_ = re.match(rb"xref\n0 (\d+)\n", data[start:]).groups()
    table = data[start + len(b"xref\n0 " + head + b"\n") :]
    offsets = [int(table[20 * number : 20 * number + 10]) for number in range(1, int(head))]
    for number, offset in enumerate(offsets, 1):
        assert data[offset:].startswith(f"{number} 0 obj\n".encode())
    return {number: data[at : data.index(b"\nendobj", at)] for number, at in enumerate(offsets, 1)}


def of_type(found, mark):
    return [body for body in found.values() if mark in body.split(b"stream\n")[0]]


def text(body, key):
    return bytes.fromhex(searched(rf"/{key} <FEFF([0-9A-F]*)>".encode(), body)[1].decode()).decode("utf-16-be")


def test_pixels_are_exact_whatever_the_reader(pdf):
    frame = picture()
    (image,) = of_type(objects(pdf([DeckSlide(frame)])), b"/Subtype/Image")
    rows = numpy.frombuffer(zlib.decompress(image.split(b"stream\n", 1)[1].rsplit(b"\nendstream", 1)[0]), numpy.uint8)
    rows = rows.reshape(90, 1 + 160 * 3)
    assert (rows[:, 0] == 2).all()  # PNG's filter Up, which predictor 15 undoes
    assert numpy.cumsum(rows[:, 1:], axis=0, dtype=numpy.uint8).tobytes() == to_pillow(frame).tobytes()


@poppler
@pytest.mark.parametrize("channels", [3, 4])
def test_poppler_reads_the_same_pixels(pdf, tmp_path, channels):
    frame = picture(seed=1, channels=channels)
    subprocess.run(["pdfimages", "-png", pdf([DeckSlide(frame)]), tmp_path / "out"], check=True)
    found = [Image.open(file) for file in sorted(tmp_path.glob("out-*.png"))]
    assert found[0].convert("RGB").tobytes() == to_pillow(frame[..., :3]).tobytes()
    if channels == 4:
        assert found[1].convert("L").tobytes() == to_pillow(frame).getchannel("A").tobytes()


@poppler
@pytest.mark.parametrize(
    ("size", "points"),
    [((160, 90), (960, 540)), ((90, 160), (540, 960)), ((120, 90), (720, 540)), ((1, 1), (540, 540))],
)
def test_a_page_is_as_large_as_the_slide(pdf, size, points):
    said = subprocess.run(["pdfinfo", pdf([DeckSlide(picture(*size))])], check=True, capture_output=True, text=True)
    found = searched(r"Page size:\s+([\d.]+) x ([\d.]+) pts", said.stdout)
    assert (float(found[1]), float(found[2])) == pytest.approx(points, abs=0.01)
    assert said.stderr == ""


@poppler
def test_a_whole_deck_is_read_without_a_complaint(pdf, tmp_path):
    """Alpha, JPEG, another shape, links, bookmarks and texts in one file."""
    slides = [DeckSlide(picture(320, 180, channels=4), "One"), DeckSlide(picture(90, 90), "Zwei (ü) 日本")]
    style = BARE._replace(numbers=True, contents=Contents(CONTENTS_PLACES[1]))
    file = pdf(slides, style, Encoding(80))
    for command in (["pdfinfo", "-struct-text", file], ["pdftoppm", "-r", "20", file, tmp_path / "page"]):
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        assert done.stderr == ""
    assert len(list(tmp_path.glob("page-*"))) == 3


def test_jpeg_is_embedded_as_it_is_and_smaller(pdf):
    slide = DeckSlide(picture(320, 180))
    lossless = pdf([slide]).stat().st_size
    found = objects(pdf([slide], encoding=Encoding(80)))
    (image,) = of_type(found, b"/DCTDecode")
    assert image.split(b"stream\n", 1)[1][:2] == b"\xff\xd8"
    assert len(image) < lossless / 2


def test_an_opaque_alpha_costs_nothing(pdf):
    frame = torch.cat([picture(), torch.ones(90, 160, 1)], 2)
    assert not of_type(objects(pdf([DeckSlide(frame)])), b"/SMask")


def test_properties_bookmarks_and_alternative_texts(pdf):
    slides = [DeckSlide(picture(), "One", "Red noise"), DeckSlide(picture()), DeckSlide(picture(), "日本語 (3)")]
    style = BARE._replace(author="A. Autorin", keywords="aurora, ice")
    found = objects(pdf(slides, style))
    (info,) = of_type(found, b"/Producer")
    assert (text(info, "Title"), text(info, "Author"), text(info, "Keywords")) == (
        *style[:1],
        style.author,
        "aurora, ice",
    )
    marks = [text(body, "Title") for body in of_type(found, b"/Parent") if b"/Dest[" in body]
    assert marks == ["One", "2", "日本語 (3)"]
    assert [text(body, "Alt") for body in of_type(found, b"/S/Figure")] == ["Red noise", "", "日本語 (3)"]


@pytest.mark.parametrize(("place", "page"), [(CONTENTS_PLACES[1], 1), (CONTENTS_PLACES[2], 0)])
def test_contents_link_to_their_pages(pdf, place, page):
    slides = [DeckSlide(picture(320, 180), f"T{index}") for index in range(3)]
    found = objects(pdf(slides, BARE._replace(contents=Contents(place))))
    kids = [int(number) for number in re.findall(rb"(\d+) 0 R", of_type(found, b"/Type/Pages")[0].split(b"Kids")[1])]
    assert len(kids) == 4
    targets = [int(searched(rb"/Dest\[(\d+)", body)[1]) for body in of_type(found, b"/Subtype/Link")]
    assert targets == [kid for index, kid in enumerate(kids) if index != page]
    assert b"/Annots" in found[kids[page]]


def test_a_deck_without_titles_has_no_bookmarks_and_cannot_have_contents(pdf):
    assert not of_type(objects(pdf([DeckSlide(picture())])), b"/Type/Outlines")
    with pytest.raises(TextError, match="needs titles"):
        pdf([DeckSlide(picture())], BARE._replace(contents=Contents(CONTENTS_PLACES[1])))


def test_editable_text_is_drawn_and_the_input_stays(pdf):
    frame = torch.full((180, 320, 3), 0.1)
    before = frame.clone()
    slide = DeckSlide(frame, "Title", body="one\ntwo")
    plain, drawn = (
        of_type(objects(pdf([slide._replace(body=body)], style)), b"/Subtype/Image")[0]
        for body, style in (
            ("", BARE),
            ("one\ntwo", BARE._replace(text=TextLook(True), watermark=Watermark("{n}/{total}"))),
        )
    )
    assert plain != drawn
    assert torch.equal(frame, before)


def test_cancel_in_the_middle_leaves_no_file(tmp_path):
    class Cancelled(BaseException):
        pass

    def cancel() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        save_pdf(tmp_path / "deck.pdf", [DeckSlide(picture())] * 2, BARE, Encoding(), font, cancel)
    assert list(tmp_path.iterdir()) == []


def test_an_older_file_survives_a_full_disk(tmp_path):
    (tmp_path / "deck.pdf").write_bytes(b"old")

    def full() -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(SaveError, match="No space left"):
        save_pdf(tmp_path / "deck.pdf", [DeckSlide(picture())], BARE, Encoding(), font, full)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"old"]
