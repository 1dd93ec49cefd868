"""What stands on each slide: a title with what belongs below it, and the values that templates fill in."""

import datetime
from collections.abc import Sequence

from .lettering import Passage
from .numbering import fill
from .sequence import spread
from .type import Part

# Sizes and spaces in title sizes. A subtitle sits close to its title; points keep some distance from both.
_SUBTITLE, _SUBTITLE_GAP = 0.45, 0.42
_BODY, _BODY_GAP = 0.42, 0.62

PLACEHOLDERS = ("n", "total", "date", "title", "section")


def title_passages(count: int, titles: Sequence[str], subtitles: Sequence[str], bodies: Sequence[str]) -> list[Passage]:
    """One block for each of `count` slides.

    Raises:
        LengthError: another number of texts than slides.
    """
    rows = zip(
        spread(titles, count, "titles"),
        spread(subtitles, count, "subtitles"),
        spread(bodies, count, "body texts"),
        strict=True,
    )
    return [
        (
            Part(title),
            Part(subtitle, _SUBTITLE, False, _SUBTITLE_GAP),
            Part(body, _BODY, False, _BODY_GAP, bullets=True),
        )
        for title, subtitle, body in rows
    ]


def watermark_texts(count: int, templates: Sequence[str], titles: Sequence[str], sections: Sequence[str]) -> list[str]:
    """The watermark of each slide, filled in.

    Raises:
        LengthError: another number of texts than slides.
        TextError: a placeholder that does not exist.
    """
    today = datetime.date.today().isoformat()
    rows = zip(
        spread(templates, count, "texts"),
        spread(titles, count, "titles"),
        spread(sections, count, "sections"),
        strict=True,
    )
    return [
        fill(template, dict(zip(PLACEHOLDERS, (str(index), str(count), today, title, section), strict=True)))
        for index, (template, title, section) in enumerate(rows, 1)
    ]
