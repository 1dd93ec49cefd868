"""Pictures as files: what Pillow reads back from each format."""

import io

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL import ImageCms, features

from lectern.errors import SaveError
from lectern.images import to_pillow
from lectern.infotext import read_parameters, user_comment
from lectern.slides.encoders import FORMATS, Encoder, Encoding, best_under, slide_resolution
from lectern.slides.geometry import Size

LOSSY = [name for name in FORMATS if name != "PNG"]
TEXTS = {"prompt": '{"1": {}}', "workflow": '{"nodes": []}'}
INFOTEXT = "a cat, 猫\nNegative prompt: dog\nSteps: 20, Sampler: Euler a, Seed: 42"


def picture(height=90, width=160, channels=3):
    """Soft shapes, which every codec renders closely."""
    rows, columns = torch.meshgrid(torch.linspace(0, 3, height), torch.linspace(0, 5, width), indexing="ij")
    color = (torch.stack((rows, columns, rows + columns), 2).sin() + 1) / 2
    return color if channels == 3 else torch.cat((color, columns[..., None] / 5), 2)


def noise(height=90, width=160):
    """Grey, so that it is all the same to it when JPEG begins to save on colour."""
    return torch.rand((height, width, 1), generator=torch.Generator().manual_seed(0)).repeat(1, 1, 3)


def opened(data: bytes) -> Pillow.Image:
    return Pillow.open(io.BytesIO(data))


@pytest.mark.parametrize("format", FORMATS)
class TestEveryFormat:
    def test_looks_like_the_picture(self, format):
        image = opened(Encoder(Encoding(format))(picture()))
        assert image.format == format.upper() and image.size == (160, 90)
        shown, wanted = (torch.tensor(list(one.convert("RGB").tobytes())) for one in (image, to_pillow(picture())))
        assert (shown - wanted).abs().float().mean() < 2.5

    @pytest.mark.parametrize("size", [(1, 1), (1, 7), (33, 1), (5, 3)])
    def test_tiny_pictures_keep_their_size(self, format, size):
        assert opened(Encoder(Encoding(format))(picture(*size))).size == size[::-1]

    def test_alpha_is_kept_where_the_format_has_it(self, format):
        image = opened(Encoder(Encoding(format))(picture(channels=4)))
        if FORMATS[format].alpha:
            opaque = torch.tensor(list(image.getchannel("A").tobytes()))
            assert opaque.min() <= 8 and opaque.max() >= 247
        else:
            assert image.mode == "RGB" and min(image.crop((0, 45, 1, 46)).tobytes()) >= 247  # transparent became white

    def test_color_is_declared_as_srgb(self, format):
        image = opened(Encoder(Encoding(format))(picture()))
        if format == "PNG":
            assert image.info["srgb"] == 0
        else:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
            assert "sRGB" in ImageCms.getProfileDescription(profile)

    def test_the_same_picture_gives_the_same_bytes(self, format):
        assert Encoder(Encoding(format))(picture()) == Encoder(Encoding(format))(picture())

    def test_metadata_is_there_on_request_and_otherwise_not(self, format):
        bare, full = (opened(Encoder(Encoding(format, texts=texts))(picture())) for texts in ({}, TEXTS))
        assert not bare.getexif() and not bare.info.get("xmp") and not getattr(bare, "text", {})
        if format == "PNG":
            assert full.text == TEXTS
        else:
            found = full.getexif()
            assert (found[0x0110], found[0x010F]) == (f"prompt:{TEXTS['prompt']}", f"workflow:{TEXTS['workflow']}")


@pytest.mark.parametrize("format", FORMATS)
class TestInfotext:
    @pytest.mark.parametrize("infotext", [INFOTEXT, "plain\nSteps: 5", "Größe"])
    @pytest.mark.parametrize("texts", [{}, TEXTS])
    def test_it_stands_beside_the_workflow(self, format, infotext, texts):
        found = read_parameters(Encoder(Encoding(format, texts=texts))(picture(), infotext))
        assert found.infotext == infotext
        assert {key: text for key, text in found.texts.items() if key != "parameters"} == texts

    def test_without_one_the_bytes_are_as_before(self, format):
        encoder = Encoder(Encoding(format, texts=TEXTS))
        assert encoder(picture(), "") == encoder(picture())

    def test_it_goes_before_a_text_of_the_same_name(self, format):
        data = Encoder(Encoding(format, texts={"parameters": "of another pack"}))(picture(), INFOTEXT)
        assert read_parameters(data).infotext == INFOTEXT

    def test_each_picture_has_its_own(self, format):
        encoder = Encoder(Encoding(format, texts=TEXTS))
        assert [read_parameters(encoder(picture(), text)).infotext for text in ("one", "", "two")] == [
            "one",
            None,
            "two",
        ]

    def test_the_target_size_counts_it(self, format):
        size = len(Encoder(Encoding(format, 90))(picture()))
        with pytest.raises(SaveError, match="Raise target_kb"):
            Encoder(Encoding(format, 90, size))(picture(), "x" * size)


@pytest.mark.parametrize(("infotext", "kind"), [("a" * 300, b"tEXt"), ("Größe", b"tEXt"), ("猫", b"iTXt")])
def test_png_info_finds_a_parameters_chunk(infotext, kind):
    data = Encoder(Encoding("PNG"))(picture(), infotext)
    assert kind + b"parameters\0" in data and opened(data).text == {"parameters": infotext}


@pytest.mark.parametrize("format", LOSSY)
def test_png_info_finds_an_undefined_user_comment(format):
    """piexif, with which A1111 reads, makes a list of numbers of the type BYTE, which Pillow writes on its own."""
    exif = opened(Encoder(Encoding(format, texts=TEXTS))(picture(), INFOTEXT)).info["exif"]
    comment = user_comment(INFOTEXT)
    entry = b"\x92\x86" + (7).to_bytes(2, "big") + len(comment).to_bytes(4, "big")
    assert exif.count(entry) == 1 and comment in exif and comment == b"UNICODE\0" + INFOTEXT.encode("utf-16-be")


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
@pytest.mark.parametrize(("asked", "size", "noted"), [(0, (108, 192), 14), (0, (150, 200), 20), (300, (90, 160), 300)])
def test_resolution(format, asked, size, noted):
    image = opened(Encoder(Encoding(format, dots_per_inch=asked))(picture(*size)))
    assert [round(float(value)) for value in image.info["dpi"]] == [noted, noted]


@pytest.mark.parametrize(("size", "wanted"), [((1920, 1080), 144), ((1440, 1080), 144), ((3840, 2160), 288)])
def test_a_picture_fills_its_slide(size, wanted):
    assert slide_resolution(Size(*size)) == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("format", LOSSY)
@pytest.mark.parametrize("texts", [{}, TEXTS])
def test_a_target_size_is_never_passed_and_nearly_used(format, texts):
    sizes = [len(Encoder(Encoding(format, quality, texts=texts))(noise())) for quality in (5, 95)]
    for share in (0.1, 0.5, 0.9):
        target = round(sizes[0] + (sizes[1] - sizes[0]) * share)
        size = len(Encoder(Encoding(format, 95, target, texts=texts))(noise()))
        assert 0.8 * target < size <= target


@given(
    sizes=st.lists(st.integers(1, 10_000), min_size=100, max_size=100),
    target=st.integers(1, 10_000),
    highest=st.integers(1, 100),
    sort=st.booleans(),
)
def test_the_search_keeps_its_promise_whatever_the_codec_does(sizes, target, highest, sort):
    """Never above the target, no try twice, and an error only when quality 1 is too large."""
    sizes = sorted(sizes) if sort else sizes
    tried = []

    def encode(quality: int) -> bytes:
        tried.append(quality)
        return bytes(sizes[quality - 1])

    try:
        assert len(best_under(target, encode, highest)) <= target
    except SaveError:
        assert min(sizes[quality - 1] for quality in tried) > target and 1 in tried
    assert len(tried) == len(set(tried)) <= 15 and all(1 <= quality <= highest for quality in tried)


def test_a_real_codec_needs_few_tries():
    frame, counts = to_pillow(noise(270, 480)), []

    def encode(quality: int) -> bytes:
        counts[-1] += 1
        file = io.BytesIO()
        frame.save(file, "JPEG", quality=quality)
        return file.getvalue()

    for target in range(30_000, 130_000, 10_000):
        counts.append(0)
        best_under(target, encode, 95)
    assert sum(counts) / len(counts) <= 6 and max(counts) <= 9, counts


@pytest.mark.parametrize("format", FORMATS)
def test_a_target_that_cannot_be_reached_says_what_can(format):
    with pytest.raises(SaveError, match=r"smallest .* asks for 0\. Raise target_kb"):
        Encoder(Encoding(format, 90, 200))(noise())


def test_a_side_that_the_format_cannot_say_is_named():
    with pytest.raises(SaveError, match="WebP holds pictures of up to 16383 pixels a side, and this one is 16384x1"):
        Encoder(Encoding("WebP"))(torch.zeros(1, 16384, 3))


def test_a_missing_codec_is_named_before_anything_is_encoded(monkeypatch):
    monkeypatch.setattr(features, "check", lambda name: name != "avif")
    with pytest.raises(SaveError, match="was built without AVIF"):
        Encoder(Encoding("AVIF"))
    Encoder(Encoding("WebP"))


def test_a_workflow_too_large_for_jpeg_is_left_out(caplog):
    data = Encoder(Encoding("JPEG", texts={"prompt": "x" * 70_000}))(picture())
    assert not opened(data).getexif() and "too large for a JPEG" in caplog.text


@pytest.mark.parametrize(
    ("workflow", "infotext", "kept", "left"),
    [
        (30_000, 10_000, {"workflow", "infotext"}, []),
        (70_000, 10_000, {"infotext"}, ["workflow"]),
        (30_000, 40_000, {"workflow"}, ["infotext"]),
        (50_000, 10_000, {"infotext"}, ["workflow"]),
        (70_000, 40_000, set(), ["workflow", "infotext"]),
        (0, 40_000, set(), ["infotext"]),
    ],
)
def test_in_a_jpeg_the_workflow_makes_room_for_the_infotext(workflow, infotext, kept, left, caplog):
    texts = {"workflow": "x" * workflow} if workflow else {}
    found = read_parameters(Encoder(Encoding("JPEG", texts=texts))(picture(), "y" * infotext))
    assert {*found.texts, *(["infotext"] if found.infotext else [])} == kept
    assert [record.getMessage().split()[1] for record in caplog.records] == left  # "The workflow is too large..."


def test_the_picture_is_not_changed():
    frame = picture(channels=4)
    before = frame.clone()
    for format in FORMATS:
        Encoder(Encoding(format))(frame)
    assert torch.equal(frame, before)
