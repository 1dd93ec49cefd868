"""JSON objects that a person writes into a node: one clear sentence for each way to get them wrong.

Stricter than Python's reader, which takes a name twice, NaN, numbers of any size and any depth.
"""

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from .errors import LecternError

DEEPEST = 50  # lists and objects within each other
INTEGERS = range(-(2**63), 2**64)  # 64 bits, signed or not: seeds use all of them
_DIGITS = 20  # of 2**64, and Python refuses to read some thousand
_SHOWN = 60  # characters of what was written that an error repeats


class JsonError(LecternError):
    """A text is not one JSON object of moderate size and depth."""


def read_object(text: str, limit: int, example: str) -> dict[str, Any]:
    """The object; nothing from an empty text.

    Args:
        limit: characters that the text may have.
        example: such an object, for the messages.

    Raises:
        JsonError: too long, too deep, no JSON, no object, a name twice, or a number that is none.
    """
    if len(text) > limit:
        raise JsonError(
            f"The JSON has {len(text)} characters; {limit} are allowed. Link pictures instead of writing them, and"
            " leave out what you do not need."
        )
    found = _read(text, example) if text.strip() else {}
    if not isinstance(found, dict):
        raise JsonError(f"A JSON object is expected, got {shown(found)}. Write it such as {example}.")
    if any(depth > DEEPEST for _, depth in parts(found)):
        raise JsonError(too_deep("the JSON"))
    return found


def parts(value: Any) -> Iterator[tuple[Any, int]]:
    """The value and everything in it, with how deep it lies; without recursion, which hostile depth would exhaust."""
    waiting = [(value, 0)]
    while waiting:
        one, depth = waiting.pop()
        yield one, depth
        inside: Iterable[Any] = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        waiting += [(part, depth + 1) for part in inside]


def shown(value: Any) -> str:
    """As JSON, shortened; of lists and objects only the number of entries, however deep they are."""
    if isinstance(value, (dict, list)):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()  # halves of a surrogate pair
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def too_deep(what: str) -> str:
    return f"There are lists or objects more than {DEEPEST} deep in {what}. Write fewer within each other."


def _read(text: str, example: str) -> Any:
    try:
        return json.loads(
            text, object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
        )
    except json.JSONDecodeError as error:
        raise JsonError(
            f"This is no JSON: {error.msg} at line {error.lineno}, column {error.colno}. Write it such as {example}."
        ) from error
    except RecursionError as error:
        raise JsonError(too_deep("the JSON")) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = next(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        raise JsonError(f"The JSON holds {shown(twice)} twice in one object. Keep one of the two.")
    return made


def _integer(digits: str) -> int:
    number = int(digits) if len(digits) <= _DIGITS else None
    if number is None or number not in INTEGERS:
        raise JsonError(
            f"The JSON holds the whole number {digits[:_SHOWN]}, which is larger than 64 bits. Write a smaller one."
        )
    return number


def _float(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _constant(digits)


def _constant(name: str) -> float:
    raise JsonError(
        f"The JSON holds {name[:_SHOWN]}, which is no number in JSON. Write an ordinary number, or null to leave that"
        " value out."
    )
