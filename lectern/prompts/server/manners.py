"""What a server was found not to take, model by model, and how that is told from its refusals. Values alone.

Servers differ in the fields that they know, and so do the models behind one server: OpenAI's reasoning models refuse
`temperature` and call `max_tokens` by another name. Nothing is asked in advance; a refusal teaches.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .complaint import Complaint

SHAPES = ("json_schema", "json_object", "")  # of response_format, from the strictest to none at all
NEWER_NAME = "max_completion_tokens"
_NAMED = frozenset(("temperature", "top_p", "max_tokens", NEWER_NAME, "seed", "stream", "stream_options"))
_OF_SHAPES = re.compile(r"response_format|response format|json_schema|json_object|json schema|structured|grammar", re.I)
_OF_VALUES = re.compile(r"too (large|high|big|small|low)|at (most|least)|max(imum)? value|less than|greater than", re.I)
_TEACHING = (400, 422)
_TEACHING_BY_NAME = (404, 501)  # OpenRouter and llama.cpp


@dataclass(frozen=True)
class Manners:
    refused: frozenset[tuple[str, str]] = frozenset()  # field and value as JSON; an empty value stands for all
    shape: int = 0  # index into SHAPES: the strictest that is taken
    newer_name: bool = False  # max_tokens is called max_completion_tokens

    def takes(self, field: str, value: Any) -> bool:
        return not self.refused & {(field, ""), (field, _value(value))}

    def __or__(self, other: "Manners") -> "Manners":
        """What both know."""
        return Manners(self.refused | other.refused, max(self.shape, other.shape), self.newer_name or other.newer_name)


@dataclass(frozen=True)
class Lesson:
    manners: Manners
    guessed: bool = False  # the server did not say what it was about


def lesson(manners: Manners, body: Mapping[str, Any], status: int, said: Complaint, further: set[str]) -> Lesson | None:
    """What a refusal teaches; None when it is not about anything that could be left out.

    Args:
        body: the request that was refused.
        further: its fields that a person set or that tell the model whether to think.
    """
    if status not in (*_TEACHING, *_TEACHING_BY_NAME):
        return None
    named = said.named((_NAMED | further) & body.keys())
    if "max_tokens" in named and _is_renamed(said):
        return Lesson(replace(manners, newer_name=True))
    if "response_format" in body and (
        said.about("response_format") or (not named and _OF_SHAPES.search(said.all_words))
    ):
        return Lesson(_less_strict(manners, body))
    if named:
        return Lesson(replace(manners, refused=manners.refused | {_refusal(one, body[one], said) for one in named}))
    if "response_format" in body and status in _TEACHING:
        return Lesson(_less_strict(manners, body), guessed=True)
    return None


def _is_renamed(said: Complaint) -> bool:
    return NEWER_NAME in said.all_words or not _OF_VALUES.search(said.all_words)


def _less_strict(manners: Manners, body: Mapping[str, Any]) -> Manners:
    """One step down from what was sent."""
    return replace(manners, shape=SHAPES.index(body["response_format"]["type"]) + 1)


def _refusal(field: str, value: Any, said: Complaint) -> tuple[str, str]:
    """Of a field altogether, or of this value: another one may be taken. Seeds differ with every question."""
    return (field, "") if field == "seed" or not _OF_VALUES.search(said.all_words) else (field, _value(value))


def _value(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
