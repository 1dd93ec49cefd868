"""Text files that people keep for their prompts: read with a bound, as UTF-8, and told apart by when they changed."""

import stat
from pathlib import Path

from .errors import TextsError

LARGEST = 8  # megabytes

Stamp = tuple[int, int, int]  # changes when the file does


def stamp_of(file: Path) -> Stamp | None:
    """None when there is no such file, or when it is something else, such as a folder or a pipe."""
    try:
        status = file.stat()
    except (OSError, ValueError):
        return None
    return (status.st_mtime_ns, status.st_size, status.st_ino) if stat.S_ISREG(status.st_mode) else None


def read_utf8(file: Path) -> str:
    """The text, without a byte order mark.

    Raises:
        TextsError: unreadable, too large, not UTF-8, or with zero bytes; names the file and the line.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST * 2**20 + 1)
    except OSError as error:
        raise TextsError(
            f"{file} cannot be read ({(error.strerror or type(error).__name__).lower()}). Correct its permissions, or"
            " take it away."
        ) from error
    if len(content) > LARGEST * 2**20:
        raise TextsError(f"{file} is larger than {LARGEST} MB. Divide it into smaller files.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TextsError(f"{file}, line {line}, is not UTF-8. Save the file with the encoding UTF-8.") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise TextsError(f"{file}, line {line}, holds a zero byte, so it is no text. Save the file as text in UTF-8.")
    return text
