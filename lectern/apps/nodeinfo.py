"""Reading a widget's type, limits and choices out of ComfyUI's `/object_info`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Scalar = str | int | float | bool
NodeInfo = Mapping[str, Any]  # one class of `/object_info`, a foreign document
ObjectInfo = Mapping[str, NodeInfo]

SEED_NAMES = frozenset({"seed", "noise_seed"})


class Kind(StrEnum):
    """What a widget holds; the values are JSON Schema's type names, apart from choice."""

    INTEGER = "integer"
    NUMBER = "number"
    STRING = "string"
    BOOLEAN = "boolean"
    CHOICE = "choice"


KINDS = {"INT": Kind.INTEGER, "FLOAT": Kind.NUMBER, "STRING": Kind.STRING, "BOOLEAN": Kind.BOOLEAN}


@dataclass(frozen=True)
class Widget:
    """One widget input of a node class, as its class declares it."""

    kind: Kind
    minimum: int | float | None = None
    maximum: int | float | None = None
    choices: tuple[Scalar, ...] | None = None  # None: not a list, or a list only the browser can fetch
    multiline: bool = False
    seed: bool = False
    tooltip: str = ""


def read_widget(info: NodeInfo, name: str) -> Widget | None:
    """The widget called `name`, or None when the class has no such input or it is not a single plain value."""
    declared = _declaration(info, name)
    if declared is None:
        return None
    kind, options = declared
    tooltip = options.get("tooltip")
    text = tooltip if isinstance(tooltip, str) else ""
    if isinstance(kind, list):
        return _choice(kind, options, text)
    if kind == "COMBO":
        return _choice(options.get("options"), options, text)
    if kind not in KINDS:
        return None
    return Widget(
        kind=KINDS[kind],
        minimum=_number(options.get("min")),
        maximum=_number(options.get("max")),
        multiline=options.get("multiline") is True,
        seed=kind == "INT" and (bool(options.get("control_after_generate")) or name in SEED_NAMES),
        tooltip=text,
    )


def _declaration(info: NodeInfo, name: str) -> tuple[Any, Mapping[str, Any]] | None:
    """An input is `[type]` or `[type, options]`, under "required" or "optional"."""
    for group in ("required", "optional"):
        entry = (info.get("input", {}).get(group) or {}).get(name)
        if isinstance(entry, list) and entry:
            return entry[0], entry[1] if len(entry) > 1 and isinstance(entry[1], dict) else {}
    return None


def _choice(values: object, options: Mapping[str, Any], tooltip: str) -> Widget | None:
    if options.get("multiselect"):
        return None
    listed = tuple(v for v in values if isinstance(v, Scalar)) if isinstance(values, list) else ()
    if not listed and options.get("remote"):
        # The list lives behind a route that the node's author chose; ComfyUI itself checks the value.
        return Widget(Kind.STRING, tooltip=tooltip)
    if options.get("lectern_list"):  # the editor fills it from a WebUI server, and the node checks the value
        return Widget(Kind.STRING, tooltip=tooltip)
    return Widget(Kind.CHOICE, choices=listed, tooltip=tooltip)


def _number(value: object) -> int | float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
