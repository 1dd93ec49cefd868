"""`python -m tools.thumbnails_pipelines`: remakes the cards of the Diffusers nodes' templates.

Everything on them is drawn: this repository has no model that could generate a picture.
"""

import json
from typing import Any

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter
from torch import Tensor

from lectern.images import from_pillow, to_pillow
from lectern.slides.geometry import Size
from tools.cache import CHECKOUT
from tools.help_pictures import (
    CANVAS,
    INK,
    SLIDE,
    THUMBNAIL,
    THUMBNAIL_LIMIT,
    all_lettered,
    inter,
    landscape,
    lay,
    look_of,
    save,
    slide_background,
)

LORAS, CONTROLLED, FLUX = "sdxl_with_loras", "controlled_pictures", "flux_from_a_file"
VIDEO, POSTER = "wan_video", "qwen_image_titles"
LIGHT = "#e8ebf3"
LINE = "#2b2f3a"
NAME = 23  # px, letters below a picture


def values_of(workflow: str) -> dict[str, Any]:
    """Kind of node -> its inputs, from the template's API form."""
    graph = json.loads((CHECKOUT / "workflows" / "api" / f"{workflow}.json").read_text("utf-8"))
    return {node["class_type"]: node["inputs"] for node in graph.values()}


def titled(frames: list[Tensor], titles: list[str], title: dict[str, Any]) -> list[Image.Image]:
    look = look_of(title, width=title["width"], scrim=title["scrim"], alike=True, room=0.62)
    return [to_pillow(frame) for frame in all_lettered(frames, titles, look, bold=True)]


def named(canvas: Image.Image, text: str, left: int, top: int, width: int, color: str = LINE) -> None:
    ImageDraw.Draw(canvas).text((left + width // 2, top), text, color, inter(NAME), anchor="mm")


def paper(picture: Image.Image) -> Image.Image:
    """In few flat colours, each layer with a light edge."""
    flat = picture.filter(ImageFilter.GaussianBlur(2)).quantize(7, Image.Quantize.MAXCOVERAGE).convert("RGB")
    flat = flat.filter(ImageFilter.ModeFilter(11))
    edges = outlines(flat.convert("L"), 4)
    flat.paste("#fff4e6", mask=edges.point([value // 2 for value in range(256)]))
    return flat


def outlines(picture: Image.Image, least: int) -> Image.Image:
    """White lines where the brightness changes by more than `least` of 255."""
    sharp = picture.filter(ImageFilter.FIND_EDGES).point([255 if value > least else 0 for value in range(256)])
    ImageDraw.Draw(sharp).rectangle((0, 0, sharp.width - 1, sharp.height - 1), outline=0, width=4)
    return sharp.filter(ImageFilter.MaxFilter(3))


def pastel(picture: Image.Image) -> Image.Image:
    soft = ImageEnhance.Color(picture.filter(ImageFilter.GaussianBlur(3))).enhance(0.75)
    return Image.blend(soft, Image.new("RGB", picture.size, "#ffe9ee"), 0.4)


def loras_thumbnail() -> Image.Image:
    """One picture, with each of the two LoRAs, and with both."""
    plain = to_pillow(landscape("sunset", 7, Size(960, 540))).convert("RGB")
    cards = (("none", plain), ("papercut", paper(plain)), ("pastel light", pastel(plain)))
    cards = (*cards, ("both", pastel(paper(plain))))
    canvas, small = Image.new("RGB", THUMBNAIL, LIGHT), Size(422, 237)
    for index, (name, picture) in enumerate(cards):
        left, top = 72 + index % 2 * 458, 16 + index // 2 * 282
        lay(canvas, picture, small, left, top)
        named(canvas, name, left, top + small.height + 22, small.width)
    return canvas


def controlled_thumbnail() -> Image.Image:
    """Edges of one picture, the look of another one, and what both make."""
    source = to_pillow(landscape("ocean", 5, Size(960, 540))).convert("L")
    edges = outlines(source.filter(ImageFilter.GaussianBlur(1)), 12)
    look = to_pillow(slide_background("mesh gradient", "sunset", 2, size=Size(960, 540)))
    made = to_pillow(landscape("sunset", 5, SLIDE))
    canvas, small = Image.new("RGB", THUMBNAIL, CANVAS), Size(360, 202)
    for index, (name, picture) in enumerate((("edges", edges), ("look", look))):
        top = 36 + index * 268
        lay(canvas, picture, small, 32, top)
        named(canvas, name, 32, top + small.height + 24, small.width, INK)
    lay(canvas, made, Size(580, 326), 420, 125, shade=0.6)
    return canvas


def flux_thumbnail() -> Image.Image:
    """The slides of its deck."""
    values = values_of(FLUX)
    titles = values["PrimitiveStringMultiline"]["value"].splitlines()
    looks = (("forest", 4), ("mint", 8), ("ocean", 12))
    frames = [landscape(palette, seed, SLIDE) for palette, seed in looks]
    slides = titled(frames, titles, values["LecternSlideTitle"])
    canvas = Image.new("RGB", THUMBNAIL, LIGHT)
    for slide, place in zip(slides, ((492, 40), (262, 156), (32, 272)), strict=True):
        lay(canvas, slide, Size(500, 281), *place)
    return canvas


def sunrise(height: float) -> Image.Image:
    """A frame: hills, and a sun at that part of the picture's height."""
    frame = to_pillow(slide_background("soft waves", "berry", 9)).convert("RGB")
    sun = Image.new("L", SLIDE)
    ImageDraw.Draw(sun).circle((SLIDE.width * 0.7, SLIDE.height * height), 95, 240)
    frame.paste("#fff1d0", mask=sun.filter(ImageFilter.GaussianBlur(2)))
    return frame


def video_thumbnail() -> Image.Image:
    """A strip of frames, and the one that became a slide."""
    title = values_of(VIDEO)["LecternSlideTitle"]
    frames = [sunrise(0.62 - 0.1 * step) for step in range(4)]
    canvas = Image.new("RGB", THUMBNAIL, CANVAS)
    pen, small = ImageDraw.Draw(canvas), Size(232, 130)
    pen.rectangle((0, 24, THUMBNAIL.width, 202), "#0d0e12")
    for x in range(14, THUMBNAIL.width, 32):
        for y in (30, 186):
            pen.rounded_rectangle((x, y, x + 14, y + 10), 3, "#4a5060")
    for index, frame in enumerate(frames):
        lay(canvas, frame, small, 18 + index * (small.width + 20), 48)
    (slide,) = titled([from_pillow(frames[2])[0]], [title["title"]], title)
    lay(canvas, slide, Size(590, 332), 217, 224, shade=0.6)
    return canvas


def poster_thumbnail() -> Image.Image:
    """A poster with its title painted into it."""
    title = values_of(POSTER)["PrimitiveStringMultiline"]["value"]
    poster = to_pillow(landscape("sunset", 12, SLIDE)).convert("RGB")
    pen = ImageDraw.Draw(poster)
    words = title.upper().split()
    for line, text in enumerate((" ".join(words[:2]), " ".join(words[2:]))):
        pen.text((110, 150 + line * 190), text, "#fff1d0", inter(170, bold=True), anchor="lm")
    canvas = Image.new("RGB", THUMBNAIL, LIGHT)
    lay(canvas, poster, Size(900, 506), 62, 35, shade=0.5)
    return canvas


def main() -> None:
    makers = {
        LORAS: loras_thumbnail,
        CONTROLLED: controlled_thumbnail,
        FLUX: flux_thumbnail,
        VIDEO: video_thumbnail,
        POSTER: poster_thumbnail,
    }
    for name, make in makers.items():
        save(make(), CHECKOUT / "workflows" / f"{name}.jpg", THUMBNAIL_LIMIT)


if __name__ == "__main__":
    main()
