"""Resampling against Pillow's float mode, the reference."""

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lectern.slides.geometry import Size
from lectern.slides.separable import KERNELS, Window, resample

FILTERS = {
    "lanczos": Image.Resampling.LANCZOS,
    "bicubic": Image.Resampling.BICUBIC,
    "area": Image.Resampling.BOX,
}


def noise(width, height, channels=3):
    return torch.rand((height, width, channels), generator=torch.Generator().manual_seed(width * height))


def by_pillow(frame, target, window, kernel):
    box = (window.left, window.top, window.left + window.width, window.top + window.height)
    planes = [Image.fromarray(plane) for plane in frame.permute(2, 0, 1).contiguous().numpy()]
    scaled = [torch.from_numpy(numpy.array(plane.resize(target, FILTERS[kernel], box=box))) for plane in planes]
    return torch.stack(scaled, dim=2).clamp(0, 1)


def decibels(first, second):
    return float(-10 * torch.log10((first.double() - second.double()).square().mean() + 1e-30))


def test_every_filter_is_compared():
    assert FILTERS.keys() == KERNELS.keys()


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize(
    ("source", "target"),
    [
        ((256, 144), (480, 270)),
        ((384, 216), (96, 54)),
        ((178, 100), (192, 108)),
        ((5, 7), (300, 200)),
        ((400, 300), (3, 2)),
        ((1, 1), (17, 9)),
        ((60, 50), (61, 50)),
        ((33, 17), (16, 33)),
    ],
)
def test_it_equals_pillow_to_over_120_decibels(kernel, channels, source, target):
    frame = noise(source[0], source[1], channels)
    window = Window(0, 0, source[0], source[1])
    ours = resample(frame, Size(target[0], target[1]), window, kernel)
    assert decibels(ours, by_pillow(frame, target, window, kernel)) > 120


@pytest.mark.parametrize("window", [Window(3.25, 10.5, 80.5, 45.25), Window(0.4, 0.6, 0.5, 0.3), Window(99, 59, 1, 1)])
def test_a_window_is_sampled_inside_pixels(window):
    frame = noise(100, 60)
    ours = resample(frame, Size(64, 36), window, "lanczos")
    assert decibels(ours, by_pillow(frame, (64, 36), window, "lanczos")) > 120


@given(
    st.integers(1, 60), st.integers(1, 60), st.integers(1, 60), st.integers(1, 60), st.sampled_from(sorted(KERNELS))
)  # fmt: skip
@settings(deadline=None, max_examples=150)
def test_a_plain_picture_stays_plain(width, height, to_width, to_height, kernel):
    frame = torch.full((height, width, 3), 0.37)
    scaled = resample(frame, Size(to_width, to_height), Window(0, 0, width, height), kernel)
    assert scaled.shape == (to_height, to_width, 3)
    assert (scaled - 0.37).abs().max() < 1e-5


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(
    ("source", "target"),
    [((24, 20), (37, 41)), ((64, 36), (120, 67)), ((90, 70), (16, 9)), ((300, 4), (7, 5)), ((5, 5), (5, 9))],
)
def test_plain_8_bit_values_survive_a_save_that_truncates(kernel, source, target):
    """As core's SaveImage does; white above all must stay white."""
    for value in (0, 1, 17, 127, 128, 200, 254, 255):
        frame = torch.full((source[1], source[0], 3), value / 255)
        scaled = resample(frame, Size(target[0], target[1]), Window(0, 0, source[0], source[1]), kernel)
        assert (255.0 * scaled.numpy()).astype(numpy.uint8).flatten().tolist() == [value] * scaled.numel()


def test_the_result_goes_into_memory_that_is_given():
    batch = torch.zeros((2, 30, 40, 3))
    frame = noise(20, 15)
    resample(frame, Size(40, 30), Window(0, 0, 20, 15), "lanczos", out=batch[1])
    assert torch.equal(batch[1], resample(frame, Size(40, 30), Window(0, 0, 20, 15), "lanczos"))
    assert batch[0].eq(0).all()


def test_the_input_stays_as_it_is():
    frame = noise(20, 15)
    before = frame.clone()
    resample(frame, Size(5, 5), Window(0, 0, 20, 15), "bicubic")
    assert torch.equal(frame, before)
