"""Where the texts of a deck stand. Pure arithmetic in any unit (EMU in a PPTX, pixels in a PDF's pictures)."""

import math
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor

from .deck_model import DeckSlide, TextLook
from .geometry import ANCHORS, Box, Size, fit, percent, place

LINE_HEIGHT = 1.2  # baseline to baseline, in text sizes
BODY_SHARE = 0.5  # text size of the body, of the title's
INDENT = 1.1  # of a bullet's text, in text sizes
_MARGIN = 6.0  # percent of the shorter side
_WIDTH = 0.86  # of the room between the margins
_ROOM = 0.92  # of the height between the margins
_SHRINK = 0.9  # one step down when a text does not fit
_WIDE, _NARROW = 1.0, 0.57  # advance of a letter, in text sizes: East Asian, any other (bold)
_NUMBER_HEIGHT = 0.05  # of the slide's height
_NUMBER_WIDTH = 0.12  # of the slide's width
_NUMBER_MARGIN = 3.5  # percent of the slide's shorter side
_COLUMN_ROWS = 12  # entries below each other on a contents slide
_ONE_COLUMN = 8  # up to this many entries stand in one column


class Block(NamedTuple):
    """A piece of text and its place."""

    box: Box
    size: int  # of the letters


class TextPlan(NamedTuple):
    title: Block
    body: Block

    @property
    def box(self) -> Box:
        """Around both."""
        top = min(self.title.box.top, self.body.box.top)
        return Box(self.title.box.left, top, self.title.box.width, self.body.box.bottom - top)


class ContentsPage(NamedTuple):
    title: Block
    rows: tuple[Box, ...]
    size: int  # of the rows' letters


def plan_text(title: str, body: str, look: TextLook, whole: Size) -> TextPlan:
    """Title and body as one block at the look's anchor; both shrink together until the block fits the slide."""
    margin = percent(_MARGIN, whole)
    width = round((whole.width - 2 * margin) * _WIDTH)
    size = max(1, percent(look.size, whole))
    heights = _heights(title, body, size, width)
    while sum(heights) > (whole.height - 2 * margin) * _ROOM and size > max(1, percent(1.5, whole)):
        size = max(1, int(size * _SHRINK))
        heights = _heights(title, body, size, width)
    box = place(Size(width, sum(heights)), whole, look.anchor, margin)
    return TextPlan(
        Block(Box(box.left, box.top, width, heights[0]), size),
        Block(Box(box.left, box.bottom - heights[2], width, heights[2]), max(1, round(size * BODY_SHARE))),
    )


def _heights(title: str, body: str, size: int, width: int) -> tuple[int, int, int]:
    """Of the title, the gap and the body."""
    small = size * BODY_SHARE
    above = _height(title, size, width)
    below = _height(body, small, width - small * INDENT)
    return above, round(0.6 * small) if above and below else 0, below


def _height(text: str, size: float, width: float) -> int:
    """Estimated, since the fonts of the machine that shows the deck are not known here."""
    return round(sum(_lines(line, size, width) for line in text.split("\n")) * size * LINE_HEIGHT) if text else 0


def _lines(text: str, size: float, width: float) -> int:
    ems = sum(_WIDE if unicodedata.east_asian_width(letter) in "WF" else _NARROW for letter in text)
    return max(1, math.ceil(ems * size / max(1.0, width)))


def number_block(whole: Size) -> Block:
    margin = percent(_NUMBER_MARGIN, whole)
    width, height = round(whole.width * _NUMBER_WIDTH), round(whole.height * _NUMBER_HEIGHT)
    return Block(Box(whole.width - width - margin, whole.height - height - margin, width, height), round(height * 0.48))


def watermark_block(anchor: str, whole: Size) -> Block:
    size = max(1, percent(2.8, whole))
    room = Size(round(whole.width * 0.5), round(size * LINE_HEIGHT))
    return Block(place(room, whole, anchor, percent(4, whole)), size)


def pixel_size(frame: Tensor) -> Size:
    """Of one (H, W, C) frame."""
    return Size(frame.shape[1], frame.shape[0])


def shown_box(pixels: Size, whole: Size) -> Box:
    """Where a picture lies on its slide: over all of it, or as large as it fits when its shape is another."""
    box = fit(pixels, whole, "contain", "center").target
    if abs(box.width - whole.width) <= whole.width / pixels.width and box.height >= whole.height - 2:
        return Box(0, 0, *whole)  # the same shape but for rounding: no hairline at the edge
    return box


def covering_box(pixels: Size, whole: Size) -> Box:
    """Where a picture lies that fills its slide; what is over hangs out on both sides."""
    scale = max(whole.width / pixels.width, whole.height / pixels.height)
    width, height = max(whole.width, round(pixels.width * scale)), max(whole.height, round(pixels.height * scale))
    return Box((whole.width - width) // 2, (whole.height - height) // 2, width, height)


def cover_cuts(pixels: Size, whole: Size) -> tuple[float, float]:
    """What is cut off a picture that fills a box, on the left as on the right and above as below; of its own size."""
    box = covering_box(pixels, whole)
    return (box.width - whole.width) / 2 / box.width, (box.height - whole.height) / 2 / box.height


def pixel_box(box: Box, shown: Box, pixels: Size) -> Box:
    """The part of a picture, shown at `shown`, that lies under `box`; in pixels, at least one of them."""
    across, down = pixels.width / shown.width, pixels.height / shown.height
    left = min(pixels.width - 1, max(0, round((box.left - shown.left) * across)))
    top = min(pixels.height - 1, max(0, round((box.top - shown.top) * down)))
    return Box(left, top, max(1, round(box.width * across)), max(1, round(box.height * down))).clipped(pixels)


def contents_entries(slides: Sequence[DeckSlide]) -> list[int]:
    """The slides that a contents slide lists: those with a title, a title that goes on over several only once."""
    return [
        index
        for index, slide in enumerate(slides)
        if slide.title.strip() and (index == 0 or slide.title != slides[index - 1].title)
    ]


CONTENTS_CAPACITY = 2 * _COLUMN_ROWS  # entries on one contents slide


def contents_page(count: int, whole: Size, below: int = 0) -> ContentsPage:
    """Places for `count` entries in one or two columns; `below` is where a template's own heading ends."""
    margin = percent(7, whole)
    size = percent(8, whole)
    heading = Box(margin, margin, whole.width - 2 * margin, round(size * LINE_HEIGHT))
    columns = 1 if count <= _ONE_COLUMN else 2
    down = math.ceil(count / columns)
    top, gutter = max(heading.bottom + percent(5, whole), min(below, whole.height // 2)), margin
    # Room for the slide's own number stays free below.
    height = min(percent(9.5, whole), (whole.height - top - round(1.6 * margin)) // max(down, 1))
    width = (whole.width - 2 * margin - (columns - 1) * gutter) // columns
    rows = tuple(
        Box(margin + index // down * (width + gutter), top + index % down * height, width, height)
        for index in range(count)
    )
    return ContentsPage(Block(heading, size), rows, max(1, min(percent(4.2, whole), round(height * 0.56))))


def shortened(title: str, width: float, size: float) -> str:
    """A title that would not fit one line ends in an ellipsis."""
    room = width / size
    narrow = 0.9 * _NARROW  # not bold
    for index, letter in enumerate(title):
        room -= _WIDE if unicodedata.east_asian_width(letter) in "WF" else narrow
        if room < 0:
            return title[: max(1, index - 1)].rstrip() + "…"
    return title


def alignment(anchor: str) -> float:
    """0 left, 0.5 middle, 1 right."""
    return ANCHORS[anchor][0]
