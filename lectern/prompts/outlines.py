"""A planned deck: slides in order, each with its texts and its picture. Values alone."""

from dataclasses import dataclass, field

COVER, CHAPTER, POINT = 0, 1, 2  # numbering levels: none, 1, 1.1


@dataclass(frozen=True)
class Slide:
    title: str
    bullets: tuple[str, ...] = ()  # 3 to 5 lines; a cover has none
    subtitle: str = ""  # of a cover
    section: str = ""  # empty: of none
    notes: str = ""  # what the speaker says
    picture: str = ""  # the idea of the picture, in words; what a prompt is made from
    prompt: str = ""  # for the image model; empty: yet to be written
    negative: str = ""
    alt_text: str = ""
    level: int = POINT


@dataclass(frozen=True)
class Outline:
    title: str
    slides: tuple[Slide, ...]
    look: str = ""  # what all pictures have in common
    notes: tuple[str, ...] = field(default=(), compare=False)  # for the person, one sentence each


@dataclass(frozen=True)
class Plan:
    """What is wished of a deck."""

    topic: str  # a few words, or a whole document
    slides: int  # in all, cover included
    audience: str = ""
    language: str = ""  # a name of languages.LANGUAGES; empty: as the topic
    tone: str = ""
    look: str = ""  # empty: to be proposed
    family: str = "SDXL"  # of the image model that will make the pictures
    use: str = "background with calm space"  # of all pictures but the cover's
    cover: bool = True  # the first slide is the deck's title
    seed: int = 0
