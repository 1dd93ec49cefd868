"""What a ComfyUI must have to execute a run: node classes, and files that lie on its own disk. Pure.

By the rules of publishing/missing.py, with the values of the run filled in.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ..contract import ELSEWHERE
from ..files.names import id_of
from ..graph import Target
from ..nodeinfo import Kind, NodeInfo, ObjectInfo, read_widget
from ..publishing.missing import NO_CHOICE, counts, lists_files
from ..runs import Workflow
from .messages import Requirement

SHOWN = 3  # things that are named of all that is missing


def requirement(workflow: Workflow, values: Mapping[str, Any], object_info: ObjectInfo, alone: str = "") -> Requirement:
    """Of one run.

    Args:
        values: of the run's inputs.
        object_info: the classes of all workers together; those of the graph are enough.
        alone: slug of the app when there may be one run of it at a time.
    """
    filled = _filled(workflow.targets, values)
    classes, models = set(), set()
    for node_id, node in workflow.graph.items():
        class_type = node["class_type"]
        classes.add(class_type)
        inputs = {**node["inputs"], **filled.get(node_id, {})}
        models |= {(class_type, *pair) for pair in _models(class_type, inputs, object_info.get(class_type) or {})}
    return Requirement(frozenset(classes), frozenset(models), alone)


def lacking(required: Requirement, object_info: ObjectInfo) -> list[str]:
    """The names of everything that is missing there, in alphabetical order."""
    classes = {name for name in required.classes if not object_info.get(name)}
    there = {item for item in required.models if item[0] not in classes}
    models = {value for class_type, name, value in there if not _has(object_info[class_type], name, value)}
    return sorted(classes) + sorted(models)


def fits(required: Requirement, object_info: ObjectInfo) -> bool:
    return not lacking(required, object_info)


def shown(names: list[str]) -> str:
    """The first few of them, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _filled(targets: Mapping[str, Target], values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Values by node and widget."""
    filled: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        target = targets.get(name)
        if target is not None and not target.mask_of:
            for node_id, widget in ((target.node_id, target.widget), *target.also):
                filled.setdefault(node_id, {})[widget] = value
    return filled


def _models(class_type: str, values: Mapping[str, Any], info: NodeInfo) -> Iterator[tuple[str, str]]:
    """(widget, value) of what has to lie on the disk of the ComfyUI."""
    for name, value in values.items():
        if not counts(class_type, name, values) or value in NO_CHOICE:
            continue
        widget = read_widget(info, name, values)
        if widget is None or widget.choices is None:
            continue
        if widget.kind is Kind.FILE:  # of the app itself; those of callers are brought along
            own = id_of(value) is None and not ELSEWHERE.search(value)
            needed = own and value in widget.choices
        else:
            needed = lists_files(widget, value)
        if needed:
            yield name, value


def _has(info: NodeInfo, name: str, value: str) -> bool:
    """Also when that cannot be told: ComfyUI judges in the end."""
    widget = read_widget(info, name)
    return widget is None or widget.choices is None or value in widget.choices
