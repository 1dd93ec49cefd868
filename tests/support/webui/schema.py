"""Request bodies against the real schemas, as pydantic reads them: lax types, unknown keys ignored, nulls by field."""

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from support.webui.errors import Invalid, Problem

Field = Mapping[str, Any]  # {type, null, default, items?, minimum?, maximum?, exclusiveMinimum?, enum?, required?}
Fields = Mapping[str, Field]

LIMITS = (
    ("minimum", "greater_than_equal", "greater than or equal to", "not_ge", operator.ge),
    ("exclusiveMinimum", "greater_than", "greater than", "not_gt", operator.gt),
    ("maximum", "less_than_equal", "less than or equal to", "not_le", operator.le),
)
WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
OLD = {
    "string": ("str", "str type expected"),
    "integer": ("integer", "value is not a valid integer"),
    "number": ("float", "value is not a valid float"),
    "boolean": ("bool", "value could not be parsed to a boolean"),
    "array": ("list", "value is not a valid list"),
}


class Mismatch(NamedTuple):
    """Why a value does not fit: pydantic 2's type and message; pydantic 1's follow from the field."""

    type: str
    msg: str
    old: tuple[str, str] | None = None  # pydantic 1's, where they do not follow from the field's type


def check(body: Any, fields: Fields, old: bool = False) -> dict[str, Any]:
    """The body with every default filled in and every value coerced; raises Invalid. `old`: pydantic 1's leniency."""
    if not isinstance(body, dict):
        raise Invalid([Problem("", "model_attributes_type", "Input should be a valid dictionary", *_old("dict"), body)])
    problems: list[Problem] = []
    full = {name: _read(name, field, body, old, problems) for name, field in fields.items()}
    if problems:
        raise Invalid(problems)
    return full


def _read(name: str, field: Field, body: dict[str, Any], old: bool, problems: list[Problem]) -> Any:
    if name not in body:
        if field.get("required"):
            problems.append(Problem(name, "missing", "Field required", "value_error.missing", "field required", body))
        return field["default"]
    value = body[name]
    if value is None and (field["null"] or old):  # pydantic 1 as A1111 uses it makes every field Optional
        return None
    fitted = _fit(value, field, old)
    if isinstance(fitted, Mismatch):
        problems.append(Problem(name, fitted.type, fitted.msg, *(fitted.old or _old(field["type"])), value))
        return None
    return fitted


def _fit(value: Any, field: Field, old: bool) -> Any:
    fitted = READERS[field["type"]](value, old)
    return fitted if isinstance(fitted, Mismatch) else (_range(fitted, field) or _items(fitted, field) or fitted)


def _range(value: Any, field: Field) -> Mismatch | None:
    if "enum" in field and value not in field["enum"]:
        return Mismatch("literal_error", f"Input should be {' or '.join(map(str, field['enum']))}")
    for key, type_, words, old, holds in LIMITS:
        if key in field and not holds(value, field[key]):
            limit = f"{words} {field[key]:g}"
            old_words = (f"value_error.number.{old}", f"ensure this value is {limit}")
            return Mismatch(type_, f"Input should be {limit}", old_words)
    return None


def _items(value: Any, field: Field) -> Mismatch | None:
    if "items" not in field:
        return None
    kind = str if field["items"] == "string" else dict
    wrong = next((item for item in value if not isinstance(item, kind)), None)
    return wrong if wrong is None else Mismatch(f"{field['items']}_type", f"Input should be a valid {field['items']}")


def _string(value: Any, old: bool) -> Any:
    if isinstance(value, str):
        return value
    if old and isinstance(value, int | float):
        return str(value)
    return Mismatch("string_type", "Input should be a valid string")


def _integer(value: Any, old: bool) -> Any:
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if old or value.is_integer():
            return int(value)
        return Mismatch("int_from_float", "Input should be a valid integer, got a number with a fractional part")
    if not isinstance(value, str):
        return Mismatch("int_type", "Input should be a valid integer")
    try:
        return int(value)
    except ValueError:
        return Mismatch("int_parsing", "Input should be a valid integer, unable to parse string as an integer")


def _number(value: Any, old: bool) -> Any:
    if isinstance(value, int | float):
        return float(value)
    try:
        number = float(value) if isinstance(value, str) else math.nan
    except ValueError:
        return Mismatch("float_parsing", "Input should be a valid number, unable to parse string as a number")
    return Mismatch("float_type", "Input should be a valid number") if math.isnan(number) else number


def _boolean(value: Any, old: bool) -> Any:
    if isinstance(value, bool):
        return value
    if value in (0, 1):
        return bool(value)
    if isinstance(value, str) and value.lower() in WORDS:
        return WORDS[value.lower()]
    return Mismatch("bool_parsing", "Input should be a valid boolean, unable to interpret input")


def _array(value: Any, old: bool) -> Any:
    return value if isinstance(value, list) else Mismatch("list_type", "Input should be a valid list")


def _object(value: Any, old: bool) -> Any:
    return value if isinstance(value, dict) else Mismatch("dict_type", "Input should be a valid dictionary")


READERS: dict[str, Callable[[Any, bool], Any]] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "array": _array,
    "object": _object,
}


def _old(kind: str) -> tuple[str, str]:
    """pydantic 1's type and message for a value that does not fit."""
    name, message = OLD.get(kind, ("dict", "value is not a valid dict"))
    return f"type_error.{name}", message
