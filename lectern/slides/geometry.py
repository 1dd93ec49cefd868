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
    "banner": 3.0,
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

FITS = ("cover", "contain", "stretch", "blur-fill", "edge-extend")

ALWAYS, ONLY_IF_SMALLER, NEVER = "always", "only if smaller", "never"
UPSCALES = (ALWAYS, ONLY_IF_SMALLER, NEVER)


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
    """Places a picture on a slide at an anchor, enlarged where it must be; see `arrange`."""
    return arrange(source, slide, mode, ANCHORS[anchor], ALWAYS)


def arrange(source: Size, slide: Size, mode: str, shares: tuple[float, float], upscale: str) -> Fit:
    """Places a picture on a slide.

    cover fills the slide and cuts what is over, stretch changes the picture's shape, every other fit shows all of it.

    Args:
        shares: how much (0 to 1) of what is cut, or of the room left free, lies left of and above what is seen: what
            CSS means by a background-position in percent.
        upscale: "always"; "never" keeps a side that would grow at its own size; "only if smaller" does so unless
            both sides of the picture are smaller than the slide's.
    """
    across, down = shares
    grow_x, grow_y = _growth(source, slide, mode, upscale)
    crop_width, crop_height = min(source.width, slide.width / grow_x), min(source.height, slide.height / grow_y)
    width = max(1, min(slide.width, round(source.width * grow_x)))
    height = max(1, min(slide.height, round(source.height * grow_y)))
    return Fit(
        ((source.width - crop_width) * across, (source.height - crop_height) * down, crop_width, crop_height),
        Box(round((slide.width - width) * across), round((slide.height - height) * down), width, height),
    )


def _growth(source: Size, slide: Size, mode: str, upscale: str) -> tuple[float, float]:
    """Factors by which the picture's width and height grow (over 1) or shrink."""
    x, y = slide.width / source.width, slide.height / source.height
    if mode != "stretch":
        x = y = max(x, y) if mode == "cover" else min(x, y)
    smaller = source.width < slide.width and source.height < slide.height
    if upscale == ALWAYS or (upscale == ONLY_IF_SMALLER and smaller):
        return x, y
    return min(x, 1.0), min(y, 1.0)


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


def slide_inches(shape: float) -> tuple[float, float]:
    """Width and height of a PowerPoint slide of a shape (width / height), in inches.

    The shorter side is 7.5 inches, as PowerPoint's own slides have it, unless the longer one would pass the 56 inches
    that PowerPoint allows.
    """
    short = min(SHORT_SIDE_INCHES, LONG_SIDE_INCHES * min(shape, 1 / shape))
    return (short * shape, short) if shape >= 1 else (short, short / shape)


def slide_emu(size: Size) -> tuple[int, int]:
    """Width and height of a PowerPoint slide for a picture, in EMU: 16:9 gives 12192000 x 6858000."""
    width, height = slide_inches(size.width / size.height)
    return round(width * EMU_PER_INCH), round(height * EMU_PER_INCH)
