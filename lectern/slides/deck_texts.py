"""The texts of a deck's inputs, one of each kind for every slide."""

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor

from ..errors import LengthError
from .deck_model import DeckSlide
from .sequence import spread, texts_of


class DeckTexts(NamedTuple):
    """As inputs gave them: one text to split, or a list with one a slide."""

    titles: Sequence[str]  # lines
    alts: Sequence[str]  # lines
    notes: Sequence[str]  # paragraphs
    bodies: Sequence[str]  # paragraphs
    sections: Sequence[str]  # lines


def deck_slides(frames: Sequence[Tensor], texts: DeckTexts, most: int, longest: int) -> list[DeckSlide]:
    """Pictures (H, W, C) with their texts.

    Args:
        most: slides allowed.
        longest: characters allowed in one text.

    Raises:
        LengthError: too many slides, or another number of texts than pictures.
        TextError: a text is too long.
    """
    if len(frames) > most:
        raise LengthError(
            f"The deck would have {len(frames)} slides; {most} are allowed (limits.slides in lectern.toml). Make"
            " several decks or raise the limit."
        )

    def each(values: Sequence[str], split: str, what: str) -> list[str]:
        return spread(texts_of(values, split, longest), len(frames), what)

    columns = zip(
        frames,
        each(texts.titles, "lines", "titles"),
        each(texts.alts, "lines", "alternative texts"),
        each(texts.notes, "paragraphs", "notes"),
        each(texts.bodies, "paragraphs", "body texts"),
        each(texts.sections, "lines", "sections"),
        strict=True,
    )
    return [DeckSlide(*column) for column in columns]
