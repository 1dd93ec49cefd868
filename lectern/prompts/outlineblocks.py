"""What stands below one heading of an outline in Markdown, put where it belongs line by line. See markdown.py."""

import re
from collections import defaultdict
from typing import Literal

from .outlinelines import Line

_LONGEST_BULLET = 200  # characters of a line without a mark that is still a bullet
_LEVEL = re.compile(r"^[0-9]{1,3}$")


class Block:
    """A heading and what is below it; the deck's own block begins before its heading, or has none."""

    def __init__(self, role: Literal["deck", "section", "slide"]) -> None:
        self.role = role
        self.title, self.number = "", 0  # 0: its heading has not come
        self.bullets: list[str] = []
        self.fields: defaultdict[str, list[str]] = defaultdict(list)
        self._open = ""  # the field that lines without a mark are added to
        self._kept = False  # also after a blank line: the label above is still empty
        self._after_bullet = False

    @property
    def is_empty(self) -> bool:
        return not self.bullets and not self.fields

    def joined(self, name: str) -> str:
        return "\n".join(self.fields.get(name, ())).strip()

    def begin(self, heading: Line) -> None:
        self.title, self.number = heading.text, heading.number
        self.bullets.clear()  # what a model says before it begins
        self._settle()

    def take(self, line: Line) -> None:
        match line.kind:
            case "blank" if not self._kept:
                self._settle()
            case "bullet":
                self._settle(after_bullet=True)
                self.bullets += [line.text] if line.text else []
            case "quote":
                self._settle(open="notes")
                self.fields["notes"].append(line.text)
            case "label":
                self._take_label(line)
            case "plain":
                self._take_plain(line)

    def _settle(self, open: str = "", kept: bool = False, after_bullet: bool = False) -> None:
        self._open, self._kept, self._after_bullet = open, kept, after_bullet

    def _take_label(self, line: Line) -> None:
        known = self.role == "deck" or line.field not in ("look", "cover")
        if line.field == "bullets" and not line.text:
            self._settle()
        elif not known or line.field == "bullets" or (line.field == "level" and not _LEVEL.match(line.text)):
            self.take(Line("bullet", line.whole, line.number))
        else:
            empty = not line.text and line.field not in ("section", "cover")
            self._settle(open=line.field if empty or line.field == "notes" else "", kept=empty)
            self.fields[line.field] += [line.text] if line.text or line.field != "notes" else []

    def _take_plain(self, line: Line) -> None:
        if self._open:
            self.fields[self._open].append(line.text)
            self._kept = False
        elif self._after_bullet and line.indented and self.bullets:
            self.bullets[-1] = f"{self.bullets[-1]} {line.text}"
        elif len(line.text) > _LONGEST_BULLET:
            self.fields["notes"].append(line.text)
        else:
            self.bullets.append(line.text)
