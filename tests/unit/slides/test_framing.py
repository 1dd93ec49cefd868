"""Slide Frame's sizes, fits, focus and filters: what happens to pixels."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lectern.errors import ImageError
from lectern.slides.colors import Rgb
from lectern.slides.framing import AUTO_FOCUS, Finish, frame_images
from lectern.slides.geometry import ANCHORS, FITS, UPSCALES, Size
from lectern.slides.resampling import FILTERS, Resampling, resized
from lectern.slides.sizing import SIZES, Measure, slide_size

RED = Rgb(1.0, 0.0, 0.0)
LIMIT = 16384


def noise(batch: int, height: int, width: int, channels: int = 3):
    generator = torch.Generator().manual_seed(batch * height + width)
    return torch.rand((batch, height, width, channels), generator=generator)


# What PowerPoint's slides are at the resolutions it knows (facts/slides.md, B1).
@pytest.mark.parametrize(
    ("name", "pixels"),
    [
        ("16:9", {96: (1280, 720), 144: (1920, 1080), 150: (2000, 1125), 192: (2560, 1440), 220: (2933, 1650),
                  330: (4400, 2475)}),
        ("4:3", {96: (960, 720), 144: (1440, 1080), 150: (1500, 1125), 192: (1920, 1440), 220: (2200, 1650),
                 330: (3300, 2475)}),
        ("9:16", {144: (1080, 1920)}),
        ("1:1", {144: (1080, 1080)}),
        ("banner", {144: (3240, 1080)}),
    ],
)  # fmt: skip
def test_a_slide_at_a_resolution(name, pixels):
    assert {ppi: slide_size(Measure(name, "ppi", ppi=ppi), LIMIT) for ppi in pixels} == pixels


@pytest.mark.parametrize(
    ("measure", "pixels"),
    [
        (Measure("16:9"), (1920, 1080)),
        (Measure("banner", short_side=500), (1500, 500)),
        (Measure("custom", pixels=Size(1919, 1079)), (1919, 1079)),
        (Measure("custom", "ppi", pixels=Size(1000, 1000), ppi=96), (720, 720)),
        (Measure("custom", "ppi", pixels=Size(5000, 100), ppi=96), (5376, 108)),  # 56 inches are the most
        (Measure("custom", "inches", ppi=300, length=(8.5, 11)), (2550, 3300)),
        (Measure("custom", "cm", ppi=300, length=(29.7, 21.0)), (3508, 2480)),
        (Measure("A4", "cm", ppi=300, length=(29.7, 5.0)), (3508, 2480)),  # a named format keeps its shape
        (Measure("16:9", "inches", ppi=144), (1920, 1080)),
        (Measure("custom", "cm", ppi=24, length=(0.1, 0.1)), (1, 1)),
    ],
)
def test_a_size_is_what_was_asked_for(measure, pixels):
    assert slide_size(measure, LIMIT) == pixels


@pytest.mark.parametrize("by", SIZES)
def test_a_slide_over_the_limit_is_an_error_that_names_it(by):
    huge = Measure("custom", by, pixels=Size(20000, 20000), ppi=1200, length=(500.0, 500.0))
    with pytest.raises(ImageError, match=r"larger than the 2000 that lectern\.toml allows"):
        slide_size(huge, 2000)


@given(
    st.integers(1, 60), st.integers(1, 60), st.integers(1, 60), st.integers(1, 60), st.sampled_from(FITS),
    st.sampled_from([*ANCHORS, AUTO_FOCUS]), st.sampled_from([3, 4]), st.integers(1, 3), st.sampled_from(UPSCALES),
    st.sampled_from(FILTERS), st.booleans(), st.floats(-100, 100), st.floats(-100, 100), st.booleans(),
)  # fmt: skip
@settings(deadline=None, max_examples=250)
def test_every_combination_gives_the_exact_size(
    w, h, width, height, mode, anchor, channels, batch, upscale, kind, light, right, down, clear
):
    images = noise(batch, h, w, channels)
    before = images.clone()
    steps = []
    finish = Finish((right, down), upscale, Resampling(kind, light))
    framed = frame_images(
        images, Size(width, height), mode, anchor, None if clear else RED, finish, lambda: steps.append(1)
    )
    assert framed.shape[:3] == (batch, height, width) and framed.dtype == torch.float32
    assert framed.shape[3] == channels or (clear and framed.shape[3] == 4)
    assert torch.equal(images, before)
    assert framed.min() >= 0 and framed.max() <= 1
    assert len(steps) == batch or (w, h) == (width, height)


@given(st.integers(2, 40), st.integers(2, 40), st.sampled_from(FITS), st.sampled_from(FILTERS), st.booleans())
@settings(deadline=None, max_examples=60)
def test_an_even_alpha_stays_even(w, h, mode, kind, light):
    """A half transparent picture stays exactly that half transparent, and its colour its colour."""
    images = torch.tensor([0.2, 0.6, 0.4, 0.5]).expand(1, h, w, 4)
    framed = frame_images(images, Size(24, 16), mode, "center", None, Finish(resampling=Resampling(kind, light)))
    seen = framed[..., 3] > 0
    assert framed[seen].sub(images[0, 0, 0]).abs().max() < 2e-3
    assert seen.all() or mode == "contain"


@pytest.mark.parametrize(
    ("mode", "anchor", "offset", "left"),
    [
        ("contain", "left", (0, 0), 0),
        ("contain", "left", (50, 0), 10),
        ("contain", "left", (100, 0), 20),
        ("contain", "center", (-50, 0), 0),
        ("contain", "right", (50, 0), 20),  # never off the slide
        ("contain", "left", (0, 100), 0),  # no room that way
    ],
)
def test_an_offset_moves_a_picture_through_its_room(mode, anchor, offset, left):
    framed = frame_images(torch.ones((1, 10, 10, 3)), Size(30, 10), mode, anchor, RED, Finish(offset))
    white = framed[0, 5, :, 1].gt(0.5).nonzero().flatten()
    assert (int(white.min()), len(white)) == (left, 10)


@pytest.mark.parametrize(("offset", "seen"), [(0, 0.5), (50, 0.75), (-50, 0.25), (100, 0.75)])
def test_an_offset_moves_the_part_that_cover_keeps(offset, seen):
    """A ramp from left to right twice as wide as the slide: its middle value tells which part is seen."""
    ramp = torch.linspace(0, 1, 400).expand(1, 200, 400)[..., None].repeat(1, 1, 1, 3)
    framed = frame_images(ramp, Size(100, 100), "cover", "center", None, Finish((offset, 0)))
    assert float(framed.mean()) == pytest.approx(seen, abs=0.005)


@pytest.mark.parametrize(
    ("source", "mode", "upscale", "target"),
    [
        ((10, 8), "cover", "always", (30, 20)),
        ((10, 8), "cover", "never", (10, 8)),
        ((10, 8), "cover", "only if smaller", (30, 20)),
        ((60, 8), "cover", "always", (30, 20)),
        ((60, 8), "cover", "never", (30, 8)),  # cut to the width, not enlarged to the height
        ((60, 8), "cover", "only if smaller", (30, 8)),
        ((60, 40), "cover", "never", (30, 20)),
        ((10, 8), "contain", "never", (10, 8)),
        ((10, 8), "contain", "only if smaller", (25, 20)),
        ((60, 20), "contain", "never", (30, 10)),
        ((10, 40), "stretch", "never", (10, 20)),
        ((10, 40), "stretch", "only if smaller", (10, 20)),
        ((10, 10), "stretch", "only if smaller", (30, 20)),
    ],
)
def test_what_upscale_means(source, mode, upscale, target):
    picture = torch.full((1, source[1], source[0], 3), 1.0)
    framed = frame_images(picture, Size(30, 20), mode, "center", Rgb(0.0, 0.0, 0.0), Finish(upscale=upscale))
    rows, columns = framed[0, ..., 0].gt(0.5).nonzero(as_tuple=True)
    assert (int(columns.max() - columns.min()) + 1, int(rows.max() - rows.min()) + 1) == target


@pytest.mark.parametrize("mode", ["cover", "contain", "blur-fill", "edge-extend"])
@pytest.mark.parametrize("anchor", ["top left", "center", "bottom right"])
def test_a_picture_at_its_own_size_keeps_its_very_pixels(mode, anchor):
    picture = noise(1, 7, 9, 4)
    framed = frame_images(picture, Size(20, 16), mode, anchor, None, Finish(upscale="never"))
    left, top = {"top left": (0, 0), "center": (round(5.5), round(4.5)), "bottom right": (11, 9)}[anchor]
    assert torch.equal(framed[0, top : top + 7, left : left + 9], picture[0])


@pytest.mark.parametrize("width", range(10, 16))
def test_a_cut_without_scaling_keeps_its_very_pixels(width):
    picture = noise(1, 10, 15)
    framed = frame_images(picture, Size(width, 10), "cover", "center", None)
    assert any(torch.equal(framed[0], picture[0, :, at : at + width]) for at in range(16 - width))


def test_edge_extend_continues_the_outermost_pixels():
    picture = noise(1, 10, 10)
    framed = frame_images(picture, Size(30, 20), "edge-extend", "center", RED, Finish(upscale="never"))[0]
    middle = framed[5:15, 10:20]
    assert torch.equal(middle, picture[0])
    assert framed[5:15, :10].eq(middle[:, :1]).all() and framed[5:15, 20:].eq(middle[:, -1:]).all()
    assert framed[:5].eq(framed[5]).all() and framed[15:].eq(framed[14]).all()


def test_blur_fill_lays_the_picture_over_a_blur_of_itself():
    """Left half red, right half blue: the ground has both colours, softly, and no trace of the stripes."""
    picture = torch.zeros((1, 120, 120, 3))
    picture[:, :, :60, 0] = picture[:, :, 60:, 2] = 1
    picture[:, ::4] = 1  # fine white stripes
    framed = frame_images(picture, Size(320, 120), "blur-fill", "center", None)[0]
    assert torch.equal(framed[:, 100:220], picture[0])
    side = framed[:, :96]
    assert side[..., 0].min() > 0.9 and side[..., 2].max() < 0.4
    assert framed[..., 2][:, -90:].min() > 0.9
    assert side.diff(dim=0).abs().max() < 0.04  # from row to row; the stripes jump by 1


def spot(width: int, height: int, x: int, y: int, side: int = 24):
    """A plain picture, softly shaded, with one busy checkered spot around x, y."""
    frame = torch.full((height, width, 3), 0.55)
    frame += torch.linspace(-0.1, 0.1, height)[:, None, None]
    rows, columns = torch.arange(side)[:, None], torch.arange(side)
    checks = ((rows // 4 + columns // 4) % 2).float()
    top, left = y - side // 2, x - side // 2
    frame[top : top + side, left : left + side] = torch.stack((checks, 1 - checks, checks * 0.2), dim=2)
    return frame


@pytest.mark.parametrize("x", [20, 90, 200, 310, 380])
@pytest.mark.parametrize("channels", [3, 4])
def test_automatic_focus_keeps_the_busy_spot_of_a_wide_picture(x, channels):
    picture = spot(400, 100, x, 50)[None]
    if channels == 4:
        picture = torch.cat((picture, torch.ones_like(picture[..., :1])), dim=3)
    framed = frame_images(picture, Size(100, 100), "cover", AUTO_FOCUS, None)[0]
    green = framed[..., 1].gt(0.9).nonzero()[:, 1]
    assert len(green) >= 200  # all of it: half of 24 x 24 is green
    middle = float(green.float().mean())
    assert middle == pytest.approx(50, abs=12) or x in (20, 380)  # in the middle where the picture goes on


@pytest.mark.parametrize("y", [20, 200, 380])
def test_automatic_focus_works_in_tall_and_large_pictures(y):
    picture = spot(300, 1200, 150, 3 * y, side=72)[None]
    framed = frame_images(picture, Size(160, 90), "cover", AUTO_FOCUS, None)[0]
    assert framed[..., 1].gt(0.85).sum() >= 360  # all of it: about a quarter of 38 x 38 stays so green when shrunk


def test_automatic_focus_looks_at_every_picture_of_a_batch():
    batch = torch.stack([spot(400, 100, 30, 50), spot(400, 100, 370, 50)])
    framed = frame_images(batch, Size(100, 100), "cover", AUTO_FOCUS, None)
    assert all(frame[..., 1].gt(0.9).sum() >= 200 for frame in framed)
    assert torch.equal(framed, frame_images(batch, Size(100, 100), "cover", AUTO_FOCUS, None))


def test_automatic_focus_on_what_is_plain_or_invisible_stays_in_the_middle():
    plain = torch.linspace(0, 1, 400).expand(1, 100, 400)[..., None].repeat(1, 1, 1, 3) * 0 + 0.3
    hidden = torch.cat((spot(400, 100, 30, 50), torch.zeros((100, 400, 1))), dim=2)[None]
    for picture in (plain, hidden):
        auto, middle = (frame_images(picture, Size(100, 100), "cover", at, None) for at in (AUTO_FOCUS, "center"))
        assert torch.equal(auto, middle)


@pytest.mark.parametrize("mode", ["contain", "stretch", "blur-fill", "edge-extend"])
def test_automatic_focus_is_the_middle_when_nothing_is_cut(mode):
    picture = spot(400, 100, 30, 50)[None]
    auto, middle = (frame_images(picture, Size(100, 100), mode, at, RED) for at in (AUTO_FOCUS, "center"))
    assert torch.equal(auto, middle)


@pytest.mark.parametrize("kind", FILTERS)
def test_filters_never_leave_0_to_1_on_hard_edges(kind):
    checks = ((torch.arange(40)[:, None] // 5 + torch.arange(40) // 5) % 2).float()[..., None].repeat(1, 1, 3)
    for target in (Size(97, 61), Size(17, 13)):
        framed = resized(checks, target, Resampling(kind))
        assert framed.min() >= 0 and framed.max() <= 1


@pytest.mark.parametrize("kind", ["lanczos", "bicubic", "area"])
def test_shrinking_averages_fine_stripes_instead_of_picking_some(kind):
    stripes = (torch.arange(400) % 2).float().expand(40, 400)[..., None].repeat(1, 1, 3)
    framed = resized(stripes, Size(50, 40), Resampling(kind))
    assert framed[:, 4:-4].sub(0.5).abs().max() < 0.02


def test_nearest_makes_no_new_colour():
    picture = noise(1, 9, 7)[0]
    framed = resized(picture, Size(20, 31), Resampling("nearest"))
    known = {tuple(pixel) for pixel in picture.reshape(-1, 3).tolist()}
    assert {tuple(pixel) for pixel in framed.reshape(-1, 3).tolist()} <= known


def test_linear_light_keeps_the_light_of_fine_stripes():
    """Black and white in equal parts send half the light of white, which is 0.735 in sRGB and not 0.5."""
    stripes = (torch.arange(400) % 2).float().expand(40, 400)[..., None].repeat(1, 1, 3)
    framed = resized(stripes, Size(50, 40), Resampling("area", linear_light=True))
    assert framed.mean() == pytest.approx(1.055 * 0.5 ** (1 / 2.4) - 0.055, abs=1e-3)


def test_linear_light_leaves_plain_colours_alone():
    plain = torch.tensor([0.02, 0.5, 0.9]).expand(30, 30, 3)
    assert resized(plain, Size(70, 11), Resampling(linear_light=True)).sub(plain[0, 0]).abs().max() < 1e-5


def test_automatic_focus_keeps_the_head_of_a_tall_subject():
    """A checkered figure stands from a quarter of the height to the bottom; the window cannot hold all of it."""
    picture = torch.full((400, 200, 3), 0.5)
    rows, columns = torch.arange(300)[:, None], torch.arange(60)
    picture[100:, 70:130] = ((rows // 6 + columns // 6) % 2).float()[..., None]
    framed = frame_images(picture[None], Size(200, 150), "cover", AUTO_FOCUS, None)[0]
    assert framed[0].sub(0.5).abs().max() < 1e-3  # nothing is cut at the top
    assert framed[-1].sub(0.5).abs().max() > 0.4  # it runs out at the bottom
