"""Decks, read back with python-pptx and as zip files."""

import io
import re
import zipfile
from pathlib import Path

import pptx
import pytest
import torch
from PIL import Image

from lectern.errors import SaveError
from lectern.images import to_pillow
from lectern.slides.decks import DeckSlide, DeckStyle, save_deck

STYLE = DeckStyle("Doc")


def picture(width=160, height=90, seed=0):
    return torch.rand((height, width, 3), generator=torch.Generator().manual_seed(seed))


def nothing() -> None:
    pass


@pytest.fixture
def deck(tmp_path):
    """-> a function that saves slides and opens the result."""

    def save(slides, style=STYLE):
        path = tmp_path / "deck.pptx"
        save_deck(path, slides, style, nothing)
        return pptx.Presentation(str(path))

    return save


def pictures_of(slide):
    return [shape for shape in slide.shapes if shape.shape_type == pptx.enum.shapes.MSO_SHAPE_TYPE.PICTURE]


@pytest.mark.parametrize("size", [(160, 90), (161, 90), (152, 104), (90, 160), (100, 100), (1, 1)])
def test_a_picture_covers_its_slide_and_keeps_its_shape(deck, size):
    presentation = deck([DeckSlide(picture(*size))])
    (shape,) = pictures_of(presentation.slides[0])
    assert (shape.left, shape.top) == (0, 0)
    assert (shape.width, shape.height) == (presentation.slide_width, presentation.slide_height)
    assert shape.width / shape.height == pytest.approx(size[0] / size[1], rel=1e-5)


def test_a_picture_of_another_shape_is_shown_whole_in_the_middle(deck):
    presentation = deck([DeckSlide(picture(160, 90)), DeckSlide(picture(90, 90))])
    (shape,) = pictures_of(presentation.slides[1])
    assert shape.width == shape.height == presentation.slide_height
    assert shape.left == (presentation.slide_width - shape.width) // 2


def test_pictures_are_lossless_in_order_and_not_compressed_twice(deck, tmp_path):
    frames = [picture(seed=index) for index in range(3)]
    presentation = deck([DeckSlide(frame) for frame in frames])
    for slide, frame in zip(presentation.slides, frames, strict=True):
        (shape,) = pictures_of(slide)
        assert Image.open(io.BytesIO(shape.image.blob)).tobytes() == to_pillow(frame).tobytes()
    with zipfile.ZipFile(tmp_path / "deck.pptx") as package:
        media = [entry for entry in package.infolist() if entry.filename.startswith("ppt/media/")]
        assert len(media) == 3 and {entry.compress_type for entry in media} == {zipfile.ZIP_STORED}


def test_equal_pictures_stay_on_their_slides(deck):
    frame = picture()
    presentation = deck([DeckSlide(frame), DeckSlide(picture(seed=1)), DeckSlide(frame)])
    blobs = [pictures_of(slide)[0].image.blob for slide in presentation.slides]
    assert blobs[0] == blobs[2] != blobs[1]


def test_slides_carry_title_alternative_text_and_notes(deck):
    slides = [
        DeckSlide(picture(), "One", "A red noise", "Say\nhello"),
        DeckSlide(picture(), "Two"),
        DeckSlide(picture()),
    ]
    first, second, third = deck(slides).slides
    assert first.shapes.title.text_frame.text == "One"
    assert pictures_of(first)[0]._element._nvXxPr.cNvPr.get("descr") == "A red noise"
    assert first.notes_slide.notes_text_frame.text == "Say\nhello"
    assert pictures_of(second)[0]._element._nvXxPr.cNvPr.get("descr") == "Two"
    assert not second.has_notes_slide
    assert third.shapes.title is None


def test_the_hidden_title_lies_wholly_off_the_slide(deck):
    title = deck([DeckSlide(picture(), "One")]).slides[0].shapes.title
    assert title.top + title.height <= 0


def test_the_picture_lies_behind_everything_else(deck):
    slide = deck([DeckSlide(picture(), "One")]).slides[0]
    assert next(iter(slide.shapes)).shape_type == pptx.enum.shapes.MSO_SHAPE_TYPE.PICTURE


@pytest.mark.parametrize(("shade", "ink"), [(0.0, "FFFFFF"), (1.0, "111827")])
def test_slide_numbers_are_fields_in_a_readable_color(deck, shade, ink):
    slide = deck([DeckSlide(torch.full((90, 160, 3), shade))] * 2).slides[1]
    field = slide.element.find(".//{*}fld")
    assert field.get("type") == "slidenum" and field.find("{*}t").text == "2"
    assert field.find(".//{*}srgbClr").get("val") == ink
    assert slide.element.find(".//{*}ph[@type='sldNum']") is not None


def test_a_slide_number_beside_a_dark_picture_is_dark(deck):
    """A square picture on a wide slide leaves white at the sides, and there the number stands."""
    slides = deck([DeckSlide(torch.zeros((90, 160, 3))), DeckSlide(torch.zeros((90, 90, 3)))]).slides
    assert [slide.element.find(".//{*}fld//{*}srgbClr").get("val") for slide in slides] == ["FFFFFF", "111827"]


def test_slide_numbers_can_be_left_out(deck):
    slide = deck([DeckSlide(picture())], DeckStyle("Doc", numbers=False)).slides[0]
    assert slide.element.find(".//{*}fld") is None


def test_shape_ids_are_unique_on_every_slide(deck):
    for slide in deck([DeckSlide(picture(), "One", notes="n")] * 2).slides:
        ids = [element.get("id") for element in slide.element.iter("{*}cNvPr")]
        assert len(ids) == len(set(ids))


def test_the_document_says_what_it_is_and_names_no_stranger(deck, tmp_path):
    properties = deck([DeckSlide(picture())], DeckStyle("Northern Lights")).core_properties
    assert (properties.title, properties.author, properties.last_modified_by) == ("Northern Lights", "", "")
    with zipfile.ZipFile(tmp_path / "deck.pptx") as package:
        assert "Lectern" in package.read("docProps/app.xml").decode()
        assert Image.open(io.BytesIO(package.read("docProps/thumbnail.jpeg"))).size == (160, 90)
        assert not [name for name in package.namelist() if "printer" in name]


def test_layouts_fit_the_deck_for_slides_added_later(deck):
    presentation = deck([DeckSlide(picture(160, 90))])
    for layout in presentation.slide_layouts:
        for shape in layout.placeholders:
            assert 0 <= shape.left <= shape.left + shape.width <= presentation.slide_width
            assert shape.top + shape.height <= presentation.slide_height


@pytest.mark.parametrize("title", ["<b>&amp;\"'", "x\x0by\x00z", "two\nlines", "\ud800", "日本語"])
def test_odd_texts_make_a_deck_that_opens(deck, title):
    slide = deck([DeckSlide(picture(), f"T {title}", title, title)], DeckStyle(title)).slides[0]
    wanted = " ".join(re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]", "", f"T {title}").split())
    assert slide.shapes.title.text_frame.text == wanted


def test_cancel_in_the_middle_leaves_no_file(tmp_path):
    class Cancelled(BaseException):
        pass

    def cancel() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        save_deck(tmp_path / "deck.pptx", [DeckSlide(picture())] * 2, DeckStyle(), cancel)
    assert list(tmp_path.iterdir()) == []


def test_an_older_deck_survives_a_failure(tmp_path):
    (tmp_path / "deck.pptx").write_bytes(b"old")

    def full_disk() -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(SaveError, match="No space left on device"):
        save_deck(tmp_path / "deck.pptx", [DeckSlide(picture())], DeckStyle(), full_disk)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"old"]


def test_a_folder_that_cannot_be_written_is_a_clear_error():
    with pytest.raises(SaveError, match="could not be written to /proc/self"):
        save_deck(Path("/proc/self/deck.pptx"), [DeckSlide(picture())], DeckStyle(), nothing)


def test_the_file_has_ordinary_permissions(deck, tmp_path):
    deck([DeckSlide(picture())])
    assert (tmp_path / "deck.pptx").stat().st_mode & 0o777 in (0o644, 0o664, 0o640, 0o600)
