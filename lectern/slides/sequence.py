"""Texts that belong to pictures: one for each, one for all, or an error that names both counts."""

import re
from collections.abc import Sequence

from ..errors import LengthError, TextError

SPLITS = ("lines", "paragraphs", "none")


def split_text(text: str, split: str) -> list[str]:
    """One text into one per slide: every line, every paragraph (blank lines between), or all of it as one."""
    if split == "lines":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if split == "paragraphs":
        return [part.strip() for part in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n")) if part.strip()]
    return [text] if text.strip() else []


def texts_of(values: Sequence[str], split: str, limit: int) -> list[str]:
    """What a text input gave: a list as it came (one entry a slide), a single text split.

    Raises:
        TextError: a text is longer than `limit` characters.
    """
    longest = max((len(value) for value in values), default=0)
    if longest > limit:
        raise TextError(
            f"A text has {longest} characters; {limit} are allowed (limits.text in lectern.toml). Shorten it."
        )
    return split_text(values[0], split) if len(values) == 1 else list(values)


def spread(values: Sequence[str], count: int, what: str) -> list[str]:
    """Exactly `count` texts: none gives empty ones, one serves all.

    Raises:
        LengthError: another number of texts than pictures.
    """
    if len(values) == count:
        return list(values)
    if len(values) <= 1:
        return list(values) * count or [""] * count
    raise LengthError(
        f"There are {len(values)} {what} for {count} picture{'s' if count != 1 else ''}. Give one {what.rstrip('s')}"
        " for each picture, or a single one for all."
    )
