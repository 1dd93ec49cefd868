"""What a graph tells of chat models: whether one is asked again later, and whether a text is a model's."""

from collections.abc import Mapping, Sequence
from typing import Any

INPUT = "chat_model"  # the name of the input on every node that asks

Graph = Mapping[str, Mapping[str, Any]]  # ComfyUI's API format


def asked_later(graph: Graph, node_id: str) -> bool:
    """Whether a node that depends on this one asks the same model; then that stays loaded."""
    mine = _model_of(graph, node_id)
    return mine is not None and any(_model_of(graph, one) == mine for one in _reached(node_id, _below(graph)))


def is_by_model(graph: Graph, node_id: str, name: str) -> bool:
    """Whether what is linked to this input comes from a node that asks a chat model, at whatever remove."""
    link = _inputs(graph, node_id).get(name)
    if not (link and _is_link(link)):
        return False
    source = str(link[0])
    above = {one: [str(value[0]) for value in _inputs(graph, one).values() if _is_link(value)] for one in graph}
    return any(_model_of(graph, one) is not None for one in (source, *_reached(source, above)))


def _model_of(graph: Graph, node_id: str) -> tuple[str, int] | None:
    link = _inputs(graph, node_id).get(INPUT)
    return (str(link[0]), link[1]) if link and _is_link(link) else None


def _below(graph: Graph) -> dict[str, list[str]]:
    """For each node those that are linked to it."""
    below: dict[str, list[str]] = {}
    for one in graph:
        for value in _inputs(graph, one).values():
            if _is_link(value):
                below.setdefault(str(value[0]), []).append(one)
    return below


def _reached(node_id: str, steps: Mapping[str, Sequence[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [node_id]
    while waiting:
        for one in steps.get(waiting.pop(), ()):
            if one not in found:
                found.add(one)
                waiting.append(one)
    return found


def _inputs(graph: Graph, node_id: str) -> Mapping[str, Any]:
    return graph.get(node_id, {}).get("inputs", {})


def _is_link(value: object) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == 2 and isinstance(value[1], int)
