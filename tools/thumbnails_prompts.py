"""`python -m tools.thumbnails_prompts`: remakes the cards of the Prompts nodes' templates.

The deck is planned and drawn by the rules and the slides library, from the template's own values.
"""

import asyncio
from typing import Any

from PIL import Image, ImageOps

from lectern.images import to_pillow
from lectern.prompts.outlines import Outline, Plan
from lectern.prompts.outlining import plan_by_rules
from lectern.prompts.watching import Watch
from lectern.slides.backgrounds import background
from lectern.slides.colors import palette_colors
from lectern.slides.fields import Recipe
from lectern.slides.fonts import FontBook
from lectern.slides.lettering import Writer
from lectern.slides.passages import title_passages
from lectern.slides.type import Font
from tools.cache import CHECKOUT
from tools.help_pictures import CANVAS, SLIDE, THUMBNAIL, THUMBNAIL_LIMIT, lay, look_of, save
from tools.help_pictures_prompts import description_picture, prompt_picture
from tools.thumbnails_pipelines import values_of

DECK = "topic_to_illustrated_deck"
COLUMNS = 2
EDGE = 14  # px, between slides and around them


def slides(outline: Outline, values: dict[str, Any]) -> list[Image.Image]:
    """What the template draws for the outline."""
    ground, title = values["LecternSlideBackground"], values["LecternSlideTitle"]
    colors, zone = tuple(palette_colors(ground["palette"])), ground["calm_zone"]
    frames = [
        background(Recipe(ground["style"], colors, ground["seed"], f"0 {slide.title}", SLIDE, zone))
        for slide in outline.slides
    ]
    texts = title_passages(
        len(frames),
        [slide.title for slide in outline.slides],
        [slide.subtitle for slide in outline.slides],
        ["\n".join(slide.bullets) for slide in outline.slides],
    )
    look = look_of(title, width=title["width"], scrim=title["scrim"], alike=True, room=1.0)
    writer = Writer(look, Font(FontBook(), "", True))
    writer.match_(frames, texts)
    for frame, text in zip(frames, texts, strict=True):
        writer.write_(frame, text)
    return [to_pillow(frame) for frame in frames]


def deck_card() -> Image.Image:
    """The first four slides of the template's deck."""
    values = values_of(DECK)
    asked = values["LecternDeckOutline"]
    plan = Plan(asked["topic"], asked["slides"], asked["audience"], seed=asked["seed"], use=asked["use"])
    pictures = slides(asyncio.run(plan_by_rules(plan, Watch())), values)[: 2 * COLUMNS]
    canvas = Image.new("RGB", THUMBNAIL, CANVAS)
    width = (THUMBNAIL.width - (COLUMNS + 1) * EDGE) // COLUMNS
    size = SLIDE._replace(width=width, height=width * 9 // 16)
    rows = -(-len(pictures) // COLUMNS)
    top = (THUMBNAIL.height - rows * size.height - (rows - 1) * EDGE) // 2
    for index, picture in enumerate(pictures):
        row, column = divmod(index, COLUMNS)
        lay(canvas, picture, size, EDGE + column * (width + EDGE), top + row * (size.height + EDGE))
    return canvas


def framed(picture: Image.Image) -> Image.Image:
    """A help page's picture in the middle of a card."""
    canvas = Image.new("RGB", THUMBNAIL, CANVAS)
    small = ImageOps.contain(picture, (THUMBNAIL.width - 2 * EDGE, THUMBNAIL.height - 2 * EDGE))
    canvas.paste(small, ((THUMBNAIL.width - small.width) // 2, (THUMBNAIL.height - small.height) // 2))
    return canvas


def main() -> None:
    cards = {
        "idea_to_prompt": framed(prompt_picture()),
        "picture_to_prompt": framed(description_picture()),
        DECK: deck_card(),
    }
    for name, card in cards.items():
        save(card, CHECKOUT / "workflows" / f"{name}.jpg", THUMBNAIL_LIMIT)


if __name__ == "__main__":
    main()
