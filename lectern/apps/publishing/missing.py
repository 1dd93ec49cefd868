"""What a graph needs and this ComfyUI does not have: node classes, models, input files."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from ..contract import ELSEWHERE, Contract
from ..graph import Graph, is_link, node_title
from ..nodeinfo import Kind, NodeInfo, ObjectInfo, Scalar, Widget, read_widget

FILE_NAME = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,11}$")
NO_CHOICE = frozenset({"", "none", "None"})  # what a list of files offers when there is no file
# Widgets that do not count once another widget of their node is filled in.
REPLACED_BY = {("LecternPipelineLoader", "pipeline"): "hub_id"}


class Missing(NamedTuple):
    """One thing that is not there, and the node that needs it."""

    kind: Literal["node", "model", "file"]
    name: str  # of the class, or the value of the widget
    node_id: str
    title: str
    widget: str = ""  # empty for a class


def missing(graph: Graph, object_info: ObjectInfo, contract: Contract | None = None) -> list[Missing]:
    """All of it, in the order of the graph.

    Args:
        object_info: all classes of the graph; a class that it lacks, or that is empty in it, is unknown to ComfyUI.
        contract: its inputs are left out, because their values are checked with every run.
    """
    chosen = _set_by_callers(contract) if contract is not None else set()
    return [
        item
        for node_id, node in graph.items()
        for item in _of_node(node_id, node, object_info, graph)
        if (item.node_id, item.widget) not in chosen
    ]


def _set_by_callers(contract: Contract) -> set[tuple[str, str]]:
    return {place for item in contract.inputs for place in [(item.node_id, item.widget), *item.also]}


def _of_node(node_id: str, node: Mapping[str, Any], object_info: ObjectInfo, graph: Graph) -> Iterator[Missing]:
    class_type, values = node["class_type"], node["inputs"]
    title = node_title(graph, node_id)
    info = object_info.get(class_type)
    if not info:
        yield Missing("node", class_type, node_id, title)
        return
    for name, value in values.items():
        if not counts(class_type, name, values):
            continue
        kind = _lacks(info, name, value, values)
        if kind is not None:
            yield Missing(kind, value, node_id, title, name)


def counts(class_type: str, name: str, values: Mapping[str, Any]) -> bool:
    """Whether the widget's value may name something that has to be there."""
    value = values[name]
    return isinstance(value, str) and not is_link(value) and not values.get(REPLACED_BY.get((class_type, name), ""))


def _lacks(info: NodeInfo, name: str, value: str, values: Mapping[str, Any]) -> Literal["model", "file"] | None:
    widget = read_widget(info, name, values)
    if widget is None or widget.choices is None or value in widget.choices:
        return None
    if widget.kind is Kind.FILE:
        return None if ELSEWHERE.search(value) else "file"
    return "model" if lists_files(widget, value) else None


def lists_files(widget: Widget, value: str) -> bool:
    """Whether the list is one of files: other lists ComfyUI judges, and some nodes take more than they list."""
    choices: tuple[Scalar, ...] = widget.choices or ()
    return (
        all(choice in NO_CHOICE for choice in choices)
        or FILE_NAME.search(value) is not None
        or any(FILE_NAME.search(str(choice)) for choice in choices)
    )
