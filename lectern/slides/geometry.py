"""Where things go on a slide: named formats, anchors, fits, and PowerPoint's units. Pure arithmetic."""

from typing import NamedTuple

EMU_PER_INCH = 914400  # PowerPoint's unit of length
SHORT_SIDE_INCHES = 7.5  # of PowerPoint's own 16:9 and 4:3 slides
LONG_SIDE_INCHES = 56  # the longest side that PowerPoint opens

FORMATS = {
    "16:9": 16 / 9,
    "4:3": 4 / 3,
    "16:10": 16 / 10,
    "A4": 297 / 210,
    "1:1": 1.0,
    "9:16": 9 / 16,
}

ANCHORS = {  # name -> share of the free space left of and above the thing
    "top left": (0.0, 0.0),
    "top": (0.5, 0.0),
    "top right": (1.0, 0.0),
    "left": (0.0, 0.5),
    "center": (0.5, 0.5),
    "right": (1.0, 0.5),
    "bottom left": (0.0, 1.0),
    "bottom": (0.5, 1.0),
    "bottom right": (1.0, 1.0),
}

FITS = ("cover", "contain", "stretch")


class Size(NamedTuple):
    width: int  # pixels
    height: int  # pixels


class Box(NamedTuple):
    """A rectangle in pixels; may lie partly outside its frame."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.left + self.width

    @property
    def bottom(self) -> int:
        return self.top + self.height

    def clipped(self, size: Size) -> "Box":
        left, top = max(0, self.left), max(0, self.top)
        return Box(left, top, max(0, min(self.right, size.width) - left), max(0, min(self.bottom, size.height) - top))


class Fit(NamedTuple):
    """How a source becomes a slide: cut `crop` out of it, scale that to `target`, which lies on the slide."""

    crop: tuple[float, float, float, float]  # left, top, width, height in source pixels
    target: Box


def format_size(name: str, short_side: int) -> Size:
    """Pixel size of a named format whose shorter side is given; exact, never rounded to a multiple."""
    ratio = FORMATS[name]
    long_side = round(short_side * max(ratio, 1 / ratio))
    return Size(long_side, short_side) if ratio >= 1 else Size(short_side, long_side)


def fit(source: Size, slide: Size, mode: str, anchor: str) -> Fit:
    """Places a picture on a slide.

    cover fills the slide and cuts what is over, contain shows all of it, stretch changes its shape. The anchor says
    which part stays (cover) or where the picture sits (contain).
    """
    across, down = ANCHORS[anchor]
    whole = Box(0, 0, slide.width, slide.height)
    if mode == "stretch":
        return Fit((0.0, 0.0, float(source.width), float(source.height)), whole)
    if mode == "cover":
        scale = max(slide.width / source.width, slide.height / source.height)
        width, height = slide.width / scale, slide.height / scale
        return Fit(((source.width - width) * across, (source.height - height) * down, width, height), whole)
    scale = min(slide.width / source.width, slide.height / source.height)
    width = max(1, min(slide.width, round(source.width * scale)))
    height = max(1, min(slide.height, round(source.height * scale)))
    box = Box(round((slide.width - width) * across), round((slide.height - height) * down), width, height)
    return Fit((0.0, 0.0, float(source.width), float(source.height)), box)


def place(thing: Size, slide: Size, anchor: str, margin: int) -> Box:
    """Puts a thing at an anchor of the slide, `margin` pixels away from the edges it touches."""
    across, down = ANCHORS[anchor]
    left = margin + (slide.width - 2 * margin - thing.width) * across
    top = margin + (slide.height - 2 * margin - thing.height) * down
    return Box(round(left), round(top), thing.width, thing.height)


def shifted(box: Box, slide: Size, x: float, y: float) -> Box:
    """The box moved by percent of the slide's width to the right and of its height downwards."""
    return box._replace(left=box.left + round(slide.width * x / 100), top=box.top + round(slide.height * y / 100))


def percent(share: float, slide: Size) -> int:
    """Percent of the slide's shorter side in pixels, so that landscape and portrait look alike."""
    return round(min(slide) * share / 100)


def slide_emu(size: Size) -> tuple[int, int]:
    """Width and height of a PowerPoint slide for a picture, in EMU.

    The shorter side is 7.5 inches, as PowerPoint's own slides have it (16:9 gives 12192000 x 6858000), unless the
    longer one would pass the 56 inches that PowerPoint allows.
    """
    short, long = sorted(size)
    short_inches = min(SHORT_SIDE_INCHES, LONG_SIDE_INCHES * short / long)
    per_pixel = short_inches * EMU_PER_INCH / short
    return round(size.width * per_pixel), round(size.height * per_pixel)
