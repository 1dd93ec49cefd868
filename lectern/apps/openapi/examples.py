"""A request that works as it stands: without one, viewers make up an address for the webhook, and it is refused."""

from typing import Any

from ..contract import Contract
from ..inputs import RANDOM, Input
from ..nodeinfo import Kind
from ..schema import property_schema

FILE = "/lectern/v1/files/" + "0" * 32  # to be replaced by what POST /files answered


def run_example(contract: Contract) -> dict[str, Any]:
    """Every input but files that the app has itself."""
    given = [item for item in contract.inputs if item.required or item.kind is not Kind.FILE]
    return {"input": {item.name: _value(item) for item in given}}


def _value(item: Input) -> Any:
    schema = property_schema(item)
    if item.kind is Kind.FILE:
        return FILE
    if schema.get("x-seed"):
        return RANDOM
    if "default" in schema:
        return schema["default"]
    if "enum" in schema:
        return schema["enum"][0]
    plain = {Kind.STRING: "Hello"[: schema.get("maxLength")], Kind.BOOLEAN: False}
    return plain.get(item.kind, schema.get("minimum", 0))
