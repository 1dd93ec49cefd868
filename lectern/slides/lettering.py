"""Titles, watermarks and numbers on pictures: what to write, how large, where, in which colour."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor

from .badges import Badge, badge_size, badge_stamp
from .colors import AUTO, DARK, DARK_TEXT, LIGHT, LIGHT_TEXT, Rgb, contrast, luminance, parse_color
from .geometry import ANCHORS, Box, Size, percent, place, shifted
from .inking import bleed, draw, trimmed, turned
from .memory import batches
from .stamps import Stamp, behind, blend_, common_color, readable_color, scrim, scrim_opacity, stamp_of
from .tiling import Tiling, spots
from .type import CAP_HEIGHT, Font, Part, Setting, clean, set_parts

_SMALLEST = 2.0  # percent of the shorter side: the smallest text that is still text from the last row
_SMALLEST_PART = 1.6  # the same for what stands below a title
_HEAVY = 0.5  # a veil thicker than this looks worse than a text in the other colour
_KEPT = 16  # drawings kept for the pictures to come; a deck of different titles must not pile them up

Passage = str | tuple[Part, ...]  # one text, or several parts under each other


class Look(NamedTuple):
    """How a text is put on a slide; percentages are of the slide's shorter side unless said otherwise."""

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
    offset: tuple[float, float] = (0.0, 0.0)  # to the right, down; percent of the slide's width and height
    blend: str = "normal"  # one of stamps.BLENDS
    tiling: Tiling | None = None  # repeat over the whole slide
    badge: Badge = Badge("none", AUTO)


class Drawing(NamedTuple):
    """A text ready for all slides of one size."""

    stamp: Stamp
    box: Box  # what is looked at to choose colours
    spots: Sequence[tuple[int, int]]  # top left corners of the stamp, pixels
    badge: Stamp | None = None


class Writer:
    """Writes texts in one look; pictures of one size that get the same text share one rendering."""

    def __init__(self, look: Look, font: Font) -> None:
        self._look = look
        self._font = font
        self._color = None if look.color == AUTO else parse_color(look.color)
        self._settings: dict[tuple[Passage, Size], Setting] = {}
        self._drawn: OrderedDict[tuple[Passage, Size], Drawing] = OrderedDict()

    def match_(self, frames: Sequence[Tensor], texts: Sequence[Passage]) -> None:
        """Settles one automatic colour for pictures that belong together: the one that needs the least veil."""
        if self._look.color == AUTO and self._look.alike:
            written = [(frame, text) for frame, text in zip(frames, texts, strict=True) if not blank(text)]
            self._color = common_color([behind(frame, self._box(frame, text)) for frame, text in written])

    def write_(self, frame: Tensor, text: Passage) -> None:
        """Writes on one frame (H, W, C), in place; an empty text leaves it alone."""
        if not blank(text):
            self._ink_(frame, self._drawing(frame, text))

    def _box(self, frame: Tensor, text: Passage) -> Box:
        if self._look.rotation % 360 or self._look.tiling:
            return self._drawing(frame, text).box
        slide = _size(frame)
        return _straight_box(self._setting(text, slide), slide, self._look)

    def _setting(self, text: Passage, slide: Size) -> Setting:
        key = text, slide
        if key not in self._settings:
            self._settings[key] = lay_out(text, slide, self._look, self._font)
        return self._settings[key]

    def _drawing(self, frame: Tensor, text: Passage) -> Drawing:
        key = text, _size(frame)
        if key not in self._drawn:
            self._drawn[key] = render(self._setting(*key), key[1], self._look)
            if len(self._drawn) > _KEPT:
                self._drawn.popitem(last=False)
        self._drawn.move_to_end(key)
        return self._drawn[key]

    def _ink_(self, frame: Tensor, drawing: Drawing) -> None:
        look = self._look
        seen = behind(frame, drawing.box)
        if drawing.badge:
            ground, color = badge_colors(look, seen)
            blend_(frame, drawing.badge, ground, look.opacity, look.blend)
        else:
            color = self._veiled_(frame, seen, drawing.box)
        for left, top in drawing.spots:
            blend_(frame, drawing.stamp._replace(left=left, top=top), color, look.opacity, look.blend)

    def _veiled_(self, frame: Tensor, seen: Tensor, box: Box) -> Rgb:
        """Lays the veil that the text needs, and says the text's colour."""
        look = self._look
        color = self._color or readable_color(seen)
        if look.color == AUTO and look.alike and scrim_opacity(seen, color) > _HEAVY:
            color = readable_color(seen)
        opacity = scrim_opacity(seen, color) if look.scrim else 0.0
        if opacity:
            slide = _size(frame)
            veil = DARK if luminance(color) > 0.5 else LIGHT
            blend_(frame, scrim(_to_edges(box, slide, look.anchor), _reach(box, slide)), veil, opacity)
        return color


def blank(text: Passage) -> bool:
    return not any(clean(part.text).strip() for part in _parts(text))


def _parts(text: Passage) -> tuple[Part, ...]:
    return (Part(text),) if isinstance(text, str) else text


def _size(frame: Tensor) -> Size:
    return Size(frame.shape[1], frame.shape[0])


def lay_out(text: Passage, slide: Size, look: Look, font: Font) -> Setting:
    """The text broken into lines at the size at which it fits its place on a slide."""
    margin = percent(look.margin, slide)
    width = max(1.0, (slide.width - 2 * margin) * look.width / 100)
    height = max(1.0, (slide.height - 2 * margin) * look.room)
    parts = [part for part in _parts(text) if clean(part.text).strip()]
    largest = max(1, percent(look.size, slide))
    scale = min(part.scale for part in parts)
    readable = percent(_SMALLEST, slide) if scale == 1 else percent(_SMALLEST_PART, slide) / scale
    smallest = max(1, min(largest, max(6, round(readable))))
    return set_parts(parts, font, largest, smallest, width, height)


def render(setting: Setting, slide: Size, look: Look) -> Drawing:
    """The text as a stamp for a slide of this size, where it goes, and the box its block takes."""
    ink = draw(setting, ANCHORS[look.anchor][0])
    box = _straight_box(setting, slide, look)
    if look.tiling:
        return _tiled(stamp_of(turned(ink, look.rotation), 0, 0), setting, slide, look)
    if look.badge.shape != "none":
        return _badged(stamp_of(ink, 0, 0), setting, slide, look)
    if look.rotation % 360:
        ink = trimmed(turned(ink, look.rotation))[0]
        box = place(Size(*ink.mask.size), slide, look.anchor, percent(look.margin, slide))
        box = shifted(box, slide, *look.offset)
        stamp = stamp_of(ink, box.left, box.top)
    else:
        stamp = stamp_of(ink, box.left - bleed(setting), box.top - bleed(setting))
    return Drawing(stamp, box, [(stamp.left, stamp.top)])


def _straight_box(setting: Setting, slide: Size, look: Look) -> Box:
    block = Size(round(setting.width), round(setting.height))
    return shifted(place(block, slide, look.anchor, percent(look.margin, slide)), slide, *look.offset)


def _tiled(stamp: Stamp, setting: Setting, slide: Size, look: Look) -> Drawing:
    assert look.tiling
    size = Size(stamp.mask.shape[1], stamp.mask.shape[0])
    first = shifted(place(size, slide, look.anchor, percent(look.margin, slide)), slide, *look.offset)
    block = Size(round(setting.width), round(setting.height))
    corners = spots(block, size, first, slide, look.tiling._replace(rotation=look.rotation))
    return Drawing(stamp, Box(0, 0, *slide), corners)


def _badged(stamp: Stamp, setting: Setting, slide: Size, look: Look) -> Drawing:
    """The shape stands at the anchor, and the text's ink in its middle."""
    block = Size(round(setting.width), round(setting.height - setting.pixels * (1 - CAP_HEIGHT)))
    size = badge_size(look.badge.shape, block, setting.pixels)
    box = shifted(place(size, slide, look.anchor, percent(look.margin, slide)), slide, *look.offset)
    height, width = stamp.mask.shape
    spot = box.left + round((box.width - width) / 2), box.top + round((box.height - height) / 2)
    return Drawing(stamp, box, [spot], badge_stamp(look.badge.shape, box))


def badge_colors(look: Look, seen: Tensor) -> tuple[Rgb, Rgb]:
    """Colours of a badge and of the text in it: what is automatic contrasts with the other, or with the picture."""
    text = None if look.color == AUTO else parse_color(look.color)
    if look.badge.color != AUTO:
        ground = parse_color(look.badge.color)
    elif text:
        ground = _opposite(text)
    else:
        ground = readable_color(seen)
    return ground, text or _opposite(ground)


def _opposite(color: Rgb) -> Rgb:
    """White or nearly black, whichever reads better with a colour."""
    return max((LIGHT_TEXT, DARK_TEXT), key=lambda text: contrast(luminance(text), luminance(color)))


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
    copies = [batches.copy(batch) for batch in images]
    return copies, [frame for batch in copies for frame in batch]
