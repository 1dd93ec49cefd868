"""Where the results of a graph's nodes go, and what a text is taken as down that line. Pure."""

from collections import deque
from collections.abc import Mapping

from .graph import Graph, is_link

MOST_HOPS = 50  # nodes between a text and the node that says what it is for

Consumers = Mapping[str, list[tuple[str, str]]]  # node id -> (node, input) that its results go to


def consumers_of(graph: Graph) -> Consumers:
    found: dict[str, list[tuple[str, str]]] = {}
    for consumer, node in graph.items():
        for name, value in node["inputs"].items():
            if is_link(value) and value:
                found.setdefault(str(value[0]), []).append((consumer, name))
    return found


def taken_as(node_id: str, consumers: Consumers, words: tuple[str, ...] = ("negative", "positive")) -> str:
    """The first of the words that an input's name has down the line; empty when none tells."""
    waiting, seen = deque([node_id]), {node_id}
    for _ in range(MOST_HOPS):
        if not waiting:
            break
        for consumer, name in consumers.get(waiting.popleft(), [])[:MOST_HOPS]:
            word = next((word for word in words if word in name.lower()), "")
            if word:
                return word
            if consumer not in seen:
                seen.add(consumer)
                waiting.append(consumer)
    return ""
