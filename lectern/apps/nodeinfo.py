"""Reading a widget's type, limits and choices out of ComfyUI's `/object_info`."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from .media import Media, upload_media

Scalar = str | int | float | bool
NodeInfo = Mapping[str, Any]  # one class of `/object_info`, a foreign document
ObjectInfo = Mapping[str, NodeInfo]

SEED_NAMES = frozenset({"seed", "noise_seed"})
DYNAMIC_COMBO = "COMFY_DYNAMICCOMBO_V3"
# Filled in the editor from a server that the workflow names: ComfyUI has no list of its own to judge by.
FOREIGN_LISTS = ("remote", "lectern_list", "lectern_chat_list")


class Kind(StrEnum):
    """What a widget holds; the values are JSON Schema's type names, apart from choice and file."""

    INTEGER = "integer"
    NUMBER = "number"
    STRING = "string"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    FILE = "file"


KINDS = {
    "INT": Kind.INTEGER,
    "FLOAT": Kind.NUMBER,
    "STRING": Kind.STRING,
    "BOOLEAN": Kind.BOOLEAN,
    "COLOR": Kind.STRING,
}


@dataclass(frozen=True)
class Widget:
    """One widget input of a node class, as its class declares it."""

    kind: Kind
    minimum: int | float | None = None
    maximum: int | float | None = None
    step: int | float | None = None
    choices: tuple[Scalar, ...] | None = None  # None: not a list, or a list only the browser can fetch
    multiline: bool = False
    seed: bool = False
    media: Media | None = None  # exactly when the kind is FILE
    tooltip: str = ""


def read_widget(info: NodeInfo, name: str, values: Mapping[str, Any] | None = None) -> Widget | None:
    """The widget called `name`, or None when the class has no such input or it is not a single plain value.

    Args:
        values: the node's inputs in the graph, which say what is chosen in a dynamic combo; `model.size` is the
            input `size` of what is chosen in `model`.
    """
    declared = _declaration(info, name, values or {})
    if declared is None:
        return None
    kind, options = declared
    tooltip = options.get("tooltip")
    widget = _read(kind, options, name, values or {})
    return None if widget is None else replace(widget, tooltip=tooltip if isinstance(tooltip, str) else "")


def _read(kind: object, options: Mapping[str, Any], name: str, values: Mapping[str, Any]) -> Widget | None:
    if isinstance(kind, list):
        return _choice(kind, options)
    if kind == "COMBO":
        # A Custom Combo has no list of its own: its author's choices lie in the node.
        own = [value for key, value in values.items() if re.fullmatch(r"option\d+", key) and value != ""]
        return _choice(options.get("options") or own, options)
    if kind == DYNAMIC_COMBO:
        return Widget(Kind.CHOICE, choices=tuple(_complete_choices(options, name, values)))
    if not isinstance(kind, str) or kind not in KINDS:
        return None
    media = upload_media(options)
    if media is not None:
        return Widget(Kind.FILE, media=media)
    return Widget(
        kind=KINDS[kind],
        minimum=_number(options.get("min")),
        maximum=_number(options.get("max")),
        step=_number(options.get("step")),
        multiline=options.get("multiline") is True,
        seed=kind == "INT" and _is_seed(options, name),
    )


def _is_seed(options: Mapping[str, Any], name: str) -> bool:
    """`value` of core's Int node may change after every run, too, whatever it counts."""
    return name in SEED_NAMES or (bool(options.get("control_after_generate")) and name != "value")


def _declaration(info: NodeInfo, name: str, values: Mapping[str, Any]) -> tuple[Any, Mapping[str, Any]] | None:
    """An input is `[type]` or `[type, options]`, under "required" or "optional"."""
    inputs = info.get("input") or {}
    entry = _entry(inputs, name)
    parts = name.split(".")
    for depth in range(1, len(parts)):
        combo = _entry(inputs, parts[depth - 1])
        if entry is not None or combo is None or combo[0] != DYNAMIC_COMBO:
            break
        chosen = values.get(".".join(parts[:depth]))
        inputs = next((sub for key, sub in _dynamic_options(combo[1]) if key == chosen), {})
        entry = _entry(inputs, ".".join(parts[depth:]))
    return entry


def _entry(inputs: Mapping[str, Any], name: str) -> tuple[Any, Mapping[str, Any]] | None:
    for group in ("required", "optional"):
        entry = (inputs.get(group) or {}).get(name)
        if isinstance(entry, (list, tuple)) and entry:
            return entry[0], entry[1] if len(entry) > 1 and isinstance(entry[1], dict) else {}
    return None


def _dynamic_options(options: Mapping[str, Any]) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """(choice, the inputs that it brings) of a dynamic combo."""
    for option in options.get("options") or ():
        if isinstance(option, dict) and isinstance(option.get("key"), Scalar):
            yield option["key"], option.get("inputs") or {}


def _complete_choices(options: Mapping[str, Any], name: str, values: Mapping[str, Any]) -> Iterator[Scalar]:
    """The choices whose own required inputs the graph has; for others ComfyUI would miss a value."""
    for key, inputs in _dynamic_options(options):
        if key == values.get(name) or all(f"{name}.{sub}" in values for sub in inputs.get("required") or ()):
            yield key


def _choice(values: object, options: Mapping[str, Any]) -> Widget | None:
    if options.get("multiselect"):
        return None
    listed = tuple(v for v in values if isinstance(v, Scalar)) if isinstance(values, list) else ()
    foreign = any(options.get(key) for key in FOREIGN_LISTS)
    media = upload_media(options)
    if media is not None:
        return Widget(Kind.FILE, choices=None if foreign else listed, media=media)
    if foreign and (not listed or not options.get("remote")):
        # The list lives behind a route or on a server that the node's author chose; the node checks the value.
        return Widget(Kind.STRING)
    return Widget(Kind.CHOICE, choices=listed)


def _number(value: object) -> int | float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
