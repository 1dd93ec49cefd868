"""Dockerfiles as lines of a word and the rest."""

import re
from typing import NamedTuple

from unit.deploy.sources import DEPLOY


class Line(NamedTuple):
    word: str
    rest: str


def lines(name: str) -> list[Line]:
    text = re.sub(r"^#.*\n", "", (DEPLOY / name).read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [Line(*line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]


def of(name: str, word: str) -> list[str]:
    return [line.rest for line in lines(name) if line.word == word]


def copied(name: str) -> list[str]:
    return [source for rest in of(name, "COPY") for source in rest.split()[:-1]]
