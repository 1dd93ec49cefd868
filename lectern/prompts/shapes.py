"""The shape of an answer, made from a pydantic model: a schema that strict servers take, and an example in words."""

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

# Kept from servers, since some refuse a schema that has them; pydantic checks what they say.
_DROPPED = ("$defs", "default", "title", "minLength", "maxLength", "pattern", "format", "examples")
_LISTED = re.compile(r"^\s*(?:[-*•·+]|\d{1,3}[.)、])\s*")  # what opens an entry of a list in prose

Schema = dict[str, Any]


def strict_schema(shape: type[BaseModel]) -> Schema:
    """JSON Schema without references, with every property required and no others allowed.

    Raises:
        ValueError: the shape holds itself, which cannot be written without references.
    """
    schema = shape.model_json_schema()
    return _strict(schema, schema.get("$defs", {}), ())


def _strict(node: Any, known: Mapping[str, Any], within: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_strict(one, known, within) for one in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        if name in within:
            raise ValueError(f"{name} holds itself")
        beside = {key: value for key, value in node.items() if key != "$ref"}
        return _strict({**known[name], **beside}, known, (*within, name))
    made = {key: _strict(value, known, within) for key, value in node.items() if key not in (*_DROPPED, "properties")}
    if "properties" in node:
        made["properties"] = {name: _strict(value, known, within) for name, value in node["properties"].items()}
        made |= {"required": list(node["properties"]), "additionalProperties": False}
    return made


def example(schema: Schema, indent: str = "") -> str:
    """How the answer is written, for models that no schema holds: each value's place with its description."""
    if "anyOf" in schema:
        first = next((one for one in schema["anyOf"] if one.get("type") != "null"), schema)
        return f"{example({**first, **_described(schema)}, indent)} or null"
    if schema.get("type") == "object":
        deeper = f"{indent}  "
        lines = [
            f"{deeper}{json.dumps(name, ensure_ascii=False)}: {example(value, deeper)}"
            for name, value in schema.get("properties", {}).items()
        ]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if schema.get("type") == "array":
        item = schema.get("items", {})
        words = f" ({schema['description']})" if item.get("type") == "object" and "description" in schema else ""
        return f"[{example({**_described(schema), **item}, indent)}, ...]{_count(schema)}{words}"
    return _place(schema)


def _place(schema: Schema) -> str:
    words = schema.get("description", "")
    if "const" in schema or "enum" in schema:
        allowed = schema.get("enum", [schema.get("const")])
        return f"one of {', '.join(json.dumps(one, ensure_ascii=False) for one in allowed)}"
    kind = schema.get("type")
    if kind == "boolean":
        return f"true or false{f' ({words})' if words else ''}"
    if kind in ("integer", "number"):
        name = "whole number" if kind == "integer" else "number"
        return f"<{name}{f': {words}' if words else ''}>"
    return f'"<{words or "text"}>"'


def _described(schema: Schema) -> Schema:
    return {"description": schema["description"]} if "description" in schema else {}


def _count(schema: Schema) -> str:
    fewest, most = schema.get("minItems"), schema.get("maxItems")
    if fewest is None and most is None:
        return ""
    if fewest == most:
        return f" (exactly {fewest})"
    if most is None:
        return f" (at least {fewest})"
    return f" ({fewest} to {most})" if fewest else f" (at most {most})"


def list_field(schema: Schema) -> str:
    """The only list of the shape, which some models answer alone; empty when there are none or several."""
    lists = [name for name, value in schema.get("properties", {}).items() if value.get("type") == "array"]
    return lists[0] if len(lists) == 1 else ""


def fitted(value: Any, schema: Schema) -> Any:
    """The value nearer to the schema, where what is meant is plain: see the cases. The rest is pydantic's."""
    kind = schema.get("type")
    if kind == "object" and isinstance(value, dict):
        return _fitted_object(value, schema)
    if kind == "array" and isinstance(value, list):
        return [fitted(one, schema.get("items", {})) for one in value]
    if kind == "array" and isinstance(value, str) and schema.get("items", {}).get("type") == "string":
        return [_LISTED.sub("", line).strip() for line in value.splitlines() if line.strip()]
    if kind == "string" and isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return value


def _fitted_object(value: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """Names however they are spelt (`Alt Text` for `alt_text`); null is no value where null is not allowed."""
    properties: dict[str, Schema] = schema.get("properties", {})
    names = {_spelling(name): name for name in properties}
    made: dict[str, Any] = {}
    for written, one in value.items():
        name = written if written in properties else names.get(_spelling(written), written)
        inner = properties.get(name, {})
        if (one is None and "anyOf" not in inner) or (name != written and name in value):
            continue
        made[name] = fitted(one, inner)
    return made


def _spelling(name: str) -> str:
    return re.sub(r"[\W_]", "", name).casefold()
