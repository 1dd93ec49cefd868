"""How large a slide is in pixels: by its shorter side, by the resolution it is shown at, or by inches or cm."""

from typing import NamedTuple

from ..errors import ImageError
from .geometry import FORMATS, Size, format_size, slide_inches

CUSTOM = "custom"
PIXELS, PPI, INCHES, CENTIMETRES = "pixels", "ppi", "inches", "cm"
SIZES = (PIXELS, PPI, INCHES, CENTIMETRES)
_UNIT = {INCHES: 1.0, CENTIMETRES: 1 / 2.54}  # in inches


class Measure(NamedTuple):
    """A size as a person states it."""

    format: str  # a name of FORMATS, or "custom"
    by: str = PIXELS
    short_side: int = 1080  # pixels; by pixels, for a named format
    pixels: Size = Size(1920, 1080)  # by pixels the custom size; by ppi its shape
    ppi: int = 144  # pixels per inch
    length: tuple[float, float] = (13.333, 7.5)  # width and height in inches or centimetres


def slide_size(measure: Measure, limit: int) -> Size:
    """The slide in whole pixels, exactly what was asked for and never a multiple of anything.

    by ppi: PowerPoint's own slide of that shape (7.5 inches on its shorter side) at that resolution, so that 16:9 at
    144 is 1920 x 1080. By inches or cm: a named format keeps its shape, the width counts and the height follows.

    Raises:
        ImageError: a side is longer than `limit` pixels.
    """
    size = _BY[measure.by](measure)
    if max(size) > limit:
        raise ImageError(
            f"A slide of {size.width}x{size.height} pixels is larger than the {limit} that lectern.toml allows"
            " (limits.side). Choose a smaller size or raise the limit."
        )
    return size


def _by_pixels(measure: Measure) -> Size:
    return measure.pixels if measure.format == CUSTOM else format_size(measure.format, measure.short_side)


def _by_ppi(measure: Measure) -> Size:
    shape = measure.pixels.width / measure.pixels.height if measure.format == CUSTOM else FORMATS[measure.format]
    return _pixels(*slide_inches(shape), measure.ppi)


def _by_length(measure: Measure) -> Size:
    width, height = (length * _UNIT[measure.by] for length in measure.length)
    if measure.format != CUSTOM:
        height = width / FORMATS[measure.format]
    return _pixels(width, height, measure.ppi)


def _pixels(width: float, height: float, ppi: int) -> Size:
    """Inches -> whole pixels, at least one."""
    return Size(max(1, round(width * ppi)), max(1, round(height * ppi)))


_BY = {PIXELS: _by_pixels, PPI: _by_ppi, INCHES: _by_length, CENTIMETRES: _by_length}
