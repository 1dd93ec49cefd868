"""What a deck is made of: its slides and its looks, whatever file it becomes."""

from typing import NamedTuple

from torch import Tensor

from .colors import AUTO

CONTENTS_PLACES = ("none", "after the first slide", "at the beginning")


class DeckSlide(NamedTuple):
    """What one slide shows and says."""

    picture: Tensor  # (H, W, C) float32
    title: str = ""  # for outline, search and screen readers; drawn only as editable text
    alt: str = ""  # what the picture shows; the title when empty
    notes: str = ""  # speaker notes
    body: str = ""  # editable text; two lines or more become bullets
    section: str = ""  # neighbours with one name form a section; empty continues the one before


class TextLook(NamedTuple):
    """How editable text stands on a slide."""

    titles: bool = False  # show the titles; else they lie just off the slide
    anchor: str = "bottom left"
    size: float = 9.0  # of the title, percent of the slide's shorter side
    color: str = AUTO  # "auto", #RRGGBB or a name
    font: str = ""  # family; empty: the deck's own


class Watermark(NamedTuple):
    text: str = ""  # {n}, {total} and {date} are filled in
    anchor: str = "top right"


class Contents(NamedTuple):
    place: str = CONTENTS_PLACES[0]
    title: str = "Contents"


class DeckStyle(NamedTuple):
    title: str = ""  # document title
    numbers: bool = True  # a slide-number field that stays right when slides move
    author: str = ""
    subject: str = ""
    keywords: str = ""
    background: bool = False  # the picture is the slide's background, not a shape on it
    text: TextLook = TextLook()
    watermark: Watermark = Watermark()
    contents: Contents = Contents()
