"""The README's section on apps: its code blocks and tables."""

import re
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).parents[2] / "README.md"


class Block(NamedTuple):
    language: str
    text: str


def section(title: str) -> str:
    """Of the second level, without its heading."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", FILE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert found, f"README.md has no section {title}"
    return found[1]


def blocks(title: str) -> list[Block]:
    return [Block(*found) for found in re.findall(r"^```(\w*)\n(.*?)^```$", section(title), re.DOTALL | re.MULTILINE)]


def block(language: str, word: str) -> str:
    """The only block of that language on apps that holds the word."""
    (found,) = [one.text for one in blocks("Workflows as apps") if one.language == language and word in one.text]
    return found


def table(title: str, first: str) -> dict[str, str]:
    """First cell -> the others, of the table whose heading begins with `first`."""
    rows = section(title).partition(f"\n| {first} |")[2].partition("\n\n")[0].splitlines()[2:]
    cells = [row.strip("| ").split(" | ") for row in rows]
    return {row[0]: " | ".join(row[1:]) for row in cells}
