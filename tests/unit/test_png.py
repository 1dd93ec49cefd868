"""PNG files of our own, read back by Pillow."""

import io
import zlib

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lectern.images import from_pillow, to_uint8
from lectern.png import png


def noise(height=37, width=53, channels=3):
    return torch.rand((height, width, channels), generator=torch.Generator().manual_seed(height))


def chunks(data: bytes) -> dict[bytes, bytes]:
    """Kind -> content of a PNG's chunks, their checksums compared."""
    found, at = {}, 8
    while at < len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        content = data[at + 8 : at + 8 + length]
        assert int.from_bytes(data[at + 8 + length : at + 12 + length], "big") == zlib.crc32(kind + content)
        found[kind] = content
        at += 12 + length
    return found


@given(height=st.integers(1, 130), width=st.integers(1, 300), channels=st.sampled_from([3, 4]), flat=st.booleans())
def test_every_size_comes_back_without_loss(height, width, channels, flat):
    frame = noise(height, width, channels)
    frame = frame[:1, :1].expand(height, width, channels) if flat else frame
    decoded = Image.open(io.BytesIO(png(frame)))
    assert torch.equal(to_uint8(from_pillow(decoded)[0]), to_uint8(frame))


def test_a_view_into_a_batch_is_encoded_as_it_looks():
    batch = noise(20, 30, 4)[None].permute(0, 2, 1, 3)[..., :3]
    decoded = Image.open(io.BytesIO(png(batch[0])))
    assert torch.equal(to_uint8(from_pillow(decoded)[0]), to_uint8(batch[0].contiguous()))


@pytest.mark.parametrize(("resolution", "per_metre"), [(72, 2835), (144, 5669), (300, 11811)])
def test_resolution_is_written_per_metre(resolution, per_metre):
    data = png(noise(), resolution)
    assert chunks(data)[b"pHYs"] == per_metre.to_bytes(4, "big") * 2 + b"\x01"
    assert round(Image.open(io.BytesIO(data)).info["dpi"][0]) == resolution


def test_nothing_is_written_that_was_not_asked_for():
    assert list(chunks(png(noise()))) == [b"IHDR", b"sRGB", b"IDAT", b"IEND"]


@pytest.mark.parametrize("text", ['{"a": 1}', "Größe", "幻灯片", "x" * 100_000])
def test_texts_come_back(text):
    decoded = Image.open(io.BytesIO(png(noise(), 0, {"prompt": text, "workflow": "{}"})))
    assert decoded.text == {"prompt": text, "workflow": "{}"}


@pytest.mark.parametrize(("key", "kept"), [("k" * 200, "k" * 79), ("a\0b", "ab"), ("", "Comment"), ("键", "?")])
def test_odd_keywords_make_a_valid_file(key, kept):
    assert Image.open(io.BytesIO(png(noise(), 0, {key: "x\0y"}))).text == {kept: "xy"}


def test_files_are_about_as_small_as_comfyuis():
    """A photograph's statistics: smooth shapes with a little grain; and a flat drawing."""
    rows, columns = torch.meshgrid(torch.linspace(0, 9, 240), torch.linspace(0, 16, 320), indexing="ij")
    smooth = (torch.stack((rows, columns, rows * columns / 9), 2).sin() + 1) / 2
    drawing = (torch.stack((rows, columns, rows), 2) % 4 < 2).float()
    for frame in ((smooth + noise(240, 320) * 0.02).clamp(0, 1), drawing):
        theirs = io.BytesIO()
        Image.fromarray(to_uint8(frame).numpy()).save(theirs, "PNG", compress_level=4)
        assert len(png(frame)) < 1.25 * len(theirs.getvalue())
