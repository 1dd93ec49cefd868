import io

import pytest
import torch
from PIL import Image

from lectern.errors import ImageError
from lectern.images import checked, from_pillow, png, to_pillow, to_uint8


def noise(height=37, width=53, channels=3):
    return torch.rand((height, width, channels), generator=torch.Generator().manual_seed(height))


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize(("height", "width"), [(37, 53), (1, 1), (1, 300), (300, 1), (91, 2)])
def test_png_is_lossless(height, width, channels):
    frame = noise(height, width, channels)
    decoded = Image.open(io.BytesIO(png(frame)))
    assert decoded.mode == {3: "RGB", 4: "RGBA"}[channels] and decoded.info["srgb"] == 0
    assert torch.equal(to_uint8(from_pillow(decoded)[0]), to_uint8(frame))


@pytest.mark.parametrize(("value", "byte"), [(0, 0), (1, 255), (0.5, 128), (127.4 / 255, 127), (1.2, 255), (-0.1, 0)])
def test_values_are_rounded_not_truncated(value, byte):
    assert to_uint8(torch.full((1, 1, 3), float(value))).unique().tolist() == [byte]


def test_pillow_round_trip_keeps_alpha():
    frame = noise(channels=4)
    assert torch.equal(to_uint8(from_pillow(to_pillow(frame))[0]), to_uint8(frame))


def test_a_palette_picture_becomes_rgb():
    assert from_pillow(Image.new("P", (3, 2))).shape == (1, 2, 3, 3)


def test_good_pictures_are_passed_as_they_are():
    images = noise()[None]
    assert checked(images, 100) is images


def test_bad_values_are_clamped_in_a_copy():
    images = torch.tensor([[[[2.0, -1.0, float("nan")]]]])
    assert checked(images, 100).tolist() == [[[[1, 0, 0]]]]
    assert images[0, 0, 0, 0] == 2


@pytest.mark.parametrize("shape", [(1, 0, 5, 3), (0, 5, 5, 3), (5, 5, 3), (1, 5, 5, 1), (1, 5, 5, 5)])
def test_shapes_that_are_no_picture_are_named(shape):
    with pytest.raises(ImageError, match="must have the shape"):
        checked(torch.zeros(shape), 100)


def test_a_picture_over_the_limit_names_both_sizes():
    with pytest.raises(ImageError, match=r"101x5 pixels; the longest side allowed is 100"):
        checked(torch.zeros((1, 5, 101, 3)), 100)
