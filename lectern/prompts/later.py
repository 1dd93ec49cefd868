"""Whether a chat model is asked again later in a graph: then it stays loaded until its last use."""

from collections.abc import Mapping
from typing import Any

INPUT = "chat_model"  # the name of the input on every node that asks

Graph = Mapping[str, Mapping[str, Any]]  # ComfyUI's API format


def asked_later(graph: Graph, node_id: str) -> bool:
    """Whether a node that depends on this one asks the same model."""
    mine = _model_of(graph, node_id)
    return mine is not None and any(_model_of(graph, one) == mine for one in _dependents(graph, node_id))


def _model_of(graph: Graph, node_id: str) -> tuple[str, int] | None:
    link = _inputs(graph, node_id).get(INPUT)
    return (str(link[0]), link[1]) if link and _is_link(link) else None


def _dependents(graph: Graph, node_id: str) -> set[str]:
    """All nodes downstream."""
    below: dict[str, list[str]] = {}
    for one in graph:
        for value in _inputs(graph, one).values():
            if _is_link(value):
                below.setdefault(str(value[0]), []).append(one)
    found: set[str] = set()
    waiting = [node_id]
    while waiting:
        for one in below.get(waiting.pop(), ()):
            if one not in found:
                found.add(one)
                waiting.append(one)
    return found


def _inputs(graph: Graph, node_id: str) -> Mapping[str, Any]:
    return graph.get(node_id, {}).get("inputs", {})


def _is_link(value: object) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == 2 and isinstance(value[1], int)
