"""Titles, watermarks and numbers on pictures: what to write, how large, where, in which colour."""

from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image
from torch import Tensor

from .colors import AUTO, DARK, LIGHT, Rgb, luminance, parse_color
from .geometry import ANCHORS, Box, Size, percent, place
from .stamps import Stamp, behind, blend_, common_color, readable_color, scrim, scrim_opacity, stamp_of
from .type import Font, Setting, bleed, draw, set_text

_SMALLEST = 2.0  # percent of the shorter side: the smallest text that is still text from the last row


_HEAVY = 0.5  # a veil thicker than this looks worse than a text in the other colour


class Look(NamedTuple):
    """How a text is put on a slide; percentages are of the slide's shorter side."""

    anchor: str
    size: float  # text size, percent
    margin: float  # free space to the edges, percent
    color: str  # "auto", #RRGGBB or a name
    opacity: float = 1.0  # 0 to 1
    rotation: float = 0.0  # degrees, counterclockwise
    width: float = 100.0  # widest line, percent of the space between the margins
    scrim: bool = False  # lay a veil behind the text where it would be hard to read
    alike: bool = False  # one automatic colour for all pictures, where that stays readable
    room: float = 1.0  # share of the slide's height between the margins that the text may take


class Writer:
    """Writes texts in one look; pictures of one size that get the same text share one rendering."""

    def __init__(self, look: Look, font: Font) -> None:
        self._look = look
        self._font = font
        self._color = None if look.color == AUTO else parse_color(look.color)
        self._rendered: dict[tuple[str, Size], tuple[Stamp, Box]] = {}

    def match_(self, frames: Sequence[Tensor], texts: Sequence[str]) -> None:
        """Settles one automatic colour for pictures that belong together: the one that needs the least veil."""
        if self._look.color == AUTO and self._look.alike:
            written = [(frame, text) for frame, text in zip(frames, texts, strict=True) if text.strip()]
            self._color = common_color([behind(frame, self._placed(frame, text)[1]) for frame, text in written])

    def write_(self, frame: Tensor, text: str) -> None:
        """Writes on one frame (H, W, C), in place; an empty text leaves it alone."""
        if text.strip():
            stamp, box = self._placed(frame, text)
            self._ink_(frame, stamp, box)

    def _placed(self, frame: Tensor, text: str) -> tuple[Stamp, Box]:
        key = text, Size(frame.shape[1], frame.shape[0])
        if key not in self._rendered:
            self._rendered[key] = render(*key, self._look, self._font)
        return self._rendered[key]

    def _ink_(self, frame: Tensor, stamp: Stamp, box: Box) -> None:
        seen = behind(frame, box)
        color = self._color or readable_color(seen)
        if self._look.color == AUTO and self._look.alike and scrim_opacity(seen, color) > _HEAVY:
            color = readable_color(seen)
        opacity = scrim_opacity(seen, color) if self._look.scrim else 0.0
        if opacity:
            slide = Size(frame.shape[1], frame.shape[0])
            veil = DARK if luminance(color) > 0.5 else LIGHT
            blend_(frame, scrim(_to_edges(box, slide, self._look.anchor), _reach(box, slide)), veil, opacity)
        blend_(frame, stamp, color, self._look.opacity)


def render(text: str, slide: Size, look: Look, font: Font) -> tuple[Stamp, Box]:
    """The text as a stamp for a slide of this size, and the box its block takes."""
    margin = percent(look.margin, slide)
    width = max(1.0, (slide.width - 2 * margin) * look.width / 100)
    height = max(1.0, (slide.height - 2 * margin) * look.room)
    largest = max(1, percent(look.size, slide))
    smallest = max(1, min(largest, max(6, percent(_SMALLEST, slide))))
    setting = set_text(text, font, largest, smallest, width, height)
    if look.rotation % 360:
        return _turned(setting, slide, look, margin)
    box = place(Size(round(setting.width), round(setting.height)), slide, look.anchor, margin)
    mask = draw(setting, ANCHORS[look.anchor][0])
    return stamp_of(mask, box.left - bleed(setting), box.top - bleed(setting)), box


def _turned(setting: Setting, slide: Size, look: Look, margin: int) -> tuple[Stamp, Box]:
    mask = draw(setting, ANCHORS[look.anchor][0])
    turned = mask.rotate(look.rotation, Image.Resampling.BICUBIC, expand=True)
    ink = turned.crop(turned.getbbox() or (0, 0, 1, 1))
    box = place(Size(*ink.size), slide, look.anchor, margin)
    return stamp_of(ink, box.left, box.top), box


def _to_edges(box: Box, slide: Size, anchor: str) -> Box:
    """A veil runs out to the edges that its text leans on, and fades only into the picture."""
    across, down = ANCHORS[anchor]
    left = 0 if across == 0 else box.left
    top = 0 if down == 0 else box.top
    right = slide.width if across == 1 else box.right
    bottom = slide.height if down == 1 else box.bottom
    return Box(left, top, right - left, bottom - top)


def _reach(box: Box, slide: Size) -> int:
    """How softly a veil ends, pixels: wide around a title, close around a number."""
    return max(8, min(round(3 * box.height), round(0.35 * min(slide))))


def text_color_on(frame: Tensor, box: Box) -> Rgb:
    """The colour that native text over this part of a picture should have."""
    return readable_color(behind(frame, box))


def owned(images: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    """Copies of the batches that may be written on, and their frames in order as views into the copies."""
    copies = [batch.clone() for batch in images]
    return copies, [frame for batch in copies for frame in batch]
