"""What all workers together have: `/object_info` of several ComfyUIs as one. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..nodeinfo import NodeInfo, ObjectInfo

GROUPS = ("required", "optional")


def merged(infos: Sequence[ObjectInfo]) -> ObjectInfo:
    """Every class of any of them; of one that several have, the choices of all, in the order in which they come."""
    if len(infos) == 1:
        return infos[0]
    found: dict[str, NodeInfo] = {}
    for info in infos:
        for name, declared in info.items():
            known = found.get(name)
            found[name] = declared if known is None or known == declared else _both(known, declared)
    return found


def _both(first: NodeInfo, second: NodeInfo) -> NodeInfo:
    inputs = dict(_mapping(first.get("input")))
    others = _mapping(second.get("input"))
    for group in GROUPS:
        widgets = dict(_mapping(inputs.get(group)))
        for name, declared in _mapping(others.get(group)).items():
            if name in widgets:
                widgets[name] = _widget(widgets[name], declared)
        if widgets:
            inputs[group] = widgets
    return {**first, "input": inputs}


def _widget(first: Any, second: Any) -> Any:
    """`[["a", "b"], options]` or `["COMBO", {"options": ["a", "b"]}]`; anything else is as the first one says."""
    if not (isinstance(first, list) and first and isinstance(second, list) and second):
        return first
    if isinstance(first[0], list) and isinstance(second[0], list):
        return [_joined(first[0], second[0]), *first[1:]]
    if first[0] == second[0] == "COMBO" and len(first) > 1 and len(second) > 1:
        own, other = _mapping(first[1]), _mapping(second[1])
        if isinstance(own.get("options"), list) and isinstance(other.get("options"), list):
            return [first[0], {**own, "options": _joined(own["options"], other["options"])}, *first[2:]]
    return first


def _joined(first: list[Any], second: list[Any]) -> list[Any]:
    return [*first, *(value for value in second if value not in first)]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
