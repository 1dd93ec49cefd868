"""`python -m tools.contact_sheet <folder>`: its slides on one sheet. Runs in the environment, it needs Pillow."""

import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageOps

COLUMNS = 3
CELL_WIDTH = 560  # px
MARGIN = 28  # px, around the sheet and between slides
PAPER = "#eceef2"


def contact_sheet(pictures: Sequence[Image.Image]) -> Image.Image:
    """A tidy grid, row by row; the first picture's aspect is every cell's, others are fitted into it whole."""
    cell = (CELL_WIDTH, round(CELL_WIDTH * pictures[0].height / pictures[0].width))
    columns = min(COLUMNS, len(pictures))
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (span(columns, cell[0]), span(rows, cell[1])), PAPER)
    for index, picture in enumerate(pictures):
        small = ImageOps.contain(picture.convert("RGBA"), cell, Image.Resampling.LANCZOS)
        row, column = divmod(index, columns)
        left = span(column, cell[0]) + (cell[0] - small.width) // 2
        top = span(row, cell[1]) + (cell[1] - small.height) // 2
        sheet.paste(small, (left, top), small)
    return sheet


def span(count: int, size: int) -> int:
    """Pixels from the sheet's edge across so many cells, margins included."""
    return MARGIN + count * (size + MARGIN)


def main(folder: Path) -> None:
    """Write contact-sheet.png beside the slides."""
    pictures = [Image.open(file) for file in sorted(folder.glob("slide-*"))]
    contact_sheet(pictures).save(folder / "contact-sheet.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
