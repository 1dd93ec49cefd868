"""Backgrounds, framing and stamps: what happens to pixels."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lectern.errors import ColorError
from lectern.slides.backgrounds import STYLES, background
from lectern.slides.colors import (
    DARK_TEXT,
    LIGHT_TEXT,
    PALETTES,
    Rgb,
    contrast,
    luminance,
    palette_colors,
    palette_from_words,
    parse_color,
    parse_colors,
)
from lectern.slides.fields import Recipe
from lectern.slides.fonts import FontBook
from lectern.slides.framing import frame_images
from lectern.slides.geometry import ANCHORS, FITS, Box, Size
from lectern.slides.lettering import Look, Writer, render
from lectern.slides.stamps import Stamp, behind, blend_, readable_color, scrim, scrim_opacity, worst_contrast
from lectern.slides.type import Font

SMALL = Size(320, 180)


def recipe(**changes):
    values = {
        "style": STYLES[0], "colors": tuple(palette_colors("aurora")), "seed": 1, "variant": "0", "size": SMALL,
    }  # fmt: skip
    return Recipe(**(values | changes))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("size", [SMALL, Size(180, 320), Size(64, 64), Size(500, 20)])
def test_background_is_a_picture_of_the_size_asked_for(style, size):
    frame = background(recipe(style=style, size=size))
    assert frame.shape == (size.height, size.width, 3) and frame.dtype == torch.float32
    assert 0 <= frame.min() < frame.max() <= 1


@pytest.mark.parametrize("style", STYLES)
def test_equal_seeds_give_equal_pixels_and_others_do_not(style):
    first = background(recipe(style=style))
    assert torch.equal(first, background(recipe(style=style)))
    assert not torch.equal(first, background(recipe(style=style, seed=2)))
    assert not torch.equal(first, background(recipe(style=style, variant="1")))


def test_the_largest_seed_works():
    assert background(recipe(seed=2**64 - 1)).isfinite().all()


@pytest.mark.parametrize("name", PALETTES)
def test_a_background_wears_its_palette(name):
    """The average colour lies nearer to its own palette's average than to the palette farthest from it."""
    means = {key: torch.tensor(palette_colors(key)).mean(0) for key in PALETTES}
    average = background(recipe(colors=tuple(palette_colors(name)))).mean((0, 1))
    far = max(means.values(), key=lambda mean: float((mean - means[name]).norm()))
    assert (average - means[name]).norm() < (average - far).norm()


@pytest.mark.parametrize(
    ("words", "palette"),
    [("Deep Ocean currents", "ocean"), ("our FORESTS", "forest"), ("quarterly finance", "graphite"), ("mint", "mint")],
)
def test_words_choose_a_palette(words, palette):
    assert palette_from_words(words) == palette_colors(palette)


def test_unknown_words_get_a_hue_of_their_own_every_time():
    assert palette_from_words("xyzzy") == palette_from_words("XYZZY") != palette_from_words("plugh")


@pytest.mark.parametrize(
    ("text", "color"), [("#fff", (1, 1, 1)), ("#2f6fed", (47 / 255, 111 / 255, 237 / 255)), (" black ", (0, 0, 0))]
)
def test_colors_are_read(text, color):
    assert parse_color(text) == pytest.approx(color)


@pytest.mark.parametrize("text", ["", "blurple", "#12", "#gggggg", "rgb(", "expression(1)"])
def test_what_is_not_a_color_is_named(text):
    with pytest.raises(ColorError, match="is not a colour"):
        parse_color(text)


@pytest.mark.parametrize("text", ["#fff", "red " * 9, ""])
def test_a_palette_has_2_to_8_colors(text):
    with pytest.raises(ColorError, match="2 to 8 colours"):
        parse_colors(text)


@given(
    st.integers(1, 90), st.integers(1, 90), st.integers(1, 90), st.integers(1, 90),
    st.sampled_from(FITS), st.sampled_from(sorted(ANCHORS)), st.sampled_from([3, 4]), st.integers(1, 3),
)  # fmt: skip
@settings(deadline=None, max_examples=150)
def test_framing_gives_the_exact_size_and_leaves_its_input_alone(w, h, width, height, mode, anchor, channels, batch):
    images = torch.rand((batch, h, w, channels), generator=torch.Generator().manual_seed(w * h))
    before = images.clone()
    framed = frame_images(images, Size(width, height), mode, anchor, Rgb(0.2, 0.4, 0.6))
    assert framed.shape == (batch, height, width, channels)
    assert torch.equal(images, before)
    assert framed.min() >= 0 and framed.max() <= 1


def test_contain_fills_the_free_room():
    picture = torch.ones((1, 10, 10, 3))
    colored = frame_images(picture, Size(30, 10), "contain", "left", Rgb(1.0, 0.0, 0.0))
    assert colored[0, 5, 20].tolist() == [1, 0, 0] and colored[0, 5, 5].tolist() == pytest.approx([1, 1, 1])
    clear = frame_images(picture, Size(30, 10), "contain", "right", None)
    assert clear.shape[3] == 4 and clear[0, 5, 5, 3] == 0 and clear[0, 5, 25, 3] == 1


def test_transparent_pixels_do_not_bleed_their_hidden_color():
    picture = torch.zeros((1, 40, 40, 4))
    picture[..., 0] = 1  # red, but invisible
    picture[:, :, 20:] = torch.tensor([0.0, 0.0, 1.0, 1.0])
    framed = frame_images(picture, Size(20, 20), "stretch", "center", None)
    seen = framed[..., 3] > 0.05
    assert framed[..., 0][seen].max() < 1e-3


def test_a_stamp_changes_only_its_box_and_is_cut_at_the_edge():
    frame = torch.zeros((20, 20, 3))
    blend_(frame, Stamp(torch.ones((10, 10)), left=15, top=-5), Rgb(1.0, 1.0, 1.0), opacity=0.5)
    assert frame[:5, 15:].eq(0.5).all()
    frame[:5, 15:] = 0
    assert frame.eq(0).all()


def test_a_stamp_off_the_picture_does_nothing():
    frame = torch.zeros((4, 4, 3))
    blend_(frame, Stamp(torch.ones((2, 2)), left=9, top=9), LIGHT_TEXT, 1.0)
    assert frame.eq(0).all()


def test_ink_on_a_transparent_picture_is_opaque_ink():
    frame = torch.zeros((4, 4, 4))
    blend_(frame, Stamp(torch.ones((2, 2)), 0, 0), Rgb(1.0, 0.5, 0.0), opacity=1.0)
    assert frame[0, 0].tolist() == [1.0, 0.5, 0.0, 1.0] and frame[3, 3, 3] == 0


def test_half_ink_on_half_alpha_is_the_over_operator():
    frame = torch.tensor([[[0.0, 0.0, 1.0, 0.5]]])
    blend_(frame, Stamp(torch.ones((1, 1)), 0, 0), Rgb(1.0, 0.0, 0.0), opacity=0.5)
    assert frame[0, 0].tolist() == pytest.approx([2 / 3, 0, 1 / 3, 0.75])


@pytest.mark.parametrize(("shade", "color"), [(0.0, LIGHT_TEXT), (0.3, LIGHT_TEXT), (0.7, DARK_TEXT), (1.0, DARK_TEXT)])
def test_text_takes_the_readable_color(shade, color):
    assert readable_color(behind(torch.full((20, 20, 3), shade), Box(2, 2, 10, 10))) == color


def test_wcag_black_on_white():
    assert contrast(luminance(Rgb(0.0, 0.0, 0.0)), luminance(LIGHT_TEXT)) == pytest.approx(21)


def test_a_scrim_appears_only_where_text_is_hard_to_read_and_then_suffices():
    dark = torch.full((100,), 0.02)
    assert scrim_opacity(dark, LIGHT_TEXT) == 0
    mixed = torch.linspace(0, 1, 100)
    opacity = scrim_opacity(mixed, LIGHT_TEXT)
    assert 0 < opacity < 1
    assert worst_contrast(((mixed ** (1 / 2.2)) * (1 - opacity)) ** 2.2, LIGHT_TEXT) >= 4.5


def test_a_scrim_is_full_on_its_box_and_fades_around_it():
    stamp = scrim(Box(10, 10, 20, 10), reach=5)
    assert stamp.mask.shape == (20, 30) and (stamp.left, stamp.top) == (5, 5)
    assert stamp.mask[5:15, 5:25].eq(1).all() and stamp.mask[0, 0] == 0


def writer(**look):
    values = {"anchor": "bottom left", "size": 10.0, "margin": 5.0, "color": "auto"} | look
    return Writer(Look(**values), Font(FontBook(), "", bold=True))


def ink(frame):
    """Bounding box of what differs from black: left, top, right, bottom."""
    rows, columns = frame.amax(2).gt(0.1).nonzero(as_tuple=True)
    return int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())


@pytest.mark.parametrize("anchor", ANCHORS)
def test_text_stands_at_its_anchor_inside_the_margins(anchor):
    frame = torch.zeros((360, 640, 3))
    writer(anchor=anchor).write_(frame, "Hxx")
    left, top, right, bottom = ink(frame)
    across, down = ANCHORS[anchor]
    assert (left < 213) == (across == 0) and (right > 427) == (across == 1)
    assert (top < 120) == (down == 0) and (bottom > 240) == (down == 1)
    assert left >= 16 and top >= 16 and right < 640 - 16 and bottom < 360 - 16


def test_rotated_text_stays_inside_the_margins():
    frame = torch.zeros((360, 640, 3))
    writer(anchor="top right", rotation=90.0).write_(frame, "Upright")
    left, top, right, bottom = ink(frame)
    assert bottom - top > right - left and right >= 640 - 20 and top <= 20


def test_empty_text_changes_nothing():
    frame = torch.rand((40, 40, 3))
    before = frame.clone()
    writer().write_(frame, "  ")
    assert torch.equal(frame, before)


def test_titles_of_one_deck_share_a_color_unless_that_would_need_a_heavy_veil():
    """Four dark pictures and a mid grey one: white on all; a white picture gets dark text of its own."""
    pen = writer(scrim=True, alike=True)
    frames = [torch.full((360, 640, 3), shade) for shade in (0.1, 0.1, 0.1, 0.1, 0.55, 1.0)]
    pen.match_(frames, ["Title"] * 6)
    for frame in frames:
        pen.write_(frame, "Title")
    assert [float(frame.max()) > 0.95 for frame in frames[:5]] == [True] * 5
    assert frames[4].min() < 0.5  # the veil
    assert frames[5].min() < 0.1 and frames[5][0, 0].eq(1).all()


def test_a_chosen_color_is_never_changed():
    pen = writer(scrim=False, alike=True, color="#ffffff")
    frame = torch.ones((360, 640, 3))
    pen.match_([frame], ["Title"])
    pen.write_(frame, "Title")
    assert frame.eq(1).all()


def test_one_text_is_rendered_once_per_size(monkeypatch):
    calls = []
    monkeypatch.setattr("lectern.slides.lettering.render", lambda *a: calls.append(a) or render(*a))
    pen = writer()
    for height in (90, 90, 120, 90):
        pen.write_(torch.zeros((height, 160, 3)), "© us")
    assert len(calls) == 2
