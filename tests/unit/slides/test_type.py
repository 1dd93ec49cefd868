"""Fonts, line breaks, fitting."""

import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lectern.errors import FontError, TextError
from lectern.slides.breaking import break_pieces
from lectern.slides.fontfiles import coverage
from lectern.slides.fonts import BUNDLED, FontBook
from lectern.slides.inking import draw
from lectern.slides.runs import split_runs
from lectern.slides.type import Font, block_height, clean, set_text

UNASSIGNED = "\U0001fbff\U000e0fff"[1]  # no font has a private plane's unassigned point


def font(bold: bool = True) -> Font:
    return Font(FontBook(), "", bold)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("two words", ["two ", "words"]),
        ("日本語です", ["日", "本", "語", "で", "す"]),
        ("終わり。次", ["終", "わ", "り。", "次"]),  # a full stop never begins a line
        ("「引用」と", ["「引", "用」", "と"]),  # an opening bracket never ends one
        ("한국어 제목", ["한국어 ", "제목"]),  # Korean breaks at spaces
        ("AI时代", ["AI", "时", "代"]),
        ("", []),
    ],
)
def test_lines_may_break(text, pieces):
    assert break_pieces(text) == pieces


@given(st.text(max_size=60))
def test_breaking_loses_nothing(text):
    assert "".join(break_pieces(text)) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a\r\nb\rc", "a\nb\nc"), ("tab\there", "tab here"), ("bell\x07", "bell"), ("e\u0301", "é"), ("\ud800x", "x")],
)
def test_clean(text, expected):
    assert clean(text) == expected


def test_text_keeps_its_largest_size_when_it_fits():
    assert set_text("Short", font(), 90, 20, 1000, 400).pixels == 90


def test_text_shrinks_until_it_fits_and_no_further():
    setting = set_text("A title that is clearly too long for one line", font(), 120, 10, 600, 160)
    assert setting.width <= 600 and setting.height <= 160
    with_one_more = block_height(len(setting.lines), setting.pixels + 1)
    assert setting.pixels < 120 and (with_one_more > 160 or setting.width * (setting.pixels + 1) / setting.pixels > 600)


def test_line_ends_in_the_text_are_kept():
    assert len(set_text("one\ntwo", font(), 40, 10, 1000, 1000).lines) == 2


def test_text_that_cannot_fit_is_an_error():
    with pytest.raises(TextError, match="does not fit"):
        set_text("W" * 300, font(), 40, 30, 200, 100)


def test_drawn_text_has_ink_only_inside_its_mask():
    mask = draw(set_text("Ägjfy,", font(), 60, 20, 1000, 400), align=0).mask
    left, top, right, bottom = mask.getbbox() or (0, 0, 0, 0)
    assert 0 < left < right < mask.width and 0 < top < bottom < mask.height


def test_the_bundled_family_writes_european_languages():
    text = "Größe żółć Ελληνικά Заголовок ñ © – “”"
    assert {face.path.parent for face in FontBook().faces(text, "", bold=True)} == {BUNDLED}


def test_a_character_nobody_has_is_named():
    with pytest.raises(FontError, match=r"U\+E0FFF.*models/fonts"):
        FontBook().faces(f"ok {UNASSIGNED}", "", bold=False)


def test_an_unknown_font_is_named():
    with pytest.raises(FontError, match=r"'Nope Sans'.*models/fonts"):
        FontBook().find("Nope Sans", bold=False)


def test_a_font_dropped_into_a_folder_is_found_by_file_and_family(tmp_path):
    shutil.copy(BUNDLED / "Inter-Regular.ttf", tmp_path / "House Style.ttf")
    book = FontBook([tmp_path])
    assert book.find("house style", bold=False).path == tmp_path / "House Style.ttf"
    assert book.find("INTER", bold=True).path == BUNDLED / "Inter-Bold.ttf"


def test_a_broken_font_file_is_passed_over(tmp_path):
    (tmp_path / "broken.ttf").write_bytes(b"\0\1\0\0 not a font")
    (tmp_path / "empty.ttc").write_bytes(b"")
    assert FontBook([tmp_path]).find("", bold=False).path.parent == BUNDLED


def test_a_mark_stays_with_its_letter():
    face = FontBook().find("", bold=False)
    runs = split_runs("x\u0323\ufe0f y", (face,))
    assert [run.text for run in runs] == ["x\u0323\ufe0f y"]


def test_coverage_is_the_fonts_own_map():
    known = coverage(FontBook().find("", bold=False))
    assert "A" in known and "人" not in known and "\u00e9" in known
