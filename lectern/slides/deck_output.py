"""One deck in the files that were asked for."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from .deck_model import DeckSlide, DeckStyle
from .deck_pdf import save_pdf
from .deck_template import Template, template_size
from .decks import save_deck
from .pdf import Encoding
from .type import Font

FORMATS = {"pptx": (".pptx",), "pdf": (".pdf",), "both": (".pptx", ".pdf")}


class DeckFiles(NamedTuple):
    """How the deck is saved."""

    format: str  # one of FORMATS
    encoding: Encoding  # of the PDF's pictures
    fonts: Callable[[bool], Font]  # for what the PDF draws: bold or plain
    template: Template | None = None  # of the PPTX; the PDF takes its page size

    @property
    def suffixes(self) -> tuple[str, ...]:
        return FORMATS[self.format]


def save_files(
    paths: Sequence[Path],
    slides: Sequence[DeckSlide],
    style: DeckStyle,
    files: DeckFiles,
    step: Callable[[], None],
) -> None:
    """Writes each file whole or not at all; `step` is called once a slide and file."""
    for path in paths:
        if path.suffix == ".pptx":
            save_deck(path, slides, style, step, files.template)
        else:
            size = template_size(files.template) if files.template else None
            save_pdf(path, slides, style, files.encoding, files.fonts, step, size)
