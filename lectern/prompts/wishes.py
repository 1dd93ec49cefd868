"""What is wished of a prompt, and the prompt that came of it: values alone."""

from dataclasses import dataclass

OWN_LANGUAGE = "model's own"  # the language that a family of image models understands best


@dataclass(frozen=True)
class Wish:
    """A person's idea and how it is to become a prompt. Styles and wildcards are filled in already."""

    text: str
    family: str  # a name of families.FAMILIES
    use: str  # a name of families.USES
    creativity: float = 0.5  # 0 keeps to the words, 1 invents freely
    must: tuple[str, ...] = ()  # terms that the prompt holds verbatim
    never: tuple[str, ...] = ()  # terms that the prompt does not hold
    language: str = OWN_LANGUAGE  # of the prompt: OWN_LANGUAGE or a name of languages.LANGUAGES
    look: str = ""  # what all pictures of a deck have in common
    seed: int = 0


@dataclass(frozen=True)
class Expansion:
    positive: str
    negative: str  # empty where the family takes none
    title: str  # a few words, in the language of the idea
    alt_text: str  # one sentence for those who cannot see the picture, in the language of the idea
    notes: tuple[str, ...] = ()  # for the person, one sentence each
