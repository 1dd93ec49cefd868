"""Which nodes of a workflow are worth to be outputs of an app, when its author has picked none."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ..contract import name_from
from ..graph import PREFIX_WIDGET, Graph, node_title
from ..media import output_media
from ..nodeinfo import ObjectInfo
from ..picks import NAME_LENGTH, OutputPick


class OutputProposal(NamedTuple):
    """A node that could be an output."""

    pick: OutputPick
    class_type: str
    picked: bool


def propose_outputs(graph: Graph, object_info: ObjectInfo, names: Mapping[str, Any]) -> tuple[OutputProposal, ...]:
    """Nodes that save are meant to be results; what only shows, where nothing is saved."""
    rank = {i: _rank(node, object_info) for i, node in graph.items() if _is_output(node, object_info)}
    best = min(rank.values(), default=0)
    taken: Counter[str] = Counter()
    made: list[OutputProposal] = []
    for node_id in sorted(rank, key=lambda i: rank[i]):
        said = names.get(node_id)
        name = said if isinstance(said, str) and said else _output_name(node_id, graph, object_info)
        taken[name] += 1
        name = name if taken[name] == 1 else f"{name}_{taken[name]}"
        pick = OutputPick(node_id, name, node_title(graph, node_id))
        made.append(OutputProposal(pick, graph[node_id]["class_type"], rank[node_id] == best))
    return tuple(made)


def _is_output(node: Mapping[str, Any], object_info: ObjectInfo) -> bool:
    return bool(object_info.get(node["class_type"], {}).get("output_node"))


def _rank(node: Mapping[str, Any], object_info: ObjectInfo) -> int:
    """0: saves; 1: the end of a line; 2: shows something and passes it on."""
    if PREFIX_WIDGET in node["inputs"] or "Save" in node["class_type"]:
        return 0
    return 2 if object_info.get(node["class_type"], {}).get("output") else 1


def _output_name(node_id: str, graph: Graph, object_info: ObjectInfo) -> str:
    """From a title that a person wrote, else from what comes out."""
    class_type, values = graph[node_id]["class_type"], graph[node_id]["inputs"]
    info = object_info.get(class_type, {})
    title = node_title(graph, node_id)
    if title not in (class_type, info.get("display_name")):
        return name_from(title)[:NAME_LENGTH]
    media = output_media(class_type, info, values).media
    return name_from(title) if media is None else str(media)


def mark_outputs(known: Iterable[OutputProposal], picked: tuple[OutputPick, ...]) -> tuple[OutputProposal, ...]:
    """App Mode shows every output node when none was picked."""
    chosen = {pick.node_id: pick for pick in picked}
    by_id = {one.pick.node_id: one for one in known}
    if not chosen:
        return tuple(one._replace(picked=True) for one in by_id.values())
    first = [
        by_id[i]._replace(pick=OutputPick(i, pick.name or by_id[i].pick.name, pick.title), picked=True)
        for i, pick in chosen.items()
        if i in by_id
    ]
    return (*first, *(one._replace(picked=False) for i, one in by_id.items() if i not in chosen))
