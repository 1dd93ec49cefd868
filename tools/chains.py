"""Nodes as a chain of boxes: how the help pages show where a node stands when what it does needs a model."""

from typing import NamedTuple

from PIL import Image, ImageDraw

from tools.help_pictures import CANVAS, FAINT, INK, WIDTH, inter

MARGIN = 60  # px, above and below
BOX, TALL = 280, 110  # px
QUIET, LOUD, WIRE = "#2b2f3a", "#3557c9", "#6b7385"


class Box(NamedTuple):
    left: int
    top: int
    title: str
    below: str  # what it gives


class Chain(NamedTuple):
    boxes: tuple[Box, ...]
    wires: tuple[tuple[int, int], ...]  # from box to box
    loud: int  # the box that the page is about


def drawn(chain: Chain) -> Image.Image:
    picture = Image.new("RGB", (WIDTH, max(box.top for box in chain.boxes) + TALL + MARGIN), CANVAS)
    pen = ImageDraw.Draw(picture)
    for start, end in chain.wires:
        wire(pen, chain.boxes[start], chain.boxes[end])
    for number, box in enumerate(chain.boxes):
        draw_box(pen, box, number == chain.loud)
    return picture


def wire(pen: ImageDraw.ImageDraw, start: Box, end: Box) -> None:
    """From the right edge to the left edge, bent halfway, below a box that lies between them."""
    right, left = (start.left + BOX, start.top + TALL // 2), (end.left, end.top + TALL // 2)
    bend = left[0] - 25
    pen.line([right, (bend, right[1]), (bend, left[1]), left], WIRE, 5, joint="curve")


def draw_box(pen: ImageDraw.ImageDraw, box: Box, loud: bool) -> None:
    right, bottom = box.left + BOX, box.top + TALL
    pen.rounded_rectangle((box.left, box.top, right, bottom), 12, LOUD if loud else QUIET)
    middle = (box.left + right) // 2
    pen.text((middle, box.top + 38), box.title, INK, inter(27, bold=loud), anchor="mm")
    pen.text((middle, box.top + 80), box.below, INK if loud else FAINT, inter(24), anchor="mm")
