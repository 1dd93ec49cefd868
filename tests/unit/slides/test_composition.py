"""Titles with points, tiles, blend modes, badges, levels and logos."""

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lectern.errors import ImageError, LengthError, TextError
from lectern.slides.badges import BADGES, Badge
from lectern.slides.colors import Rgb
from lectern.slides.fonts import FontBook
from lectern.slides.geometry import ANCHORS, Box, Size
from lectern.slides.lettering import Look, Writer, lay_out
from lectern.slides.logos import LogoLook, LogoPress, logos_with_alpha
from lectern.slides.numbering import Numbering, number_paths, number_texts
from lectern.slides.passages import title_passages, watermark_texts
from lectern.slides.stamps import BLENDS, Stamp, blend_
from lectern.slides.tiling import Tiling, spots
from lectern.slides.type import Font, Part

SLIDE = Size(640, 360)
BOOK = FontBook()


def title(text="Title", subtitle="", body=""):
    return title_passages(1, [text], [subtitle], [body])[0]


def laid(passage, anchor="left", size=12.0):
    return lay_out(passage, SLIDE, Look(anchor, size, 5, "auto"), Font(BOOK, "", True))


def written(text, ground=0.0, **look):
    frame = torch.full((360, 640, 3), ground)
    values = {"anchor": "center", "size": 10.0, "margin": 5.0, "color": "#ffffff"} | look
    Writer(Look(**values), Font(BOOK, "", False)).write_(frame, text)
    return frame


def test_parts_stand_under_each_other_and_smaller():
    lines = laid(title("Title", "Subtitle", "One\nTwo")).lines
    texts = ["".join(run.text for run in line.runs) for line in lines]
    assert texts == ["Title", "Subtitle", "•", "One", "•", "Two"]
    assert [line.baseline for line in lines] == sorted(line.baseline for line in lines)
    sizes = [line.pixels for line in lines]
    assert sizes[1] == pytest.approx(0.45 * sizes[0], abs=1) and sizes[2] == pytest.approx(0.42 * sizes[0], abs=1)


def test_a_title_alone_is_set_as_before():
    assert laid(title("A title")) == laid("A title")


def test_points_hang_behind_their_bullets_even_when_centred():
    lines = laid(title(body="- " + "many words " * 12 + "\n* two"), "center").lines[1:]
    bullets = [line for line in lines if line.runs[0].text == "•"]
    texts = [line for line in lines if line.runs[0].text != "•"]
    assert len(bullets) == 2 and len(texts) >= 3
    assert len({line.left for line in texts}) == 1 and texts[0].left > bullets[0].left + bullets[0].width
    assert len({line.room for line in lines}) == 1


def test_points_from_right_to_left_mirror():
    bullet, text = laid(title(body="שלום")).lines[1:]
    assert bullet.left > text.left and bullet.left + bullet.width == pytest.approx(bullet.room)


def test_parts_shrink_together():
    roomy, full = laid(title(body="word")), laid(title(body="several words on a line\n" * 13))
    assert full.pixels < roomy.pixels and full.height <= 360 - 36
    ratios = [setting.lines[-1].pixels / setting.pixels for setting in (roomy, full)]
    assert ratios[0] == pytest.approx(ratios[1], abs=0.05)


@pytest.mark.parametrize(
    ("passage", "parts"), [(title("", "Only a subtitle"), 1), (title("\x07", "", "a"), 2), (title(" "), 0)]
)
def test_empty_parts_take_no_room(passage, parts):
    frame = torch.zeros((360, 640, 3))
    Writer(Look("left", 10, 5, "auto"), Font(BOOK, "", True)).write_(frame, passage)
    assert bool(frame.any()) == bool(parts)
    assert not parts or len(laid(passage).lines) == parts


@pytest.mark.parametrize(
    ("lists", "said"),
    [((["a"] * 3, [], []), "3 titles for 2"), (([], ["a"] * 3, []), "3 subtitles for 2"),
     (([], [], ["a"] * 3), "3 body texts for 2")],
)  # fmt: skip
def test_another_number_of_texts_is_named(lists, said):
    with pytest.raises(LengthError, match=said):
        title_passages(2, *lists)


def test_the_veil_judges_the_whole_block():
    """Dark behind the title and bright behind the points: the title alone needs no veil, the block does."""
    for passage, veiled in (((Part("Title"),), False), (title("Title", "", "a b c\n" * 5), True)):
        frame = torch.zeros((360, 640, 3))
        frame[120:] = 1.0
        pen = Writer(Look("top left", 12, 5, "auto", scrim=True, alike=True), Font(BOOK, "", True))
        pen.match_([frame], [passage])
        pen.write_(frame, passage)
        assert bool(frame[2, 2].max() > 0 or frame[130, 2].min() < 1) == veiled


def test_templates_know_the_slide():
    texts = watermark_texts(2, ["{section}: {title} {n}/{total}"], ["A", "B"], ["Intro"])
    assert texts == ["Intro: A 1/2", "Intro: B 2/2"]
    with pytest.raises(LengthError, match="3 sections for 2"):
        watermark_texts(2, ["x"], [], ["a"] * 3)


@given(
    st.integers(4, 200), st.integers(4, 100), st.floats(0, 60), st.booleans(), st.floats(-180, 180),
    st.sampled_from([SLIDE, Size(200, 900), Size(3, 3)]),
)  # fmt: skip
@example(4, 4, 44.0, False, -49.0, SLIDE)
@settings(deadline=None, max_examples=60)
def test_tiles_cover_the_slide_without_holes(width, height, spacing, stagger, rotation, slide):
    thing = Size(width, height)
    found = spots(thing, thing, Box(10, 10, width, height), slide, Tiling(spacing, stagger, rotation))
    gap = round(min(slide) * spacing / 100)
    reach = (max(8, width + gap) ** 2 + max(8, height + gap) ** 2) ** 0.5
    if not found:
        assert max(slide) < reach
        return
    centers = torch.tensor(found).float() + torch.tensor([width / 2, height / 2])
    # No point of the plane is further than half a reach from a tile. A corner has tiles on one side only: the largest
    # circle in its quarter disc has to hold one, and that circle is 1 + sqrt(2) times smaller than the disc.
    reach = reach / 2 * (1 + 2**0.5) + (width**2 + height**2) ** 0.5
    for x, y in ((0, 0), (slide.width, 0), (slide.width / 2, slide.height / 2), (0, slide.height)):
        nearest = (centers - torch.tensor([x, y])).norm(dim=1).min()
        assert nearest <= reach
    assert len(set(found)) == len(found)


def test_rows_are_staggered_on_request():
    thing, first = Size(40, 20), Box(0, 0, 40, 20)
    columns = {
        stagger: {left for left, _ in spots(thing, thing, first, SLIDE, Tiling(10, stagger))}
        for stagger in (False, True)
    }
    assert len(columns[True]) > 1.8 * len(columns[False])


def test_a_tiled_text_stands_everywhere_and_is_drawn_once(monkeypatch):
    from lectern.slides import lettering

    calls = []
    draw = lettering.draw
    monkeypatch.setattr(lettering, "draw", lambda *a: calls.append(a) or draw(*a))
    frame = written("x", tiling=Tiling(4, True))
    assert all(frame[y : y + 90, x : x + 160].max() > 0.9 for y in range(0, 360, 90) for x in range(0, 640, 160))
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("mode", "expected"), [("normal", 0.6), ("multiply", 0.12), ("screen", 0.68), ("overlay", 0.24)]
)
def test_blend_modes(mode, expected):
    frame = torch.full((600, 4, 3), 0.2)  # higher than a band
    blend_(frame, Stamp(torch.ones((600, 2)), 0, 0), Rgb(0.6, 0.6, 0.6), 1.0, mode)
    assert frame[:, :2].sub(expected).abs().max() < 1e-6 and frame[:, 2:].eq(0.2).all()
    clear = torch.tensor([[[0.2, 0.2, 0.2, 0.0]]])
    blend_(clear, Stamp(torch.ones((1, 1)), 0, 0), Rgb(0.6, 0.6, 0.6), 1.0, mode)
    assert clear[0, 0].tolist() == pytest.approx([0.6, 0.6, 0.6, 1.0])  # nothing to mix with


@pytest.mark.parametrize("mode", BLENDS)
@pytest.mark.parametrize("channels", [3, 4])
def test_every_mode_stays_in_range(mode, channels):
    frame = torch.rand((20, 20, channels), generator=torch.Generator().manual_seed(1))
    paint = torch.rand((10, 10, 4), generator=torch.Generator().manual_seed(2))
    blend_(frame, Stamp(torch.rand((10, 10)), 15, -3, paint), Rgb(0.9, 0.1, 0.5), 0.7, mode)
    assert frame.min() >= 0 and frame.max() <= 1 and frame.isfinite().all()


def test_offsets_move_by_percent_of_the_slide():
    still, moved = written("x"), written("x", offset=(10.0, -20.0))
    assert torch.equal(torch.roll(still, (-72, 64), (0, 1)), moved)


@pytest.mark.parametrize(
    ("levels", "paths"),
    [
        ([1, 2, 2, 1], ["1", "1.1", "1.2", "2"]),
        ([1, 2, 3, 3, 2, 1, 2], ["1", "1.1", "1.1.1", "1.1.2", "1.2", "2", "2.1"]),
        ([0, 1, 0, 2], ["", "1", "", "1.1"]),
        ([3, 3, 1], ["1.1.1", "1.1.2", "2"]),
        ([1, 1, 1], ["1", "2", "3"]),
    ],
)
def test_levels_give_paths(levels, paths):
    assert number_paths(levels, 1) == paths


def test_paths_by_style_or_placeholder():
    levels = ("1", "2", "2", "1")
    assert number_texts(4, Numbering("1.2.3", "{n} of {total}", 3, 1, levels)) == ["", "3.1 of 4", "3.2 of 4", "4 of 4"]
    assert number_texts(4, Numbering("I", "{path} ({n}/{total})", 1, 0, levels))[2] == "1.2 (III/IV)"
    assert number_texts(2, Numbering("1.2.3", "{n}", 1, 0)) == ["1", "2"]


@pytest.mark.parametrize("level", ["x", "-1", "10", "1.5", "", "９", "9" * 5000])
def test_a_wrong_level_is_named(level):
    with pytest.raises(TextError, match="whole number from 0 to 9"):
        number_texts(2, Numbering("1.2.3", "{n}", 1, 0, ("1", level)))


def test_levels_for_another_number_of_pictures():
    with pytest.raises(LengthError, match="2 levels for 3 pictures"):
        number_texts(3, Numbering("1", "{n}", 1, 0, ("1", "2")))


@pytest.mark.parametrize("shape", [shape for shape in BADGES if shape != "none"])
@pytest.mark.parametrize("anchor", ANCHORS)
def test_a_badge_stands_at_its_anchor_with_the_number_in_its_middle(shape, anchor):
    frame = written("12", anchor=anchor, badge=Badge(shape, "#ff0000"), color="#0000ff")
    red, blue = ((frame[..., channel] > 0.5).nonzero() for channel in (0, 2))
    for axis, slide in ((0, 360), (1, 640)):
        low, high = int(red[:, axis].min()), int(red[:, axis].max())
        assert low >= 17 and high <= slide - 18
        share = ANCHORS[anchor][1 - axis]
        assert low + share * (high - low) == pytest.approx(18 + share * (slide - 36), abs=2)
        assert (blue[:, axis].min() + blue[:, axis].max()) / 2 == pytest.approx((low + high) / 2, abs=2)


@pytest.mark.parametrize(("ground", "badge", "text"), [(0.0, 1.0, 0.15), (1.0, 0.15, 1.0)])
def test_a_badge_contrasts_with_the_picture_and_its_number_with_it(ground, badge, text):
    frame = written("8", ground, badge=Badge("circle", "auto"), color="auto")
    middle = frame[150:210, 290:350].mean(2)
    assert (middle.max() > 0.9) and middle.min() < 0.2
    assert frame[162, 320].mean() == pytest.approx(badge, abs=0.15) and text != badge


def logo(width=40, height=20):
    """Red, its right half clear with a green nobody should see."""
    picture = torch.zeros((1, height, width, 4))
    picture[..., : width // 2, 0] = picture[..., : width // 2, 3] = 1
    picture[..., width // 2 :, 1] = 1
    return picture


def look(**changes):
    values = {
        "anchor": "top left", "size": 50.0, "margin": 0.0, "opacity": 1.0, "rotation": 0.0, "offset": (0.0, 0.0),
        "blend": "normal", "recolor": False,
    }  # fmt: skip
    return LogoLook(**(values | changes))


def pressed(ground=0.0, mask=(), channels=3, **changes):
    frame = torch.full((100, 200, channels), ground)
    LogoPress(logos_with_alpha([logo()], mask, 1), look(**changes)).press_(frame, 0)
    return frame


def test_a_logo_keeps_its_colours_and_hides_what_is_clear():
    frame = pressed()
    assert frame[12, 10].tolist() == pytest.approx([1, 0, 0], abs=1e-3)
    assert frame[..., 1].max() < 1e-3  # the hidden green does not bleed into the edge
    assert frame[25:].eq(0).all() and frame[:, 50:].eq(0).all()


@pytest.mark.parametrize("anchor", ANCHORS)
@pytest.mark.parametrize("rotation", [0.0, 30.0, 90.0])
def test_a_logo_stands_inside_the_margins(anchor, rotation):
    frame = pressed(anchor=anchor, rotation=rotation, margin=10.0)
    assert frame[12:88, 12:188].max() > 0.9
    assert not any(edge.any() for edge in (frame[:9], frame[91:], frame[:, :9], frame[:, 191:]))


def test_a_mask_is_what_load_image_gives():
    assert pressed(mask=[torch.ones((1, 20, 40))]).eq(0).all()
    assert torch.equal(pressed(mask=[torch.zeros((1, 64, 64))]), pressed())


def test_a_plain_logo_takes_the_colour_that_shows():
    for ground, expected in ((0.0, 1.0), (1.0, 0.1)):
        assert pressed(ground, recolor=True)[12, 10].mean() == pytest.approx(expected, abs=0.02)


def test_a_logo_makes_a_clear_picture_solid_under_it_only():
    frame = pressed(channels=4)
    assert frame[12, 10, 3] == pytest.approx(1) and frame[60, 100, 3] == 0


def test_a_logo_is_scaled_once_for_each_size(monkeypatch):
    from lectern.slides import logos

    calls = []
    prepare = logos.prepare
    monkeypatch.setattr(logos, "prepare", lambda *a: calls.append(a) or prepare(*a))
    press = LogoPress(logos_with_alpha([logo()], [], 4), look(tiling=Tiling(10, True)))
    for number, height in enumerate((90, 90, 120, 90)):
        press.press_(torch.zeros((height, 160, 3)), number)
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("logos", "masks", "said"),
    [([logo()] * 2, [], "2 logos for 3 pictures"), ([logo()], [torch.ones((2, 4, 4))], "2 masks for 1 logo")],
)
def test_lengths_that_differ_are_named(logos, masks, said):
    with pytest.raises(LengthError, match=said):
        logos_with_alpha(logos, masks, 3)


def test_a_mask_of_another_shape_is_named():
    with pytest.raises(ImageError, match=r"\(batch, height, width\)"):
        logos_with_alpha([logo()], [torch.ones((1, 2, 3, 4))], 1)


def test_the_input_logo_is_left_alone():
    picture = logo()
    before = picture.clone()
    LogoPress(logos_with_alpha([picture], [], 1), look(rotation=20.0)).press_(torch.zeros((50, 50, 3)), 0)
    assert torch.equal(picture, before)
