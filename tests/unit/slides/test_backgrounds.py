"""Backgrounds: what earlier versions drew stays the same; paper, blueprint and calm zones."""

import hashlib

import pytest

from lectern.images import to_uint8
from lectern.slides.backgrounds import Recipe, background
from lectern.slides.colors import palette_colors
from lectern.slides.geometry import Size

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
