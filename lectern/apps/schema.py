"""A contract as JSON Schema (2020-12)."""

from typing import Any

from .contract import Contract
from .inputs import RANDOM, Input
from .media import ACCEPTED, Media
from .nodeinfo import Kind

FILE_MB = 50  # of one input file, when nothing else is set


def input_schema(contract: Contract, max_mb: int = FILE_MB) -> dict[str, Any]:
    """The object that a run's `input` has to be; properties keep the order of the picks."""
    return {
        "type": "object",
        "properties": {item.name: property_schema(item, max_mb) for item in contract.inputs},
        "required": [item.name for item in contract.inputs if item.required],
        "additionalProperties": False,
    }


def property_schema(item: Input, max_mb: int = FILE_MB) -> dict[str, Any]:
    """One input; the `x-` keys tell a form which control fits and what else is known.

    Args:
        max_mb: the largest file that may be given, in megabytes.
    """
    seed = {"anyOf": [_value_schema(item), {"const": RANDOM}], "x-seed": True}
    return {
        **_texts(item),
        **(seed if item.seed else _value_schema(item)),
        **({"x-multiline": True} if item.multiline else {}),
        **({} if item.step is None else {"x-step": item.step}),
        **(_media_keys(item, item.media, max_mb) if item.media is not None else {}),
        **({} if item.default is None else {"default": item.default}),
        "x-node": {"id": item.node_id, "title": item.node_title, "class_type": item.class_type},
    }


def _texts(item: Input) -> dict[str, Any]:
    named = {"title": item.label, "description": item.description}
    return {key: value for key, value in named.items() if value}


def _media_keys(item: Input, media: Media, max_mb: int) -> dict[str, Any]:
    mask = {"x-mask-of": item.mask_of} if item.mask_of else {}
    return {"x-media": str(media), "x-accept": list(ACCEPTED[media]), "x-max-mb": max_mb, **mask}


def _value_schema(item: Input) -> dict[str, Any]:
    if item.kind is Kind.CHOICE:
        return {"enum": list(item.choices or ())}
    if item.kind is Kind.FILE:
        return {"type": "string"}
    limits = {"minimum": item.minimum, "maximum": item.maximum, "maxLength": item.max_length}
    return {"type": str(item.kind), **{key: value for key, value in limits.items() if value is not None}}
