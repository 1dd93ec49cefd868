"""Texts of the command line as the values that an app's inputs take."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from .errors import WrongUse

TRUE = ("true", "yes", "on", "1")
FALSE = ("false", "no", "off", "0")


def pairs(texts: Iterable[str], option: str) -> dict[str, str]:
    """{name: text} of `name=text`. Raises WrongUse."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise WrongUse(f"{option} must be name=value; got {text[:80]}.")
        if name in found:
            raise WrongUse(f"{option} gives {name[:80]} twice.")
        found[name] = value
    return found


def value_of(text: str, schema: Mapping[str, Any]) -> Any:
    """A number where the input takes one, and so on. What does not fit stays a text, which the server then explains."""
    if schema.get("type") == "boolean":
        return text.lower() in TRUE if text.lower() in TRUE + FALSE else text
    if schema.get("type") == "string" or text in schema.get("enum", ()):
        return text
    if schema.get("type") in ("integer", "number") or "enum" in schema or "anyOf" in schema:
        return number_of(text)
    return text


def number_of(text: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else text
