"""Backgrounds: what earlier versions drew stays the same; paper, blueprint and calm zones."""

import hashlib

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lectern.images import to_uint8
from lectern.slides.backgrounds import STYLES, background
from lectern.slides.calm import calm_box
from lectern.slides.colors import DARK_TEXT, LIGHT_TEXT, PALETTES, Rgb, luminance, palette_colors, parse_color
from lectern.slides.fields import Recipe
from lectern.slides.geometry import ANCHORS, Box, Size
from lectern.slides.light import to_linear
from lectern.slides.palettes import palette_from_image

# Small renders of version 0.1's first four styles; equal on torch's plain, AVX2 and AVX-512 code.
PROMISED = [
    ("mesh gradient", "aurora", 3, (48, 27), "097c00c0296d446c"),
    ("mesh gradient", "citrus", 2**64 - 1, (27, 48), "57a196d5e61c696b"),
    ("soft waves", "aurora", 3, (48, 27), "f705dd4596f099a5"),
    ("soft waves", "citrus", 2**64 - 1, (27, 48), "a96c0e27846dfa50"),
    ("geometric", "aurora", 3, (48, 27), "f3cc9a5915cdc265"),
    ("geometric", "citrus", 2**64 - 1, (27, 48), "0dc6a33fd7bf173f"),
    ("dots", "aurora", 3, (48, 27), "4f9f381e1da9d839"),
    ("dots", "citrus", 2**64 - 1, (27, 48), "05f7eaf6177abefd"),
]


@pytest.mark.parametrize(("style", "palette", "seed", "size", "digest"), PROMISED)
def test_a_seed_keeps_its_picture_from_version_to_version(style, palette, seed, size, digest):
    frame = background(Recipe(style, tuple(palette_colors(palette)), seed, "0 words", Size(*size)))
    assert hashlib.blake2b(to_uint8(frame).numpy().tobytes(), digest_size=8).hexdigest() == digest


def recipe(style: str, palette: str = "aurora", **changes):
    values = {"seed": 2, "variant": "0 ", "size": Size(320, 180)} | changes
    return Recipe(style, tuple(palette_colors(palette)), **values)


def luminances(frame, box: Box):
    pixels = frame[box.top : box.bottom, box.left : box.right].reshape(-1, 3)
    return to_linear(pixels) @ torch.tensor((0.2126, 0.7152, 0.0722))


def readable_share(frame, box: Box) -> float:
    """Of the zone's pixels, the share on which the better of light and dark text has a contrast of 4.5."""
    ground = luminances(frame, box)
    reached = []
    for text in (LIGHT_TEXT, DARK_TEXT):
        ink = torch.tensor(luminance(text))
        ratio = (torch.maximum(ground, ink) + 0.05) / (torch.minimum(ground, ink) + 0.05)
        reached.append(float((ratio >= 4.5).float().mean()))
    return max(reached)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("palette", PALETTES)
def test_text_is_readable_in_the_calm_zone(style, palette):
    for seed, zone in enumerate(ANCHORS):
        frame = background(recipe(style, palette, seed=seed, calm_zone=zone, size=Size(192, 108)))
        assert readable_share(frame, calm_box(Size(192, 108), zone)) >= 0.9, zone


@pytest.mark.parametrize("grey", ["#777777", "#808080", "#6f7f6f", "#2f6fed", "#e4572e", "#ff0000", "#00a000"])
def test_even_a_middle_ground_becomes_readable(grey):
    colors = (parse_color(grey), parse_color("#000000"), parse_color("#ffffff"))
    for style in STYLES:
        frame = background(Recipe(style, colors, 1, "0 ", Size(160, 90), "left"))
        assert readable_share(frame, calm_box(Size(160, 90), "left")) >= 0.9, style


@pytest.mark.parametrize("zone", ANCHORS)
def test_outside_its_calm_zone_a_picture_is_as_before(zone):
    plain, calm = (background(recipe("geometric", "berry", calm_zone=name)) for name in ("none", zone))
    box = calm_box(Size(320, 180), zone)
    inside = (slice(box.top, box.bottom), slice(box.left, box.right))
    assert calm[inside].std() < 0.5 * plain[inside].std()
    far = {"center": (0, 0)}.get(zone, (-1 if ANCHORS[zone][1] < 0.5 else 0, -1 if ANCHORS[zone][0] < 0.5 else 0))
    assert calm[far].sub(plain[far]).abs().max() < 0.1


def test_a_calm_zone_has_no_edge_to_see():
    frame = background(recipe("mesh gradient", "sunset", calm_zone="left", size=Size(640, 360)))
    assert frame.diff(dim=1).abs().max() < 0.02 and frame.diff(dim=0).abs().max() < 0.02


@pytest.mark.parametrize("palette", PALETTES)
def test_paper_is_subtle_and_blueprint_is_a_grid(palette):
    paper = background(recipe("paper", palette))
    assert 0.002 < paper.std(dim=(0, 1)).mean() < 0.05
    sheet = background(recipe("blueprint", palette, size=Size(640, 360)))
    rows = sheet.diff(dim=0).abs().amax(2).gt(0.03).float().mean(1)
    assert (rows > 0.9).sum() >= 8  # lines from edge to edge


def picture(*colors: str, sizes=(10, 10, 10, 10, 10)):
    stripes = [torch.tensor(parse_color(color)).expand(size, 40, 3) for color, size in zip(colors, sizes, strict=False)]
    return torch.cat(stripes)[None]


def near(color: Rgb, name: str) -> bool:
    return max(abs(a - b) for a, b in zip(color, parse_color(name), strict=True)) < 0.06


@pytest.mark.parametrize(
    ("colors", "sizes", "ground"),
    [
        (("#0b1026", "#e4572e", "#35d0ba"), (20, 10, 10), "#0b1026"),
        (("#fbfaf7", "#e4572e", "#35d0ba"), (10, 25, 10), "#fbfaf7"),  # commoner, but no ground
        (("#fbfaf7", "#0b1026", "#35d0ba"), (10, 25, 10), "#0b1026"),  # both could be: the commoner
    ],
)
def test_the_palette_of_a_picture_has_its_colours(colors, sizes, ground):
    palette = palette_from_image(picture(*colors, sizes=sizes))
    assert near(palette[0], ground)
    for color in colors:
        assert any(near(one, color) for one in palette), (color, palette)
    assert palette == palette_from_image(picture(*colors, sizes=sizes))


@pytest.mark.parametrize("color", ["#000000", "#ffffff", "#808080", "#2f6fed"])
def test_a_picture_of_one_colour_still_gives_a_palette(color):
    palette = palette_from_image(picture(color))
    assert 2 <= len(palette) <= 5 and len(set(palette)) == len(palette)
    assert background(Recipe("mesh gradient", tuple(palette), 1, "0 ", Size(64, 36))).isfinite().all()


def test_hidden_pixels_lend_no_colour():
    clear = torch.cat((picture("#ff0000", "#0b1026", "#35d0ba"), torch.ones((1, 30, 40, 1))), dim=3)
    clear[:, :10, :, 3] = 0
    assert not any(near(one, "#ff0000") for one in palette_from_image(clear))


@given(st.integers(1, 3), st.integers(1, 70), st.integers(1, 70), st.sampled_from([3, 4]), st.floats(0, 1))
@settings(deadline=None, max_examples=60)
def test_any_picture_gives_2_to_5_colours(batch, height, width, channels, alpha):
    images = torch.rand((batch, height, width, channels), generator=torch.Generator().manual_seed(width))
    images[..., 3:] *= alpha
    before = images.clone()
    palette = palette_from_image(images)
    assert 2 <= len(palette) <= 5 and all(0 <= channel <= 1 for color in palette for channel in color)
    assert torch.equal(images, before)
