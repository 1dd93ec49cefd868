"""A contract as JSON Schema (2020-12)."""

from typing import Any

from .contract import Contract
from .inputs import RANDOM, Input
from .nodeinfo import Kind


def input_schema(contract: Contract) -> dict[str, Any]:
    """The object that a run's `input` has to be; properties keep the order of the picks."""
    return {
        "type": "object",
        "properties": {item.name: property_schema(item) for item in contract.inputs},
        "required": [item.name for item in contract.inputs if item.required],
        "additionalProperties": False,
    }


def property_schema(item: Input) -> dict[str, Any]:
    """One input. `x-multiline` and `x-seed` tell a form which control fits."""
    return {
        **_texts(item),
        **({"anyOf": [_value_schema(item), {"const": RANDOM}], "x-seed": True} if item.seed else _value_schema(item)),
        **({"x-multiline": True} if item.multiline else {}),
        **({} if item.required else {"default": item.default}),
    }


def _texts(item: Input) -> dict[str, Any]:
    named = {"title": item.label, "description": item.description}
    return {key: value for key, value in named.items() if value}


def _value_schema(item: Input) -> dict[str, Any]:
    if item.kind is Kind.CHOICE:
        return {"enum": list(item.choices or ())}
    limits = {"minimum": item.minimum, "maximum": item.maximum, "maxLength": item.max_length}
    return {"type": str(item.kind), **{key: value for key, value in limits.items() if value is not None}}
