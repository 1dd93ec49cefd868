"""Where pictures and things land on a slide."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lectern.slides.geometry import ANCHORS, FITS, Box, Size, fit, format_size, percent, place, slide_emu


@pytest.mark.parametrize(
    ("name", "short_side", "expected"),
    [
        ("16:9", 1080, (1920, 1080)),
        ("16:9", 720, (1280, 720)),
        ("4:3", 1080, (1440, 1080)),
        ("16:10", 1200, (1920, 1200)),
        ("1:1", 1080, (1080, 1080)),
        ("9:16", 1080, (1080, 1920)),
        ("A4", 210, (297, 210)),
        ("16:9", 719, (1278, 719)),
    ],
)
def test_format_gives_exact_pixels(name, short_side, expected):
    assert format_size(name, short_side) == expected


@pytest.mark.parametrize(
    ("size", "emu"),
    [
        ((1920, 1080), (12192000, 6858000)),  # PowerPoint's widescreen
        ((1280, 720), (12192000, 6858000)),
        ((3840, 2160), (12192000, 6858000)),
        ((1440, 1080), (9144000, 6858000)),  # PowerPoint's standard 4:3
        ((1080, 1920), (6858000, 12192000)),
        ((1000, 1000), (6858000, 6858000)),
        ((1216, 832), (10023231, 6858000)),  # a usual SDXL size, which integer inches would cut
        ((20000, 1000), (51206400, 2560320)),  # the longest side PowerPoint opens is 56 inches
    ],
)
def test_slide_has_powerpoints_size_for_the_pictures_shape(size, emu):
    assert slide_emu(Size(*size)) == emu


@pytest.mark.parametrize(
    ("source", "mode", "anchor", "crop", "target"),
    [
        ((1024, 1024), "cover", "center", (0, 224, 1024, 576), (0, 0, 1920, 1080)),
        ((1024, 1024), "cover", "top", (0, 0, 1024, 576), (0, 0, 1920, 1080)),
        ((1024, 1024), "cover", "bottom", (0, 448, 1024, 576), (0, 0, 1920, 1080)),
        ((3000, 1080), "cover", "left", (0, 0, 1920, 1080), (0, 0, 1920, 1080)),
        ((3000, 1080), "cover", "right", (1080, 0, 1920, 1080), (0, 0, 1920, 1080)),
        ((1024, 1024), "contain", "center", (0, 0, 1024, 1024), (420, 0, 1080, 1080)),
        ((1024, 1024), "contain", "left", (0, 0, 1024, 1024), (0, 0, 1080, 1080)),
        ((1024, 1024), "contain", "bottom right", (0, 0, 1024, 1024), (840, 0, 1080, 1080)),
        ((100, 50), "stretch", "center", (0, 0, 100, 50), (0, 0, 1920, 1080)),
    ],
)
def test_fit(source, mode, anchor, crop, target):
    plan = fit(Size(*source), Size(1920, 1080), mode, anchor)
    assert plan.crop == pytest.approx(crop)
    assert plan.target == Box(*target)


SIDES = st.integers(1, 8000)


@given(SIDES, SIDES, SIDES, SIDES, st.sampled_from(FITS), st.sampled_from(sorted(ANCHORS)))
def test_fit_stays_inside_picture_and_slide(source_width, source_height, width, height, mode, anchor):
    plan = fit(Size(source_width, source_height), Size(width, height), mode, anchor)
    left, top, crop_width, crop_height = plan.crop
    assert left >= -1e-6 and top >= -1e-6
    assert left + crop_width <= source_width + 1e-6 and top + crop_height <= source_height + 1e-6
    assert plan.target.clipped(Size(width, height)) == plan.target
    assert plan.target.width >= 1 and plan.target.height >= 1
    if mode in ("cover", "stretch"):
        assert plan.target == Box(0, 0, width, height)


@pytest.mark.parametrize(
    ("anchor", "corner"),
    [
        ("top left", (50, 50)),
        ("top", (860, 50)),
        ("top right", (1670, 50)),
        ("left", (50, 490)),
        ("center", (860, 490)),
        ("right", (1670, 490)),
        ("bottom left", (50, 930)),
        ("bottom", (860, 930)),
        ("bottom right", (1670, 930)),
    ],
)
def test_place_keeps_the_margin(anchor, corner):
    box = place(Size(200, 100), Size(1920, 1080), anchor, margin=50)
    assert (box.left, box.top) == corner


def test_percent_is_of_the_shorter_side():
    assert percent(5, Size(1920, 1080)) == percent(5, Size(1080, 1920)) == 54


def test_clipped_box_outside_has_no_area():
    assert Box(100, 100, 10, 10).clipped(Size(50, 50)).width == 0
