"""An app's contract: the inputs a caller may set and the outputs a run gives, derived from a workflow.

Pure: workflow, API-format graph and `/object_info` in, contract out.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .graph import Graph, is_link, node_title
from .inputs import Input, check_value
from .nodeinfo import Kind, ObjectInfo, Scalar, Widget, read_widget
from .picks import Pick, Stale, Workflow, linear_data, mapping, read_picks


@dataclass(frozen=True)
class Output:
    """One named output of an app: everything that one node saves or shows."""

    name: str
    node_id: str
    class_type: str
    title: str


@dataclass(frozen=True)
class Contract:
    inputs: tuple[Input, ...]  # in the order of the picks
    outputs: tuple[Output, ...]  # in the order of display
    stale: tuple[Stale, ...] = ()


def derive_contract(workflow: Workflow, graph: Graph, object_info: ObjectInfo) -> Contract:
    """Makes the contract from App Mode's picks.

    A pick or output whose node or widget is gone, linked or not a plain value goes to `stale`, the rest counts.
    `object_info` needs the classes of the picked nodes, and of all nodes when no output was picked.
    """
    picks, stale = read_picks(workflow)
    inputs: list[Input] = []
    for pick in picks:
        made = _derive_input(pick, workflow, graph, object_info, {i.name for i in inputs})
        if isinstance(made, Input):
            inputs.append(made)
        else:
            stale.append(made)
    outputs, missing = _derive_outputs(workflow, graph, object_info)
    return Contract(tuple(inputs), outputs, (*stale, *missing))


def needed_classes(workflow: Workflow, graph: Graph) -> frozenset[str]:
    """The node classes that `derive_contract` has to know."""
    if not linear_data(workflow, "outputs"):
        return frozenset(node["class_type"] for node in graph.values())
    picked = (pick.node_id for pick in read_picks(workflow)[0])
    return frozenset(graph[node_id]["class_type"] for node_id in picked if node_id in graph)


def _derive_input(
    pick: Pick, workflow: Workflow, graph: Graph, object_info: ObjectInfo, taken: set[str]
) -> Input | Stale:
    def stale(reason: str) -> Stale:
        return Stale(f"{pick.node_id}:{pick.widget}", pick.name, reason)

    node = graph.get(pick.node_id)
    if node is None:
        inside = any(key.startswith(f"{pick.node_id}:") for key in graph)
        return stale("names a subgraph, which is not supported yet" if inside else "names a node that no longer exists")
    current = node["inputs"].get(pick.widget)
    if current is None:
        return stale("names an input that the node no longer has")
    if is_link(current):
        return stale("names an input that is linked to another node")
    widget = read_widget(object_info.get(node["class_type"], {}), pick.widget)
    if widget is None:
        return stale(f"names an input that {node['class_type']} does not have as a plain value")
    name = pick.name if pick.name not in taken else f"{pick.node_id}_{pick.name}"
    if name in taken:
        return stale("is picked twice")
    return _settle_default(_combine(name, pick, widget, workflow), current)


def _combine(name: str, pick: Pick, widget: Widget, workflow: Workflow) -> Input:
    """The class's declaration, narrowed (never widened) by the pick's own options."""
    options = pick.options
    return Input(
        name=name,
        node_id=pick.node_id,
        widget=pick.widget,
        kind=widget.kind,
        label=options.label or _saved_label(workflow, pick),
        description=options.description or widget.tooltip,
        required=options.required,
        minimum=max((v for v in (widget.minimum, options.minimum) if v is not None), default=None),
        maximum=min((v for v in (widget.maximum, options.maximum) if v is not None), default=None),
        max_length=options.max_length if widget.kind is Kind.STRING else None,
        choices=_narrow(widget.choices, options.choices),
        multiline=widget.multiline,
        seed=widget.seed,
    )


def _narrow(choices: tuple[Scalar, ...] | None, subset: Iterable[Scalar] | None) -> tuple[Scalar, ...] | None:
    if choices is None or subset is None:
        return choices
    return tuple(value for value in subset if value in choices)


def _settle_default(item: Input, current: object) -> Input:
    """The saved value is the default, unless a caller must choose or the value itself is not allowed (any more)."""
    if item.required or check_value(item, current) is not None:
        return replace(item, required=True)
    return replace(item, default=current)  # type: ignore[arg-type]


def _saved_label(workflow: Workflow, pick: Pick) -> str:
    """A widget that was renamed in the editor keeps its label in the node's input slot."""
    nodes = (mapping(node) for node in workflow.get("nodes") or ())
    for node in nodes:
        slots = map(mapping, node.get("inputs") or ()) if str(node.get("id")) == pick.node_id else ()
        for slot in slots:
            if slot.get("name") == pick.widget and isinstance(slot.get("label"), str):
                return slot["label"]
    return ""


def _derive_outputs(
    workflow: Workflow, graph: Graph, object_info: ObjectInfo
) -> tuple[tuple[Output, ...], list[Stale]]:
    """The picked output nodes; without a pick App Mode shows every output node, and so do we."""
    picked = [str(node_id) for node_id in linear_data(workflow, "outputs")]
    missing = [Stale(i, "", "names an output node that no longer exists") for i in picked if i not in graph]
    if not picked:
        picked = [i for i, node in graph.items() if object_info.get(node["class_type"], {}).get("output_node")]
    names = mapping(app_section(workflow).get("outputs"))
    outputs: dict[str, Output] = {}
    for node_id in dict.fromkeys(i for i in picked if i in graph):
        title = node_title(graph, node_id)
        chosen = names.get(node_id)
        name = chosen if isinstance(chosen, str) and chosen else _name_from(title)
        name = name if name not in outputs else f"{node_id}_{name}"
        outputs[name] = Output(name, node_id, graph[node_id]["class_type"], title)
    return tuple(outputs.values()), missing


def app_section(workflow: Workflow) -> Mapping[str, Any]:
    """`extra.lectern.app`: what Lectern itself keeps in the workflow."""
    return mapping(mapping(mapping(workflow.get("extra")).get("lectern")).get("app"))


def _name_from(title: str) -> str:
    return re.sub(r"\W+", "_", title.lower()).strip("_") or "output"
