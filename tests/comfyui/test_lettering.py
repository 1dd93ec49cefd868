"""Title blocks, tiled watermarks, logos, levels and badges inside a real ComfyUI."""

from typing import Any

import pytest

from support.client import Comfy, node

PLAIN: dict[str, Any] = {"position": "center", "size": 12, "margin": 5, "color": "auto", "font": ""}
TITLE: dict[str, Any] = PLAIN | {"title": "Title", "split": "lines", "width": 90, "scrim": True}
MARK: dict[str, Any] = PLAIN | {"text": "{section} {n} {title}", "opacity": 1.0, "rotation": 0.0, "color": "#ffffff"}
CROSS: dict[str, Any] = {"text": "x"}
NUMBER: dict[str, Any] = PLAIN | {"style": "1.2.3", "template": "{n}", "start": 1, "skip_first": 0, "color": "#ffffff"}
LOGO: dict[str, Any] = {
    "position": "top left",
    "size": 50,
    "margin": 0,
    "opacity": 1.0,
    "rotation": 0.0,
    "recolor": "none",
}


def slides(count: int, width: int = 320, height: int = 180) -> dict:
    return node("EmptyImage", width=width, height=height, batch_size=count, color=0)


def pictures(comfy: Comfy, kind: str, count: int = 1, **inputs: Any):
    """What a node of this kind makes of black slides."""
    made = comfy.outputs(
        {
            "1": slides(count),
            "2": node(kind, images=["1", 0], **inputs),
            "3": node("SaveImage", images=["2", 0], filename_prefix="lettering"),
        }
    )
    return comfy.pictures(made["3"]["images"])


def error(comfy: Comfy, kind: str, count: int = 2, **inputs: Any) -> str:
    return comfy.error(
        {
            "1": slides(count),
            "2": node(kind, images=["1", 0], **inputs),
            "3": node("SaveImage", images=["2", 0], filename_prefix="lettering"),
        }
    )


def ink(picture) -> tuple[int, int, int, int]:
    box = picture.convert("L").point(lambda value: 255 * (value > 60)).getbbox()
    assert box
    return box


def test_a_block_is_taller_than_its_title_and_bodies_go_to_their_own_slides(comfy: Comfy):
    (bare,) = pictures(comfy, "LecternSlideTitle", **TITLE)
    first, second = pictures(
        comfy, "LecternSlideTitle", 2, **TITLE, subtitle="Below", body="one\ntwo\n\none\ntwo\nthree 🎉"
    )
    heights = [box[3] - box[1] for box in map(ink, (bare, first, second))]
    assert heights[0] < heights[1] < heights[2]


def test_a_tiled_watermark_covers_the_slide(comfy: Comfy):
    (once,) = pictures(comfy, "LecternSlideWatermark", **(MARK | CROSS))
    (tiled,) = pictures(comfy, "LecternSlideWatermark", **(MARK | CROSS), tiled=True, spacing=5, blend="screen")
    assert ink(once)[2] - ink(once)[0] < 40 and ink(tiled)[2] - ink(tiled)[0] > 280


def test_templates_take_titles_and_sections(comfy: Comfy):
    given: dict[str, Any] = {"titles": "ab\ncd", "sections": "xy"}
    filled: dict[str, Any] = MARK | {"text": "xy 1 ab"}
    made = pictures(comfy, "LecternSlideWatermark", 2, **MARK, **given)
    written = pictures(comfy, "LecternSlideWatermark", 2, **filled)
    assert made[0].tobytes() == written[0].tobytes() != made[1].tobytes()


def test_levels_and_badges(comfy: Comfy):
    made = pictures(comfy, "LecternSlideNumber", 3, **NUMBER, levels="1\n2\n0")
    plain = pictures(comfy, "LecternSlideNumber", 1, **NUMBER | {"template": "1.1"})
    assert made[1].tobytes() == plain[0].tobytes() and made[2].getbbox() is None
    (badge,) = pictures(
        comfy, "LecternSlideNumber", 1, **NUMBER | {"color": "#00ff00"}, badge="circle", badge_color="#ff0000"
    )
    colors = {color for _, color in badge.getcolors(1 << 16) or ()}
    assert {(255, 0, 0), (0, 255, 0), (0, 0, 0)} <= colors


def logo_graph(comfy: Comfy, logos: int = 1, **inputs) -> dict:
    """A red logo whose left half a mask makes clear."""
    return {
        "1": slides(3),
        "2": node("EmptyImage", width=40, height=40, batch_size=logos, color=0xFF0000),
        "4": node("SolidMask", value=0.0, width=40, height=40),
        "5": node("SolidMask", value=1.0, width=20, height=40),
        "6": node("MaskComposite", destination=["4", 0], source=["5", 0], x=0, y=0, operation="add"),
        "7": node("LecternSlideLogo", images=["1", 0], logo=["2", 0], mask=["6", 0], **LOGO | inputs),
        "8": node("SaveImage", images=["7", 0], filename_prefix="logo"),
    }


def test_a_logo_lands_on_every_slide_where_its_mask_is_solid(comfy: Comfy):
    made = comfy.pictures(comfy.outputs(logo_graph(comfy))["8"]["images"])
    assert len(made) == 3
    for picture in made:
        assert picture.getpixel((70, 45)) == (255, 0, 0) and picture.getpixel((20, 45)) == (0, 0, 0)
        assert picture.getpixel((120, 45)) == (0, 0, 0)


def test_a_logo_recoloured_is_white_on_black(comfy: Comfy):
    graph = logo_graph(comfy, recolor="automatic light/dark", tiled=True)
    assert comfy.pictures(comfy.outputs(graph)["8"]["images"])[0].getpixel((70, 45)) == (255, 255, 255)


def test_another_number_of_logos_is_named(comfy: Comfy):
    assert "2 logos for 3 pictures" in comfy.error(logo_graph(comfy, logos=2))


@pytest.mark.parametrize(
    ("kind", "inputs", "said"),
    [
        ("LecternSlideTitle", TITLE | {"subtitle": "a\nb\nc"}, "There are 3 subtitles for 2 pictures"),
        ("LecternSlideTitle", TITLE | {"body": "a\n\nb\n\nc"}, "There are 3 body texts for 2 pictures"),
        ("LecternSlideTitle", TITLE | {"body": "a point\n" * 2000}, "does not fit its place"),
        ("LecternSlideTitle", TITLE | {"body": "x" * 100_001}, "100001 characters; 100000 are allowed"),
        ("LecternSlideWatermark", MARK | {"titles": "a\nb\nc"}, "There are 3 titles for 2 pictures"),
        ("LecternSlideNumber", NUMBER | {"levels": "1\n2\n3"}, "There are 3 levels for 2 pictures"),
        ("LecternSlideNumber", NUMBER | {"levels": "1\none"}, "'one' is not a whole number from 0 to 9"),
    ],
)
def test_mistakes_are_one_sentence(comfy: Comfy, kind, inputs, said):
    assert said in error(comfy, kind, **inputs)
