"""`python -m tools.help_pictures_prompts`: remakes the pictures of the Prompts nodes' help pages.

What a language model writes is written here by hand: this repository has none. Slides are drawn by the library.
"""

from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image, ImageDraw

from lectern.images import to_pillow
from lectern.slides.fonts import FontBook
from lectern.slides.geometry import Size
from lectern.slides.lettering import Look, Writer
from lectern.slides.numbering import Numbering, number_texts
from lectern.slides.passages import title_passages
from lectern.slides.type import Font
from tools.chains import LOUD, QUIET, WIRE, Box, Chain, drawn
from tools.help_pictures import (
    CANVAS,
    FAINT,
    GAP,
    HELP_LIMIT,
    IMAGES,
    INK,
    WIDTH,
    all_lettered,
    inter,
    landscape,
    lay,
    save,
    slide_background,
)

LEADING, CAP = 1.36, 0.76  # line height, and height of a letter above its line, in letter sizes
PADDING = 24  # px, within a card
LABEL = 25  # px, letters of a card's name
ARROW = 13  # px, half the width of an arrow's head

EXPAND = Box(690, 60, "Prompt Expand", "one prompt")
DESCRIBE = Box(690, 190, "Prompt From Image", "one text a picture")
OUTLINE = Box(690, 320, "Deck Outline", "a whole deck")
CHAINS = {
    "chat_model": Chain(
        (
            Box(30, 60, "local", "Ollama, right here"),
            Box(30, 190, "studio", "vLLM, in the network"),
            Box(30, 320, "openrouter", "a service, by key"),
            Box(360, 190, "Chat Model", "entry and model"),
            EXPAND,
            DESCRIBE,
            OUTLINE,
        ),
        ((0, 3), (1, 3), (2, 3), (3, 4), (3, 5), (3, 6)),
        3,
    ),
    "local_chat_model": Chain(
        (
            Box(30, 60, "models/LLM", "Qwen3-4B-Instruct"),
            Box(30, 250, "Load CLIP", "Gemma 3, Qwen3-VL"),
            Box(360, 60, "Local Chat Model", "no server"),
            EXPAND,
            Box(690, 250, "Deck Outline", "a whole deck"),
        ),
        ((0, 2), (1, 2), (2, 3), (2, 4)),
        2,
    ),
}

IDEA = "a lighthouse in the fog"
PROMPT = (
    "a white lighthouse on a rocky headland in morning fog, wide cinematic composition, subject on the right, calm"
    " empty sky on the left, soft diffused light, gouache illustration, muted teal and coral, quiet mood"
)
TITLE, ALT_TEXT = "Light in the fog", "A white lighthouse on rocks, half hidden in morning fog."

SEEN = "Blue hills lie one behind the other under a pale moon."
RULED = "A nearly square picture in dark blue and teal, darkest at the top."

TOPIC, AUDIENCE = "Bees of the city", "neighbours"
DECK = (  # title, subtitle, bullets, numbering level
    ("Bees of the city", "What lives between our roofs", "", "0"),
    ("They live alone", "", "No hive and no queen\nNests in walls and sand\nOne summer long", "1"),
    ("A hole is enough", "", "Dry wood and old bricks\nSun from the south-east\nNo need to be tidy", "2"),
    ("Food in spring", "", "Willow comes first\nThen the fruit trees\nThen clover", "1"),
    ("Hungry July", "", "The lawns are mown\nThe lime trees are over\nThyme helps out", "2"),
    ("What to plant", "", "A pot of thyme\nA strip of clover\nIvy that may stay", "1"),
)


class Card(NamedTuple):
    """A box with a name and a text in it."""

    left: int
    top: int
    width: int
    label: str
    text: str
    letters: int = 34  # px
    loud: bool = False


def prompt_picture() -> Image.Image:
    """The idea above, what became of it below."""
    half = (WIDTH - 3 * GAP) // 2
    idea = Card(GAP, GAP, WIDTH - 2 * GAP, "your idea", IDEA)
    prompt = Card(GAP, bottom(idea) + 84, WIDTH - 2 * GAP, "positive", PROMPT, loud=True)
    title = Card(GAP, bottom(prompt) + GAP, half, "title", TITLE)
    alt = Card(2 * GAP + half, title.top, half, "alt_text", ALT_TEXT)
    low = max(map(bottom, (title, alt)))
    canvas = Image.new("RGB", (WIDTH, low + GAP), CANVAS)
    for card in (idea, prompt, title, alt):
        draw_card(canvas, card, low if card in (title, alt) else bottom(card))
    pen = ImageDraw.Draw(canvas)
    arrow(pen, (WIDTH // 2, bottom(idea) + 14), (WIDTH // 2, prompt.top - 14))
    pen.text((WIDTH // 2 + 34, (bottom(idea) + prompt.top) // 2), "SDXL, cover picture", FAINT, inter(28), anchor="lm")
    return canvas


def description_picture() -> Image.Image:
    """A picture, and beside it what two writers say of it."""
    left, width = 540, WIDTH - 540 - GAP
    model = Card(left, GAP, width, "alt text, by a model", SEEN, loud=True)
    rules = Card(left, bottom(model) + GAP, width, "by rules alone", RULED)
    low = bottom(rules)
    canvas = Image.new("RGB", (WIDTH, low + GAP), CANVAS)
    for card in (model, rules):
        draw_card(canvas, card, bottom(card))
    size = Size(left - 4 * GAP, low - GAP)
    lay(canvas, to_pillow(landscape("ocean", 6, Size(2 * size.width, 2 * size.height))), size, GAP, GAP)
    for card in (model, rules):
        middle = (card.top + bottom(card)) // 2
        arrow(ImageDraw.Draw(canvas), (left - 2 * GAP - 10, middle), (left - 8, middle))
    return canvas


def outline_picture() -> Image.Image:
    """A topic on the left, the slides that it became on the right."""
    small = Size(320, 180)
    left = WIDTH - 2 * (small.width + GAP)
    canvas = Image.new("RGB", (WIDTH, GAP + 3 * (small.height + GAP)), CANVAS)
    middle = canvas.height // 2
    inputs = (("topic", TOPIC), ("slides", str(len(DECK))), ("audience", AUDIENCE))
    cards = stacked([Card(GAP, 0, left - 5 * GAP, *one, letters=32, loud=one[0] == "topic") for one in inputs], middle)
    for card in cards:
        draw_card(canvas, card, bottom(card))
    arrow(ImageDraw.Draw(canvas), (left - 4 * GAP + 14, middle), (left - 14, middle))
    for index, slide in enumerate(deck_slides()):
        row, column = divmod(index, 2)
        lay(canvas, slide, small, left + column * (small.width + GAP), GAP + row * (small.height + GAP))
    return canvas


def stacked(cards: Sequence[Card], middle: int) -> list[Card]:
    """One below the other, with as much above the middle (px) as below it."""
    heights = list(map(bottom, cards))
    tops = [sum(heights[:index]) + index * GAP for index in range(len(cards))]
    first = middle - (tops[-1] + heights[-1]) // 2
    return [card._replace(top=first + top) for card, top in zip(cards, tops, strict=True)]


def deck_slides() -> list[Image.Image]:
    """With title, points and numbers by level, as the slides nodes write them."""
    titles, subtitles, bodies, levels = zip(*DECK, strict=True)
    count = len(DECK)
    frames = [slide_background("soft waves", "citrus", 1, f"{index} ") for index in range(count)]
    cover = Look("left", 19, 8, "auto", width=75, scrim=True)
    inner = Look("top left", 18, 9, "auto", scrim=True, room=0.9)
    passages = title_passages(count, titles, subtitles, bodies)
    for frame, passage, level in zip(frames, passages, levels, strict=True):
        Writer(cover if level == "0" else inner, Font(FontBook(), "", True)).write_(frame, passage)
    numbers = number_texts(count, Numbering("1.2.3", "{n}", 1, 0, levels))
    return [to_pillow(frame) for frame in all_lettered(frames, numbers, Look("bottom right", 10, 6, "auto"))]


def draw_card(canvas: Image.Image, card: Card, low: int) -> None:
    """
    Args:
        low: its lower edge, px.
    """
    pen = ImageDraw.Draw(canvas)
    pen.rounded_rectangle((card.left, card.top, card.left + card.width, low), 12, LOUD if card.loud else QUIET)
    left, top = card.left + PADDING, card.top + PADDING
    pen.text((left, top + CAP * LABEL), card.label, "#c9d4f7" if card.loud else FAINT, inter(LABEL), anchor="ls")
    top += round(LABEL * LEADING) + 6
    for number, line in enumerate(lines_of(card)):
        baseline = top + card.letters * (CAP + number * LEADING)
        pen.text((left, baseline), line, INK, inter(card.letters), anchor="ls")


def bottom(card: Card) -> int:
    """Where its text ends, and the padding."""
    text = round((len(lines_of(card)) - 1) * card.letters * LEADING) + card.letters
    return card.top + PADDING + round(LABEL * LEADING) + 6 + text + PADDING


def lines_of(card: Card) -> Sequence[str]:
    """The text in lines that fit."""
    font, room = inter(card.letters), card.width - 2 * PADDING
    lines = [""]
    for word in card.text.split():
        longer = f"{lines[-1]} {word}".strip()
        lines[-1:] = [longer] if font.getlength(longer) <= room else [lines[-1], word]
    return lines


def arrow(pen: ImageDraw.ImageDraw, start: tuple[int, int], end: tuple[int, int]) -> None:
    """Straight down or to the right."""
    (x, y), down = end, start[0] == end[0]
    neck = (x, y - ARROW) if down else (x - ARROW, y)
    pen.line([start, neck], WIRE, 6)
    wings = [(x - ARROW, y - 2 * ARROW), (x + ARROW, y - 2 * ARROW)]
    pen.polygon([end, *(wings if down else [(x - 2 * ARROW, y - ARROW), (x - 2 * ARROW, y + ARROW)])], WIRE)


def main() -> None:
    for name, chain in CHAINS.items():
        save(drawn(chain), IMAGES / f"{name}.jpg", HELP_LIMIT)
    save(prompt_picture(), IMAGES / "prompt_expand.jpg", HELP_LIMIT)
    save(description_picture(), IMAGES / "prompt_from_image.jpg", HELP_LIMIT)
    save(outline_picture(), IMAGES / "deck_outline.jpg", HELP_LIMIT)


if __name__ == "__main__":
    main()
