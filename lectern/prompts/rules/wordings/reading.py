"""Reads the wording of a language.

PHRASES has a name, a colon and a text on each line. ARC has chapters: "# key: name", then "> " and a sentence for the
speaker's notes, then slides, a title on a line of its own and below it, indented, its lines between "|".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from . import chinese, english, french, german, spanish

_SOURCES = {"English": english, "中文": chinese, "Deutsch": german, "Français": french, "Español": spanish}


@dataclass
class Angle:
    """One slide of the arc."""

    title: str
    lines: list[str] = field(default_factory=list)  # 3 to 5


@dataclass
class Chapter:
    key: str
    name: str
    advice: list[str] = field(default_factory=list)  # sentences for the speaker's notes
    angles: list[Angle] = field(default_factory=list)  # the first one opens the chapter


@dataclass(frozen=True)
class Wording:
    language: str  # a name of languages.LANGUAGES
    phrases: Mapping[str, str]
    chapters: Mapping[str, Chapter]  # in the order in which they are told

    def say(self, name: str, **values: str) -> str:
        return self.phrases[name].format(**values)


def languages() -> tuple[str, ...]:
    return tuple(_SOURCES)


@cache
def wording(language: str) -> Wording:
    """Raises KeyError for a language that is not written yet."""
    source = _SOURCES[language]
    lines = (line.partition(":") for line in source.PHRASES.strip().splitlines())
    phrases = {name: text.strip() for name, _, text in lines}
    return Wording(language, phrases, _chapters(source.ARC))


def _chapters(text: str) -> dict[str, Chapter]:
    found: list[Chapter] = []
    for line in text.strip().splitlines():
        if line.startswith("# "):
            key, _, name = line[2:].partition(":")
            found.append(Chapter(key, name.strip()))
        elif line.startswith("> "):
            found[-1].advice.append(line[2:])
        elif line.startswith(" "):
            found[-1].angles[-1].lines += [part.strip() for part in line.split("|") if part.strip()]
        else:
            found[-1].angles.append(Angle(line))
    return {chapter.key: chapter for chapter in found}
