"""What each family of image models wants of a prompt, and what a picture is for. Data for models and rules alike."""

from dataclasses import dataclass
from typing import Literal

Form = Literal["tags", "prose"]


@dataclass(frozen=True)
class Family:
    name: str  # as the widget shows it
    form: Form  # comma-separated tags, or sentences
    language: str  # what it understands best, a name of languages.LANGUAGES
    words: tuple[int, int]  # of a good prompt: fewest, most
    negative: str  # its usual negative prompt; empty where it takes none
    quality: tuple[str, ...]  # words that open every prompt, verbatim
    guidance: str  # told to a chat model that writes for it


@dataclass(frozen=True)
class Use:
    name: str  # as the widget shows it
    guidance: str  # told to a chat model
    words: tuple[str, ...]  # what the rules add to a prompt
    negative: tuple[str, ...] = ()  # and to the negative one
