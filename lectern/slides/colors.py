"""Colours: reading them, telling light from dark, blending them evenly, and the built-in palettes."""

import colorsys
import hashlib
import re
from typing import NamedTuple

from PIL import ImageColor

from ..errors import ColorError

AUTO = "auto"
TRANSPARENT = "transparent"

PALETTES = {  # name -> a ground colour, then colours that sit well on it
    "aurora": ("#0b1026", "#1b2a6b", "#2f6fed", "#35d0ba", "#8f5bff"),
    "ocean": ("#04243a", "#0b4f6c", "#01baef", "#2d7dd2", "#97ead2"),
    "sunset": ("#2b1331", "#7a1f4f", "#e4572e", "#ffa85c", "#ffd6a0"),
    "forest": ("#0e2a1f", "#1f5d3f", "#4f9d69", "#a3c585", "#e1e8b8"),
    "berry": ("#240b2e", "#5c1a5f", "#b5179e", "#f25f8c", "#7209b7"),
    "citrus": ("#fff6d6", "#ffd23f", "#ff9f1c", "#ee6352", "#8ac926"),
    "mint": ("#f0fbf6", "#c9f0df", "#8fdcc0", "#5ab8c4", "#d7e8ff"),
    "sand": ("#f7f1e6", "#ead9bd", "#d9b88f", "#b98b73", "#8aa29e"),
    "graphite": ("#14171c", "#23282f", "#3a424d", "#5b6675", "#8a97a8"),
    "paper": ("#fbfaf7", "#efece4", "#dfe4ea", "#cfd8e3", "#f6e7d8"),
}

_WORDS = {  # words of a subject -> the palette that people expect with it
    "aurora": "night space tech technology ai digital data future software cloud cyber network startup",
    "ocean": "ocean sea water blue river lake rain ship sail marine travel health medicine trust",
    "sunset": "sunset sun fire autumn energy heat desert summer orange warm passion launch",
    "forest": "forest tree green nature earth climate garden farm sustainable ecology plant park",
    "berry": "berry music art fashion party pink purple club festival beauty love",
    "citrus": "citrus food fruit kids school play yellow spring education recipe market",
    "mint": "mint fresh clean care calm wellness spa clinic baby soft snow winter ice",
    "sand": "sand beach coffee wood home interior history museum wedding craft leather",
    "graphite": "graphite finance law report steel city car engine industry security board",
    "paper": "paper book writing notes research study science plan agenda summary",
}
_PALETTE_OF_WORD = {word: name for name, words in _WORDS.items() for word in words.split()}


class Rgb(NamedTuple):
    """sRGB, each 0 to 1."""

    red: float
    green: float
    blue: float


LIGHT = Rgb(1.0, 1.0, 1.0)
DARK = Rgb(0.0, 0.0, 0.0)
LIGHT_TEXT = LIGHT
DARK_TEXT = Rgb(0.067, 0.094, 0.153)


def parse_color(text: str) -> Rgb:
    """Reads #RGB, #RRGGBB or a CSS colour name.

    Raises:
        ColorError: says what was got and what may be written.
    """
    try:
        red, green, blue = ImageColor.getrgb(text.strip())[:3]
    except ValueError as error:
        raise ColorError(
            f"{text[:40]!r} is not a colour. Write it as #RRGGBB (for example #2f6fed) or as a name such as white."
        ) from error
    return Rgb(red / 255, green / 255, blue / 255)


def parse_colors(text: str) -> list[Rgb]:
    """Colours separated by commas, spaces or line ends; 2 to 8 of them."""
    colors = [parse_color(part) for part in re.split(r"[,;\s]+", text.strip()) if part]
    if not 2 <= len(colors) <= 8:
        raise ColorError(
            f"A custom palette needs 2 to 8 colours, got {len(colors)}. Write for example #0b1026, #2f6fed."
        )
    return colors


def palette_colors(name: str) -> list[Rgb]:
    return [parse_color(color) for color in PALETTES[name]]


def palette_from_words(words: str) -> list[Rgb]:
    """The palette that a subject calls for; words nobody foresaw give a hue of their own, always the same."""
    for word in re.findall(r"\w+", words.casefold()):
        name = _PALETTE_OF_WORD.get(word) or _PALETTE_OF_WORD.get(word.removesuffix("s"))
        if name or word in PALETTES:
            return palette_colors(name or word)
    return _palette_of_hue(int.from_bytes(hashlib.blake2b(words.casefold().encode(), digest_size=2).digest()) / 65536)


def _palette_of_hue(hue: float) -> list[Rgb]:
    """A dark ground and four neighbours of one hue, 0 to 1 around the colour circle."""
    steps = ((0.0, 0.13, 0.55), (0.02, 0.28, 0.60), (0.06, 0.48, 0.70), (-0.08, 0.60, 0.65), (0.12, 0.74, 0.75))
    return [Rgb(*colorsys.hls_to_rgb((hue + shift) % 1, light, full)) for shift, light, full in steps]


def linear(channel: float) -> float:
    """sRGB transfer curve inverted, IEC 61966-2-1."""
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def luminance(color: Rgb) -> float:
    """Relative luminance, WCAG 2.2."""
    return 0.2126 * linear(color.red) + 0.7152 * linear(color.green) + 0.0722 * linear(color.blue)


def contrast(first: float, second: float) -> float:
    """WCAG 2.2 contrast ratio (1 to 21) of two relative luminances."""
    high, low = max(first, second), min(first, second)
    return (high + 0.05) / (low + 0.05)
