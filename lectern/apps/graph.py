"""API-format graphs: titles, input values, file prefixes. Graphs are never modified, always copied."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .nodeinfo import Scalar

Graph = Mapping[str, Any]  # {node id: {"class_type", "inputs", "_meta": {"title"}}}

CUSTOM_COMBO = "CustomCombo"
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


class Target(NamedTuple):
    """The widget that an input sets, and what has to be done to a file before its name goes there. Plain JSON."""

    node_id: str
    widget: str
    media: str = ""  # a Media value; empty for plain values
    mask_of: str = ""  # the image input whose file this mask is merged into, as its alpha channel
    channel: str = ""  # of a mask by itself: the channel that the node reads it from
    also: tuple[tuple[str, str], ...] = ()  # further (node id, widget) that get the same value

    @classmethod
    def read(cls, fields: Sequence[Any]) -> "Target":
        """From its fields as JSON keeps them; earlier versions of Lectern kept only the first two."""
        target = cls(*fields)
        return target._replace(also=tuple((node_id, widget) for node_id, widget in target.also))


def fill_graph(
    graph: Graph, targets: Mapping[str, Sequence[Any]], values: Mapping[str, Scalar], folder: str
) -> dict[str, Any]:
    """A copy of the graph with the run's input values, which saves its files below `folder`.

    Every run saves under its own folder: outputs of two runs never collide, and ComfyUI's cache never answers one
    run with another one's files.

    Args:
        targets: each input's Target, or a list of its fields as JSON keeps it.
        values: a file is the name that ComfyUI knows it by. A mask that is merged into a picture has no widget.
    """
    filled = copy.deepcopy(dict(graph))
    for name, value in values.items():
        target = Target.read(targets[name])
        places = [] if target.mask_of else [(target.node_id, target.widget), *target.also]
        for node_id, widget in places:
            filled[node_id]["inputs"][widget] = value
            filled[node_id]["inputs"] |= custom_combo_index(filled[node_id])
    for node in filled.values():
        prefix = node["inputs"].get(PREFIX_WIDGET)
        if isinstance(prefix, str):
            node["inputs"][PREFIX_WIDGET] = f"{folder}/{last_segment(prefix)}"
    return filled


def custom_combo_options(values: Mapping[str, Any]) -> list[Any]:
    """The choices of core's Custom Combo, which lie in the node itself: option1, option2, ... and an empty last one."""
    numbers = range(1, len(values) + 1)
    return [values[f"option{n}"] for n in numbers if values.get(f"option{n}") not in (None, "")]


def custom_combo_index(node: Mapping[str, Any]) -> dict[str, int]:
    """What the editor keeps beside a Custom Combo's choice: the node gives it out as a number."""
    options = custom_combo_options(node["inputs"]) if node["class_type"] == CUSTOM_COMBO else []
    choice = node["inputs"].get("choice")
    return {"index": options.index(choice)} if choice in options else {}


def last_segment(prefix: str) -> str:
    """The file part of a `filename_prefix`, with nothing in it that could lead to another folder."""
    segment = prefix.replace("\\", "/").rsplit("/", 1)[-1].replace(":", "_").strip()
    return segment[:PREFIX_LENGTH] if segment.strip(".") else "output"
