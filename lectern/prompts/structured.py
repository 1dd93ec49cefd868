"""Answers of a chat model that programs read: an object of a given shape, or a text without what models add to it.

A server may hold its model to a schema, take it and ignore it, or refuse it. So the schema is sent, the shape is also
described in words, the answer is read loosely, and a model whose answer does not fit is shown its mistake once.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from .errors import AnswerError, ShapeError
from .legible import LegiblePart
from .loosejson import read_json, sound
from .messages import Backend, Message, Question, Reply
from .shapes import Schema, example, fitted, list_field, strict_schema
from .watching import Part

_SHOWN_ANSWER = 4000  # characters of a wrong answer that its model is shown again
_MISTAKES = 8  # told at once
LONGEST_TEXT = 20_000  # characters of a plain answer

Shape = TypeVar("Shape", bound=BaseModel)


async def ask_shape(
    backend: Backend, question: Question, shape: type[Shape], part: Part
) -> tuple[Shape, tuple[str, ...]]:
    """An answer of this shape, and notes for the person.

    Args:
        shape: with a description on every field, for the model. What its own validators say is shown to people, so
            they must not repeat a value.

    Raises:
        ShapeError: the model gave something else twice, or was cut off before its end.
        ChatError, SettingsError: as the backend raises them.
    """
    schema = strict_schema(shape)
    asked = replace(question, schema=schema, messages=_with_form(question.messages, schema))
    part = LegiblePart(part)
    first = await backend.ask(asked, part)
    made = _made(first.text, shape, schema)
    if not isinstance(made, _Mistake):
        return made, first.notes
    _check_complete(backend, first)
    part.restart()
    second = await backend.ask(replace(asked, messages=(*asked.messages, *_repair(first.text, made))), part)
    made = _made(second.text, shape, schema)
    if not isinstance(made, _Mistake):
        note = f"{backend.label} was asked twice: its first answer had not the form that was asked for."
        return made, tuple(dict.fromkeys((*first.notes, *second.notes, note)))
    _check_complete(backend, second)
    raise ShapeError(
        f"{backend.label} did not answer in the form that was asked for, also after it was shown its mistake:"
        f" {made.words}. Choose a larger or another chat model, or let the rules do it without one."
    )


async def ask_text(backend: Backend, question: Question, part: Part) -> tuple[str, tuple[str, ...]]:
    """A plain answer without what models add to it, and notes for the person.

    Raises:
        AnswerError: nothing is left of it.
        ChatError, SettingsError: as the backend raises them.
    """
    reply = await backend.ask(question, part)
    text, notes = clean_text(reply.text), list(reply.notes)
    if not text:
        raise AnswerError(f"{backend.label} answered with an empty text. Try another seed or another chat model.")
    if not reply.complete:
        notes.append(
            f"{backend.label} was cut off at its largest number of tokens: raise max_tokens for a whole answer."
        )
    if len(text) > LONGEST_TEXT:
        text = text[:LONGEST_TEXT].rstrip()
        notes.append(f"The answer of {backend.label} was cut to {LONGEST_TEXT} characters.")
    return text, tuple(notes)


class _Mistake(NamedTuple):
    """Why an answer cannot be used, in words that quote nothing of it."""

    words: str


def _with_form(messages: tuple[Message, ...], schema: Schema) -> tuple[Message, ...]:
    """The conversation whose last question says how it is to be answered."""
    form = f"Answer with one JSON object and nothing else, in this form:\n{example(schema)}"
    last = max((at for at, message in enumerate(messages) if message.role == "user"), default=None)
    if last is None:
        return (*messages, Message("user", form))
    told = replace(messages[last], text=f"{messages[last].text}\n\n{form}")
    return (*messages[:last], told, *messages[last + 1 :])


def _repair(answer: str, mistake: _Mistake) -> tuple[Message, Message]:
    return (
        Message("assistant", answer.strip()[:_SHOWN_ANSWER] or "{}"),  # roles must alternate for some models
        Message("user", f"That is not what was asked: {mistake.words}. Answer again with the JSON alone."),
    )


def _check_complete(backend: Backend, reply: Reply) -> None:
    """A model that ran out of tokens would run out of them again."""
    if not reply.complete:
        raise ShapeError(
            f"{backend.label} reached its largest number of tokens before its answer was complete. Raise max_tokens, or"
            " ask for less at once."
        )


def _made(answer: str, shape: type[Shape], schema: Schema) -> Shape | _Mistake:
    listed = list_field(schema)
    try:
        found = read_json(answer, listed)
    except ValueError as error:
        return _Mistake(str(error))
    mistakes: list[ValidationError] = []
    for candidate in _readings(found, listed):
        try:
            return shape.model_validate(fitted(candidate, schema))
        except ValidationError as error:
            mistakes.append(error)
    return _Mistake(_explained(min(mistakes, key=ValidationError.error_count), schema))


def _readings(found: dict[str, Any], listed: str) -> Iterator[dict[str, Any]]:
    """The object, and what it holds when that is one thing alone: models like to put an answer into an envelope."""
    yield found
    if len(found) == 1:
        inner = next(iter(found.values()))
        if isinstance(inner, dict):
            yield inner
        elif isinstance(inner, list):
            if listed:
                yield {listed: inner}
            if len(inner) == 1 and isinstance(inner[0], dict):
                yield inner[0]


def _explained(error: ValidationError, schema: Schema) -> str:
    """One phrase a mistake: where, and what is wrong."""
    mistakes = error.errors(include_url=False, include_input=False, include_context=True)
    names = set(_names(schema))
    lines = [f"{_place(one['loc'], names)} {_wrong(one)}" for one in mistakes[:_MISTAKES]]
    rest = len(mistakes) - len(lines)
    return "; ".join([*lines, f"and {rest} more mistakes"] if rest > 0 else lines)


def _names(schema: Any) -> Iterator[str]:
    """Of all properties."""
    if isinstance(schema, list):
        for one in schema:
            yield from _names(one)
    elif isinstance(schema, dict):
        yield from schema.get("properties", {})
        for one in schema.values():
            yield from _names(one)


def _place(path: tuple[int | str, ...], names: set[str]) -> str:
    """`slides 3, title`; counted from 1. Names that the answer invented are left out."""
    words: list[str] = []
    for step in path:
        if isinstance(step, int):
            words.append(f"{words.pop() if words else 'entry'} {step + 1}")
        elif step in names:
            words.append(step)
    return ", ".join(words) or "the answer"


def _wrong(mistake: Any) -> str:
    told, context = mistake["msg"], mistake.get("ctx", {})
    match mistake["type"]:
        case "missing":
            return "is missing"
        case "string_type":
            return "is not a text"
        case "list_type":
            return "is not a list"
        case "model_type" | "dict_type":
            return "is not an object"
        case "too_short":
            return f"has {context.get('actual_length')} entries where at least {context.get('min_length')} are needed"
        case "too_long":
            return f"has more than {context.get('max_length')} entries"
        case "string_too_short":
            least = context.get("min_length")
            return "is empty" if least == 1 else f"has fewer than {least} characters"
        case "string_too_long":
            return f"has more than {context.get('max_length')} characters"
    told = told.removeprefix("Value error, ").removeprefix("Assertion failed, ").removeprefix("Input ")
    return f"{told[:1].lower()}{told[1:]}".rstrip(".")


_FENCE = re.compile(r"^\s{0,3}(?:`{3,}[^`]*|~{3,}.*)$")
_ABOUT = "prompt|description|caption|version|translation|answer|result|text|summary|提示词|提示詞|描述|翻译|翻譯"
_INTRODUCTION = re.compile(
    r"(?:(?:sure|certainly|of course|absolutely|okay|ok|好的|当然)\b[^\n]{0,80}?[:!.,，。！：]\s*)?"
    r"(?:"
    r"(?:here(?:'s|’s| is| are)|below is|this is|以下是|这是|這是)[^\n:：]{0,120}"
    rf"(?:(?:{_ABOUT})[^\n:：]{{0,60}}[:：]|[:：]\s*?\n)"
    r"|(?:the )?(?:(?:final|image|positive|improved|enhanced|expanded|revised|rewritten|english) ){0,4}"
    r"(?:prompt|description|caption|answer|output|result|translation|alt text)\s?[:：]"
    r"|(?:正向|图像|圖像|最终)?(?:提示词|提示詞|描述|翻译|翻譯|结果|プロンプト)\s?[:：]"
    r")\s*",
    re.IGNORECASE,
)
_FILLER = re.compile(
    r"(?:sure|certainly|of course|absolutely)!\s+|(?:(?:sure|ok|okay|certainly), )?here you go\s?[:!]\s+", re.IGNORECASE
)
# A line that only names what follows, and the other half of a pair of prompts.
_NAMED = re.compile(r"(?:(?:image|positive|final) )?(?:prompt|description|caption)[^\S\n]*\n+(?=\S)", re.IGNORECASE)
_NEGATIVE = re.compile(r"\n[^\S\n]*(?:negative(?: prompt)?|负面提示词|反向提示词)\s?[:：]", re.IGNORECASE)
_FAREWELL = re.compile(
    r"\n\n(?:let me know|feel free|i hope|hope this|would you like|if you(?:'d| would)? (?:like|want|need)"
    r"|希望这|如果您|如需)[^\n]{0,400}$",
    re.IGNORECASE,
)
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "「": "」", "『": "』", "«": "»", "„": "“", "`": "`"}
_STRONG = re.compile(r"(?<![\w*\\])(\*{1,3})(?=[^\s*])([^*\n]{1,500}?)(?<=[^\s*\\])\1(?![\w*])")
_HEADING = re.compile(r"^#{1,6}[^\S\n]+", re.MULTILINE)
_GAP = re.compile(r"\n\s*\n")


def clean_text(answer: str) -> str:
    """What was meant: no code fence, introduction, farewell, quotes around the whole, headings or emphasis.

    Where a negative prompt follows, that is left out too: its words would mean their opposite.
    """
    text = _out_of_fence(sound(answer))
    text = _GAP.sub("\n\n", text).strip()
    text = _FAREWELL.sub("", _HEADING.sub("", _STRONG.sub(r"\2", text))).strip()
    text = _NEGATIVE.split(text, maxsplit=1)[0].strip()
    for _ in range(3):  # a prompt in quotes after `Prompt:` after `Here is the prompt:`
        text = _unquoted(_without_introduction(text))
    return text


def _out_of_fence(text: str) -> str:
    """What stands between the only two fences, or after one that was never closed."""
    lines = text.split("\n")
    fences = [at for at, line in enumerate(lines) if _FENCE.match(line)]
    if not fences or len(fences) > 2:
        return text
    inside = "\n".join(lines[fences[0] + 1 : fences[1] if len(fences) == 2 else None])
    return inside if inside.strip() else "\n".join(line for line in lines if not _FENCE.match(line))


def _without_introduction(text: str) -> str:
    for pattern in (_INTRODUCTION, _FILLER, _NAMED):
        if found := pattern.match(text):
            text = text[found.end() :].strip()
    return text


def _unquoted(text: str) -> str:
    if text[:1] == ">" and all(line.startswith(">") for line in text.split("\n") if line):
        return re.sub(r"^>[^\S\n]?", "", text, flags=re.MULTILINE).strip()
    end = _QUOTES.get(text[:1])
    if end is None or len(text) < 2 or not text.endswith(end):
        return text
    inner = text[1:-1]
    return text if text[0] in inner or end in inner else inner.strip()
