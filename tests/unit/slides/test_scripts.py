"""Which font writes what, in which direction, and emoji."""

import random
import time
from pathlib import Path

import pytest
import torch
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from hypothesis import given
from hypothesis import strategies as st

from lectern.errors import FontError, LecternError, TextError
from lectern.slides.fontfiles import Face, faces_in
from lectern.slides.fonts import BUNDLED, FontBook
from lectern.slides.inking import draw
from lectern.slides.lettering import Look, Writer
from lectern.slides.runs import bidi_levels, is_rtl, split_runs, visual_runs
from lectern.slides.scripts import clusters, is_emoji, unlikeliness
from lectern.slides.stamps import stamp_of
from lectern.slides.type import Font, set_text

DEVANAGARI, THAI = "\u0915\u0916", "\u0e01\u0e02"
HEBREW = "\u05e9\u05dc"
FAMILY, THUMB, FLAG, HEART, KEYCAP = "👨‍👩‍👧‍👦", "👍🏽", "🇩🇪", "❤️", "1️⃣"


def font_file(path: Path, family: str, letters: str, side: int = 500, weights: bool = False) -> Path:
    """A font whose letters are all the same square of `side` units (1000 to the em)."""
    names = [".notdef", *(f"u{ord(letter):04X}" for letter in letters)]
    pen = TTGlyphPen(None)
    pen.moveTo((50, 0))
    for point in ((50, side), (50 + side, side), (50 + side, 0)):
        pen.lineTo(point)
    pen.closePath()
    glyph = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(letter): name for letter, name in zip(letters, names[1:], strict=True)})
    builder.setupGlyf(dict.fromkeys(names, glyph))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (600, 50)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2(sTypoAscender=800, sTypoDescender=-200)
    builder.setupPost()
    if weights:
        builder.setupFvar([("wght", 300, 400, 600, "Weight")], [])
        builder.setupGvar({name: [] for name in names})
    builder.save(path)
    return path


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        (FAMILY + "a", [FAMILY, "a"]),
        (THUMB + THUMB, [THUMB, THUMB]),
        ("🇩🇪🇫🇷", ["🇩🇪", "🇫🇷"]),
        (HEART + KEYCAP, [HEART, KEYCAP]),
        ("e\u0323\u0301x", ["e\u0323\u0301", "x"]),
        ("", []),
    ],
)
def test_what_belongs_together_is_one_sign(text, signs):
    assert clusters(text) == signs


@given(st.text(max_size=40))
def test_signs_lose_nothing(text):
    assert "".join(clusters(text)) == text


@pytest.mark.parametrize(
    ("sign", "emoji"),
    [("😀", True), (FAMILY, True), (FLAG, True), (HEART, True), ("❤", False), ("❤\ufe0e", False), (KEYCAP, True),
     ("1", False), ("©", False), ("⭐", True), ("日", False), ("한", False)],
)  # fmt: skip
def test_signs_that_are_shown_in_colour(sign, emoji):
    assert is_emoji(sign) == emoji


def face(family: str) -> Face:
    return Face(Path(f"{family}.ttf"), 0, family, 400, False)


@pytest.mark.parametrize(
    ("script", "families"),
    [
        ("devanagari", ["Noto Sans Devanagari", "Noto Sans Devanagari UI", "Noto Serif Devanagari", "Noto Sans Mono"]),
        ("arabic", ["Noto Sans Arabic", "Noto Naskh Arabic", "DejaVu Sans", "Noto Kufi Arabic", "DejaVu Sans Mono"]),
        ("arabic", ["Noto Naskh Arabic", "Noto Nastaliq Urdu"]),
        ("thai", ["Noto Sans Thai", "Noto Serif Thai", "Noto Sans Thai Looped"]),
        ("cjk", ["Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Serif CJK JP", "Noto Sans Mono CJK JP"]),
    ],
)
def test_the_font_made_for_a_script_comes_first(script, families):
    shuffled = [face(family) for family in reversed(families)]
    ranked = sorted(shuffled, key=lambda one: unlikeliness(one, script, "jp"))
    assert [one.family for one in ranked] == families


def test_every_script_finds_its_own_font_among_others(tmp_path):
    font_file(tmp_path / "a.ttf", "Noto Serif Devanagari", DEVANAGARI + THAI)
    font_file(tmp_path / "b.ttf", "Noto Sans Devanagari", DEVANAGARI)
    font_file(tmp_path / "c.ttf", "Noto Sans Thai", THAI)
    faces = FontBook([tmp_path]).faces(f"ab {DEVANAGARI} {THAI}", "", bold=False)
    assert [one.family for one in faces] == ["Inter", "Noto Sans Devanagari", "Noto Sans Thai"]


def test_nearer_folders_come_before_better_names(tmp_path):
    for name in ("near", "far"):
        (tmp_path / name).mkdir()
    font_file(tmp_path / "near" / "a.ttf", "House", THAI)
    font_file(tmp_path / "far" / "b.ttf", "Noto Sans Thai", THAI)
    book = FontBook([tmp_path / "near", tmp_path / "far"])
    assert [one.family for one in book.faces(THAI, "", bold=False)] == ["Inter", "House"]


def test_a_font_of_boxes_for_everything_is_no_fallback(tmp_path):
    font_file(tmp_path / "a.ttf", "LastResort", "\U000f1234")
    with pytest.raises(FontError, match=r"U\+F1234"):
        FontBook([tmp_path]).faces("\U000f1234", "", bold=False)


def test_a_variable_font_has_regular_and_bold_as_far_as_its_axis_goes(tmp_path):
    file = font_file(tmp_path / "v.ttf", "Vary", "ab", weights=True)
    assert [(one.weight, one.variation) for one in faces_in(file)] == [(400, (400,)), (600, (600,))]
    book = FontBook([tmp_path])
    assert book.find("vary", bold=True).variation == (600,)
    assert draw(set_text("ab", Font(book, "vary", True), 40, 20, 400, 200), 0).mask.getbbox()


@pytest.mark.parametrize("damage", ["cut", "zeros", "cmap", "woff", "text"])
def test_a_damaged_font_is_passed_over(tmp_path, damage):
    file = font_file(tmp_path / "bad.ttf", "Bad", THAI)
    data = file.read_bytes()
    at = data.index(b"cmap") + 8  # the table's offset in the directory
    damaged = {
        "cut": data[: len(data) // 2],
        "zeros": data[:200] + bytes(len(data) - 200),
        "cmap": data[:at] + b"\x7f\xff\xff\xf0" + data[at + 4 :],
        "woff": b"wOFF" + data[4:],
        "text": b"hello",
    }
    file.write_bytes(damaged[damage])
    assert FontBook([tmp_path]).faces("Fine", "", bold=False)[0].path.parent == BUNDLED


def test_a_randomly_damaged_font_works_or_is_named(tmp_path):
    """Bytes changed at random: every outcome is a drawing or a sentence, never another exception."""
    whole = font_file(tmp_path / "whole.ttf", "Whole", "abc").read_bytes()
    outcomes = set()
    for seed in range(150):
        chance = random.Random(seed)
        data = bytearray(whole)
        for _ in range(chance.choice((1, 4, 30))):
            data[chance.randrange(4, len(data))] = chance.randrange(256)
        folder = tmp_path / str(seed)
        folder.mkdir()
        (folder / "harmed.ttf").write_bytes(data)
        if not faces_in(folder / "harmed.ttf"):
            outcomes.add("passed over")
            continue
        try:
            draw(set_text("abc", Font(FontBook([folder]), "harmed", False), 40, 20, 400, 200), 0)
            outcomes.add("drawn")
        except LecternError as error:
            outcomes.add(type(error).__name__)
    assert {"passed over", "drawn", "FontError"} <= outcomes


def test_a_letter_of_monstrous_size_is_an_error_and_takes_no_memory(tmp_path):
    font_file(tmp_path / "huge.ttf", "Huge", "ab", side=32000)
    setting = set_text("ab", Font(FontBook([tmp_path]), "huge", False), 400, 20, 4000, 4000)
    with pytest.raises(FontError, match=r"huge\.ttf cannot be read: letters of"):
        draw(setting, 0)


@pytest.mark.parametrize(
    ("text", "rtl"), [("abc", False), (f"12 {HEBREW}", True), (f"a {HEBREW}", False), ("مرحبا a", True), ("12", False)]
)
def test_the_first_strong_letter_says_the_direction(text, rtl):
    assert is_rtl(text) == rtl


@pytest.mark.parametrize(
    ("text", "rtl", "levels"),
    [
        ("ab 12", False, "00000"),
        (f"a {HEBREW}", False, "0011"),
        (f"{HEBREW} ab", True, "11122"),
        (f"{HEBREW} 12", True, "11122"),
        (f"{HEBREW} 5%", True, "11122"),
        (f"{HEBREW} 1,5", True, "111222"),
        (f"{HEBREW} (a)", True, "111121"),
        (f"a {HEBREW} {HEBREW} b", False, "001111100"),
        ("س 12", True, "1122"),
    ],
)
def test_directions_of_a_mixed_line(text, rtl, levels):
    assert "".join(map(str, bidi_levels(text, rtl))) == levels


def test_pieces_of_a_mixed_line_stand_in_the_order_they_are_read():
    (run,) = split_runs(f"{HEBREW} one 12 {HEBREW}", (FontBook().find("", bold=False),))
    seen = visual_runs([run], rtl=True)
    assert [(one.text, one.rtl) for one in seen] == [(f" {HEBREW}", True), ("one 12", False), (f"{HEBREW} ", True)]


@given(st.text(alphabet="ab 12(%,\u05e9\u05dc\u0633\u0644\u0661", max_size=20), st.booleans())
def test_ordering_never_loses_or_reverses_letters(text, rtl):
    line = split_runs(text, (FontBook().find("", bold=False),)) if text else ()
    assert sorted("".join(run.text for run in visual_runs(line, rtl))) == sorted(text)
    assert all(run.text in text for run in visual_runs(line, rtl))


def drawn(text: str):
    return stamp_of(draw(set_text(text, Font(FontBook(), "", False), 60, 20, 2000, 200), 0), 0, 0)


@pytest.mark.parametrize("sign", ["😀", FAMILY, THUMB, FLAG, HEART, KEYCAP])
def test_an_emoji_has_colours_and_the_width_of_one(sign):
    stamp = drawn(sign)
    assert stamp.paint is not None and stamp.mask.max() == 0
    assert stamp.paint.shape[1] < 80
    solid = stamp.paint[stamp.paint[..., 3] > 200].float()
    colorful = (solid[:, :3].amax(1) - solid[:, :3].amin(1)).max() > 40
    assert len(solid) and (colorful or sign == FAMILY)  # some drawings of a family are grey


def test_letters_beside_an_emoji_keep_the_texts_own_colour():
    frame = torch.zeros((200, 600, 3))
    Writer(Look("center", 20, 2, "#00ff00", opacity=0.5), Font(FontBook(), "", False)).write_(frame, "ab 😀")
    left, right = frame[:, :280], frame[:, 320:]
    assert left[..., 1].max() == pytest.approx(0.5, abs=0.01) and left[..., 0].max() == 0
    assert 0.3 < right[..., 0].max() <= 0.51


@pytest.mark.parametrize(
    "text", ["word " * 4000, "日本語の文章です。" * 2200, "W" * 20000, "x\n" * 10000, "a " * 50000]
)
def test_a_text_far_too_long_is_refused_in_a_moment(text):
    start = time.monotonic()
    with pytest.raises(TextError, match="does not fit its place"):
        set_text(text, Font(FontBook(), "", True), 97, 22, 1690, 950)
    assert time.monotonic() - start < 5


def test_without_a_colour_font_an_emoji_is_drawn_plain(tmp_path, monkeypatch):
    monkeypatch.setattr("lectern.slides.fonts._system_folders", list)
    font_file(tmp_path / "a.ttf", "Signs", "😀")
    ink = draw(set_text("a😀", Font(FontBook([tmp_path]), "", False), 60, 20, 2000, 200), 0)
    assert ink.paint is None and ink.mask.getbbox()


def test_a_font_chosen_by_name_keeps_its_own_emoji(tmp_path):
    font_file(tmp_path / "a.ttf", "Signs", "a😀")
    ink = draw(set_text("a😀", Font(FontBook([tmp_path]), "signs", False), 60, 20, 2000, 200), 0)
    assert ink.paint is None
