"""Styles: prompts to be put around another, as AUTOMATIC1111 keeps them in styles.csv.

Format and meaning are those of modules/styles.py there: columns `name`, `prompt` and `negative_prompt`, in older files
`name` and `text`; `{prompt}` is where the other prompt goes, which else comes first; a name that starts with # is a
comment, and one with neither prompt is a divider in its menu.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import TextsError
from .textfiles import Stamp, read_utf8, stamp_of

MOST_ROWS = 20_000  # of one file
_PLACE = "{prompt}"
_REMEMBERED = 64  # files
_SHOWN_NAMES = 400  # characters of all names in an error

_memory: dict[Path, tuple[Stamp, tuple["Style", ...]]] = {}


@dataclass(frozen=True)
class Style:
    name: str
    prompt: str
    negative: str


def read_styles(files: Sequence[Path]) -> dict[str, Style]:
    """By name. Of two with one name the one in the later file counts; missing files are no error.

    Raises:
        TextsError: a file is damaged or too large; names it and the line.
    """
    return {style.name: style for file in files for style in _remembered(file)}


def applied(style: Style, prompt: str, negative: str) -> tuple[str, str]:
    """Prompt and negative prompt with the style."""
    return _merged(style.prompt, prompt), _merged(style.negative, negative)


def stamp(files: Sequence[Path]) -> str:
    """Changes when one of the files does, comes or goes."""
    return repr([(str(file), stamp_of(file)) for file in files])


def _merged(style: str, prompt: str) -> str:
    if _PLACE in style:
        return style.replace(_PLACE, prompt)
    return ", ".join(filter(None, [prompt.strip(), style.strip()]))


def _remembered(file: Path) -> tuple[Style, ...]:
    now = stamp_of(file)
    if now is None:
        if file.exists():
            raise TextsError(f"{file} is no file. Name a styles.csv under [prompts] in lectern.toml.")
        return ()
    known = _memory.get(file)
    if known is None or known[0] != now:
        known = (now, tuple(_read(file)))
        if len(_memory) >= _REMEMBERED:
            _memory.clear()
        _memory[file] = known
    return known[1]


def _read(file: Path) -> Iterator[Style]:
    rows = csv.reader(io.StringIO(read_utf8(file), newline=""), skipinitialspace=True)
    header: list[str] | None = None
    try:
        for count, row in enumerate(rows):
            if count > MOST_ROWS:
                raise TextsError(
                    f"{file}, line {rows.line_num}: there are more than {MOST_ROWS} rows. Divide it into several files."
                )
            if header is None:
                header = _checked_header(file, row) if row else None
            elif style := _style(dict(zip(header, row, strict=False))):
                yield style
    except csv.Error as error:
        raise TextsError(
            f"{file}, line {rows.line_num}, is not correct CSV ({error}). Look for a quotation mark that is missing"
            " in it or above."
        ) from error


def _checked_header(file: Path, row: list[str]) -> list[str]:
    header = [name.strip().lower() for name in row]
    if "name" not in header or not {"prompt", "text"} & set(header):
        raise TextsError(
            f"{file}, line 1, does not name the columns. Write `name,prompt,negative_prompt` into its first line."
        )
    return header


def _style(row: dict[str, str]) -> Style | None:
    name = row.get("name", "").strip()
    prompt = row.get("prompt", row.get("text", ""))
    negative = row.get("negative_prompt", "")
    if not name or name.startswith("#") or not (prompt.strip() or negative.strip()):
        return None
    return Style(name, prompt, negative)


def chosen(name: str, styles: dict[str, Style]) -> Style:
    """Raises TextsError: there is no style of this name."""
    if name not in styles:
        known = ", ".join(styles)[:_SHOWN_NAMES] or "none: there is no styles.csv yet"
        raise TextsError(f"There is no style {name[:80]!r} in styles.csv. Choose one of those that are there: {known}.")
    return styles[name]
