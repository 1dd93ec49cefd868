"""Short ways to write JSON Schemas and parts of an OpenAPI document."""

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

WITH_KEY = [{"key": []}, {"basic": []}, {"session": []}]  # any of them
GUEST = {"security": [{}, *WITH_KEY]}  # without a key it shows what is public

STRING: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
INTEGER: Schema = {"type": "integer"}
COUNT: Schema = {"type": "integer", "minimum": 0}
COUNT_OR_NULL: Schema = {"type": ["integer", "null"], "minimum": 0}
BOOLEAN: Schema = {"type": "boolean"}
ANYTHING: Schema = {}
TIME: Schema = {"type": "string", "format": "date-time"}
TIME_OR_NULL: Schema = {"type": ["string", "null"], "format": "date-time"}
URL: Schema = {"type": "string", "format": "uri-reference"}
URL_OR_NULL: Schema = {"type": ["string", "null"], "format": "uri-reference"}
BYTES: Schema = {"type": "string", "contentMediaType": "application/octet-stream"}
JSON_OBJECT: Schema = {"type": "object", "additionalProperties": True}


def record(properties: Mapping[str, Schema], optional: tuple[str, ...] = (), **more: Any) -> Schema:
    """An object that has all these properties but the optional ones, and may have others."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": dict(properties), "required": required, **more}


def closed(properties: Mapping[str, Schema], required: tuple[str, ...] = ()) -> Schema:
    """A request's object: it has no other properties than these."""
    needed = {"required": list(required)} if required else {}
    return {"type": "object", "properties": dict(properties), **needed, "additionalProperties": False}


def array(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def choice(*values: str | None, **more: Any) -> Schema:
    return {"enum": list(values), **more}


def either(*schemas: Schema) -> Schema:
    return {"anyOf": list(schemas)}


def or_null(schema: Schema) -> Schema:
    return either(schema, {"type": "null"})


def ref(name: str) -> Schema:
    """A schema of the components."""
    return {"$ref": f"#/components/schemas/{name}"}


def json_body(schema: Schema) -> Schema:
    """The content of a body that is JSON."""
    return {"application/json": {"schema": schema}}


def answer(description: str, schema: Schema | None = None, **more: Any) -> Schema:
    """A response; without a schema it has no body."""
    return {"description": description, **({} if schema is None else {"content": json_body(schema)}), **more}


def parameter(name: str, where: str, schema: Schema, description: str) -> Schema:
    required = {"required": True} if where == "path" else {}
    return {"name": name, "in": where, "schema": schema, "description": description, **required}
