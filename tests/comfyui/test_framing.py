"""Slide Frame and Slide Background's newer inputs inside a real ComfyUI, through /prompt."""

import pytest
from PIL import Image

from support.client import Comfy, node

FRAME = {
    "format": "16:9", "short_side": 90, "width": 120, "height": 80, "fit": "cover", "position": "center",
    "background": "#ff0000",
}  # fmt: skip
DRAWN = {
    "style": "blueprint", "palette": "ocean", "colors": "#000000, #ffffff", "words": "", "seed": 1, "width": 160,
    "height": 90, "batch_size": 1,
}  # fmt: skip


def framed(comfy: Comfy, **changes):
    """Two 64 x 48 pictures, framed."""
    made = comfy.outputs(
        {
            "1": node("EmptyImage", width=64, height=48, batch_size=2, color=0x00FF00),
            "2": node("LecternSlideFrame", images=["1", 0], **FRAME | changes),
            "3": node("SaveImage", images=["2", 0], filename_prefix="framed"),
        }
    )
    return comfy.pictures(made["3"]["images"])


def pixel(picture: Image.Image, x: int, y: int) -> tuple[int, int, int]:
    red, green, blue = picture.convert("RGB").crop((x, y, x + 1, y + 1)).tobytes()
    return red, green, blue


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        ({}, (160, 90)),  # a prompt saved before there were more inputs
        ({"format": "banner"}, (270, 90)),
        ({"size_by": "ppi", "ppi": 96}, (1280, 720)),
        ({"size_by": "ppi", "ppi": 220, "fit": "blur-fill"}, (2933, 1650)),
        ({"format": "custom", "size_by": "cm", "ppi": 50, "physical_width": 5.08, "physical_height": 2.54}, (100, 50)),
        ({"fit": "edge-extend", "upscale": "never", "position": "auto"}, (160, 90)),
        ({"filter": "area", "linear_light": True, "position": "auto"}, (160, 90)),
    ],
)
def test_slides_have_the_size_asked_for(comfy: Comfy, changes, size):
    pictures = framed(comfy, **changes)
    assert [picture.size for picture in pictures] == [size, size]
    middles = [pixel(picture, size[0] // 2, size[1] // 2) for picture in pictures]
    assert all(red == blue == 0 and green >= 254 for red, green, blue in middles)  # SaveImage cuts off fractions


def test_never_upscaled_and_moved_by_an_offset(comfy: Comfy):
    picture = framed(comfy, upscale="never", position="left", offset_x=25.0)[0]
    green = picture.getchannel("G").getbbox()
    assert green == (24, 21, 24 + 64, 21 + 48)
    assert pixel(picture, 0, 0) == (255, 0, 0)


def test_a_background_takes_its_colours_from_a_picture_and_leaves_room_for_a_title(comfy: Comfy):
    made = comfy.outputs(
        {
            "1": node("EmptyImage", width=32, height=32, batch_size=1, color=0x0B1026),
            "2": node("LecternSlideBackground", palette_image=["1", 0], calm_zone="left",
                      **DRAWN | {"palette": "from image"}),
            "3": node("SaveImage", images=["2", 0], filename_prefix="drawn"),
        }
    )  # fmt: skip
    (picture,) = comfy.pictures(made["3"]["images"])
    red, green, blue = pixel(picture, 30, 40)
    assert abs(red - 0x0B) < 12 and abs(green - 0x10) < 12 and abs(blue - 0x26) < 14


def test_a_palette_from_no_picture_says_what_to_do(comfy: Comfy):
    message = comfy.error(
        {
            "1": node("LecternSlideBackground", **DRAWN | {"palette": "from image"}),
            "2": node("SaveImage", images=["1", 0], filename_prefix="drawn"),
        }
    )
    assert "Link one to palette_image" in message


def test_a_slide_over_the_limit_is_refused(comfy: Comfy):
    message = comfy.error(
        {
            "1": node("EmptyImage", width=64, height=48, batch_size=1, color=0),
            "2": node("LecternSlideFrame", images=["1", 0], size_by="inches", physical_width=400.0, ppi=1200, **FRAME),
            "3": node("SaveImage", images=["2", 0], filename_prefix="huge"),
        }
    )
    assert "480000x270000 pixels is larger than the 16384" in message
