"""Pictures become words, by a model that sees: prompts to make alike ones, captions, alternative texts, tags."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from .families import FAMILIES
from .instructions import DATA_ONLY, named
from .messages import Backend, Message, Question
from .together import together
from .watching import Watch
from .wishes import OWN_LANGUAGE

TASKS = ("prompt", "caption", "alt text", "tags")
DETAILS = ("short", "medium", "long")

_WORDS = {  # about how many, by detail
    "prompt": (30, 70, 140),
    "caption": (12, 30, 80),
    "alt text": (12, 25, 50),
    "tags": (10, 25, 50),
}
_WANTED = {
    "caption": "Write a caption that says what is to be seen.",
    "alt text": "Write an alternative text for people who cannot see it: what matters in it, plainly, beginning with"
    " the thing itself, not with 'An image of'.",
    "tags": "List what is to be seen as short comma-separated tags in small letters, the most important first.",
}  # fmt: skip


@dataclass(frozen=True)
class Sight:
    """What is wished of a description."""

    task: str  # one of TASKS
    family: str  # of the image model, for the task "prompt": a name of families.FAMILIES
    language: str  # OWN_LANGUAGE (for prompts the family's, else English) or a name of languages.LANGUAGES
    detail: str  # one of DETAILS
    wish: str  # more, in a person's words
    seed: int


@dataclass(frozen=True)
class Described:
    texts: tuple[str, ...]  # in the pictures' order
    notes: tuple[str, ...]  # for the person, one sentence each


async def describe(groups: Sequence[Sequence[bytes]], sight: Sight, backend: Backend, watch: Watch) -> Described:
    """One text for each group of pictures (JPEG files), as many at once as the model answers.

    Raises:
        ChatError: the first thing that went wrong; the other questions are given up.
    """
    await backend.check_sight()
    watch.expect(len(groups))
    told = await together([partial(_one, group, sight, backend, watch) for group in groups], backend.concurrency)
    return Described(tuple(text for text, _ in told), tuple(dict.fromkeys(note for _, notes in told for note in notes)))


async def _one(pictures: Sequence[bytes], sight: Sight, backend: Backend, watch: Watch) -> tuple[str, Sequence[str]]:
    asked = Question(
        (Message("system", instructions(sight)), Message("user", request(sight, len(pictures)), tuple(pictures))),
        sight.seed,
    )
    from .structured import ask_text  # not while ComfyUI starts

    answer = await ask_text(backend, asked, watch.part())
    watch.ended()
    return answer


def instructions(sight: Sight) -> str:
    """The system text."""
    sentences = [
        "You look at pictures and describe them for people who make presentations.",
        f"You write prompts for an image generation model. {FAMILIES[sight.family].guidance}"
        if sight.task == "prompt"
        else "",
        "Say only what is to be seen. Read writing in the picture only where it matters.",
        "Answer with the text alone.",
        DATA_ONLY,
    ]
    return "\n".join(sentence for sentence in sentences if sentence)


def request(sight: Sight, count: int) -> str:
    """What stands beside the pictures."""
    wanted = _WANTED.get(sight.task, "Write the prompt that would make a picture like this.")
    subject = "These pictures belong together: write one text for what they share." if count > 1 else ""
    words = _WORDS[sight.task][DETAILS.index(sight.detail)]
    length = f"About {words} {'tags' if sight.task == 'tags' else 'words'}, in {named(language_of(sight))}."
    return " ".join(part for part in (wanted, subject, length, sight.wish.strip()) if part)


def language_of(sight: Sight) -> str:
    """A name of LANGUAGES."""
    if sight.language != OWN_LANGUAGE:
        return sight.language
    return FAMILIES[sight.family].language if sight.task == "prompt" else "English"
