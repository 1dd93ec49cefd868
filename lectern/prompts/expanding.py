"""An idea becomes a prompt, by a chat model: written, checked against what was demanded, and repaired."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field

from .errors import ShapeError
from .families import FAMILIES, Family
from .instructions import for_prompt, named, prompt_language
from .languages import could_be
from .messages import Backend, Message, Question
from .structured import ask_shape
from .terms import missing, present, repaired
from .watching import Part
from .wishes import Expansion, Wish

_LONGEST = 8000  # characters of a prompt; no image model reads as many
_LONGEST_TITLE = 120
_LONGEST_ALT = 600


class Written(BaseModel):
    """What the model is asked for."""

    model_config = ConfigDict(str_strip_whitespace=True)  # a blank is no prompt

    positive: str = Field(min_length=1, description="the prompt")
    negative: str = Field(default="", description="what the picture must not show")
    title: str = Field(default="", description="2 to 6 words")
    alt_text: str = Field(default="", description="one sentence that says what the picture shows")


async def expand(wish: Wish, backend: Backend, part: Part) -> Expansion:
    """One prompt; a second turn mends terms and language, and what remains of the terms is mended by rule.

    Raises:
        ChatError: the model could not be asked, or did not answer in the shape.
    """
    asked = Question((Message("system", for_prompt(wish)), Message("user", wish.text)), wish.seed)
    written, notes = await ask_shape(backend, asked, Written, part)
    faults = list(_faults(wish, written.positive))
    if faults:
        part.restart()
        try:
            written, more = await ask_shape(backend, _again(asked, written, faults), Written, part)
            notes = (*notes, *more)
        except ShapeError:
            notes = (*notes, "The model did not mend its prompt when it was asked to.")  # the first one is there
    return _finished(wish, written, notes)


def _faults(wish: Wish, positive: str) -> Iterator[str]:
    """What is wrong with a prompt, each as a sentence to the model."""
    for term in missing(positive, wish.must):
        yield f"The prompt lacks the term {term!r}; write it letter by letter."
    for term in present(positive, wish.never):
        yield f"The prompt contains {term!r}; leave it out."
    if _foreign(wish, positive):
        yield f"The prompt is not in {named(prompt_language(wish))}; translate it."


def _foreign(wish: Wish, positive: str) -> bool:
    """Whether its letters tell that it is in another language; terms that must stay as they are do not count."""
    for term in wish.must:
        positive = positive.replace(term, " ")
    return not could_be(positive, prompt_language(wish))


def _again(asked: Question, written: Written, faults: list[str]) -> Question:
    said = Message("assistant", written.model_dump_json())
    wanted = Message("user", "\n".join((*faults, "Answer again with the whole JSON, and change nothing else.")))
    return replace(asked, messages=(*asked.messages, said, wanted))


def _finished(wish: Wish, written: Written, told: Sequence[str]) -> Expansion:
    family = FAMILIES[wish.family]
    notes = list(told)
    positive = with_look(with_quality(_one_line(written.positive)[:_LONGEST], family), wish.look, family)
    positive, mended = repaired(positive, wish.must, wish.never, family.form)
    notes += mended
    if _foreign(wish, positive):
        notes.append(f"The model did not write the prompt in {named(prompt_language(wish))}.")
    return Expansion(
        positive,
        merged_negative(wish, family, written.negative),
        _one_line(written.title)[:_LONGEST_TITLE] or _one_line(wish.text)[:_LONGEST_TITLE],
        _one_line(written.alt_text)[:_LONGEST_ALT] or _one_line(wish.text)[:_LONGEST_ALT],
        tuple(notes),
    )


def with_quality(positive: str, family: Family) -> str:
    """The words that this family wants in front, where the prompt lacks them."""
    there = {tag.strip().casefold() for tag in positive.split(",")}
    lacking = [word for word in family.quality if word.casefold() not in there]
    return ", ".join((*lacking, positive)) if lacking else positive


def with_look(positive: str, look: str, family: Family) -> str:
    """The look verbatim at the end, so that all pictures of a deck share it to the letter."""
    look = _one_line(look)
    if not look or look.casefold() in positive.casefold():
        return positive
    if family.form == "tags":
        return f"{positive.rstrip(' ,.')}, {look}"
    return f"{positive.rstrip(' ,.')}. {look[0].upper()}{look[1:]}{'' if look.endswith('.') else '.'}"


def merged_negative(wish: Wish, family: Family, written: str) -> str:
    """The family's own, the model's and the forbidden terms, each once; no term that the prompt must have."""
    if not family.negative:
        return ""
    parts = [*family.negative.split(","), *_one_line(written)[:_LONGEST].split(","), *wish.never]
    must = {term.casefold() for term in wish.must}
    kept = {part.strip().casefold(): part.strip() for part in parts if part.strip().casefold() not in must}
    return ", ".join(part for part in kept.values() if part)


def _one_line(text: str) -> str:
    return " ".join(text.split())
