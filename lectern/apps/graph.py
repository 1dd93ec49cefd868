"""API-format graphs: titles, input values, file prefixes. Graphs are never modified, always copied."""

import copy
from collections.abc import Mapping
from typing import Any

from .nodeinfo import Scalar

Graph = Mapping[str, Any]  # {node id: {"class_type", "inputs", "_meta": {"title"}}}

PREFIX_WIDGET = "filename_prefix"
PREFIX_LENGTH = 100  # characters kept of a prefix's last segment; file systems allow 255 bytes with the counter


def is_graph(value: object) -> bool:
    """Whether the value has the shape of an API-format graph with at least one node."""
    return (
        isinstance(value, dict)
        and bool(value)
        and all(
            isinstance(node, dict)
            and isinstance(node.get("class_type"), str)
            and isinstance(node.get("inputs"), dict)
            and isinstance(node.get("_meta", {}), dict)
            for node in value.values()
        )
    )


def is_link(value: object) -> bool:
    """In API format a list is always a link [node id, output]; a list of values comes wrapped in an object."""
    return isinstance(value, list)


def node_title(graph: Graph, node_id: str) -> str:
    """The title a person gave the node, else its class, else its id."""
    node = graph.get(node_id, {})
    title = node.get("_meta", {}).get("title")
    return title if isinstance(title, str) and title else node.get("class_type", node_id)


def fill_graph(
    graph: Graph, targets: Mapping[str, tuple[str, str]], values: Mapping[str, Scalar], folder: str
) -> dict[str, Any]:
    """A copy of the graph with the run's input values, which saves its files below `folder`.

    Every run saves under its own folder: outputs of two runs never collide, and ComfyUI's cache never answers one
    run with another one's files.
    """
    filled = copy.deepcopy(dict(graph))
    for name, value in values.items():
        node_id, widget = targets[name]
        filled[node_id]["inputs"][widget] = value
    for node in filled.values():
        prefix = node["inputs"].get(PREFIX_WIDGET)
        if isinstance(prefix, str):
            node["inputs"][PREFIX_WIDGET] = f"{folder}/{last_segment(prefix)}"
    return filled


def last_segment(prefix: str) -> str:
    """The file part of a `filename_prefix`, with nothing in it that could lead to another folder."""
    segment = prefix.replace("\\", "/").rsplit("/", 1)[-1].replace(":", "_").strip()
    return segment[:PREFIX_LENGTH] if segment.strip(".") else "output"
