"""Saved workflows in the editor's own format: nodes and links of the root graph and of subgraph definitions.

A subgraph's inputs are links from the node -10 of its definition; a host node (its `type` is the definition's id)
shows those that end at a widget as widgets of its own. Source: ComfyUI_frontend 1.47, SubgraphNode.ts.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

from ..picks import Place

Workflow = Mapping[str, Any]  # a UI-format workflow, a foreign document

DEEPEST = 32  # subgraphs inside each other
MOST_HOSTS = 2000  # subgraph nodes that are looked at, counted wherever they are repeated
MOST_STEPS = 200  # from one promoted widget to all that it feeds
MOST_LINKS = 100_000  # that are followed in one workflow, all together; a bound for hostile ones
MOST_DEFINITIONS = 1000
VIRTUAL = frozenset({"PrimitiveNode", "Reroute"})  # they only pass a value on; the API graph does not have them
INACTIVE = (2, 4)  # litegraph's modes: muted, bypassed


class Link(NamedTuple):
    id: Any
    origin: str
    target: str
    slot: int  # of the target's inputs


def mapping(value: object) -> Mapping[str, Any]:
    """The value when it is an object, else an empty one: saved workflows hold anything."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list, in order."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


class Layer:
    """One graph: the root's or a subgraph definition's."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.nodes = {str(node.get("id")): node for node in items(document.get("nodes"))}

    @cached_property
    def links(self) -> dict[Any, Link]:
        """The root writes links as lists, a definition as objects."""
        found = (_link(entry) for entry in self.document.get("links") or ())
        return {link.id: link for link in found if link is not None}

    @cached_property
    def inputs(self) -> dict[str, Mapping[str, Any]]:
        """A definition's inputs by name; of two with one name the first."""
        found: dict[str, Mapping[str, Any]] = {}
        for slot in items(self.document.get("inputs")):
            if isinstance(slot.get("name"), str):
                found.setdefault(slot["name"], slot)
        return found

    @cached_property
    def shown(self) -> list[tuple[str, str, str]]:
        """(inner node, its widget, name) of a definition's inputs; of what an input feeds, the first counts."""
        found = []
        for slot in items(self.document.get("inputs")):
            node, widget = next(self.targets(slot.get("linkIds")), ({}, ""))
            found.append((str(node.get("id")), widget, str(slot.get("name"))))
        return found

    def targets(self, link_ids: object) -> Iterator[tuple[Mapping[str, Any], str]]:
        """(node, name of its input) at the end of each link."""
        for link_id in link_ids[:MOST_STEPS] if isinstance(link_ids, list) else ():
            link = self.links.get(link_id) if isinstance(link_id, (int, str)) else None
            node = self.nodes.get(link.target) if link is not None else None
            slots = node.get("inputs") if node is not None else None
            if node is not None and link is not None and isinstance(slots, list) and 0 <= link.slot < len(slots):
                yield node, widget_name(mapping(slots[link.slot]))


def without_cycles(definitions: Mapping[str, Layer]) -> dict[str, Layer]:
    """Those that do not hold themselves, however deep; the editor never makes others."""
    kinds = {name: {str(node.get("type")) for node in layer.nodes.values()} for name, layer in definitions.items()}
    sound: dict[str, Layer] = {}
    waiting = dict(definitions)
    while waiting:
        done = [name for name in waiting if not kinds[name] & waiting.keys()]
        if not done:
            break
        sound |= {name: waiting.pop(name) for name in done}
    return sound


def widget_name(slot: Mapping[str, Any]) -> str:
    """The widget that an input slot stands for; its own name when it is no widget's."""
    return str(mapping(slot.get("widget")).get("name") or slot.get("name"))


def _link(entry: object) -> Link | None:
    if isinstance(entry, list) and len(entry) >= 5:
        link_id, origin, _, target, slot = entry[:5]
    elif isinstance(entry, dict):
        link_id, origin, target, slot = (entry.get(k) for k in ("id", "origin_id", "target_id", "target_slot"))
    else:
        return None
    if not isinstance(link_id, (int, str)) or isinstance(slot, bool) or not isinstance(slot, int):
        return None
    return Link(link_id, str(origin), str(target), slot)


class Host(NamedTuple):
    """A node where it really is: `path` are the ids of the subgraph nodes around it, outermost first."""

    layer: Layer
    path: tuple[str, ...]
    node: Mapping[str, Any]

    @property
    def node_id(self) -> str:
        return str(self.node.get("id"))

    @property
    def api_id(self) -> str:
        return ":".join((*self.path, self.node_id))


class SavedWorkflow:
    """Answers where a widget of the editor lies in the API graph."""

    def __init__(self, workflow: Workflow) -> None:
        self.root = Layer(workflow)
        found = items(mapping(workflow.get("definitions")).get("subgraphs"))
        self.definitions = without_cycles({str(one.get("id")): Layer(one) for one in found[:MOST_DEFINITIONS]})
        self._left = MOST_LINKS

    @cached_property
    def hosts(self) -> list[Host]:
        """Every subgraph node, those inside others too, outer ones first."""
        found: list[Host] = []
        waiting: list[tuple[Layer, tuple[str, ...]]] = [(self.root, ())]
        for layer, path in waiting:
            for node in layer.nodes.values():
                inner = self.definition(node)
                if inner is None or len(found) >= MOST_HOSTS:
                    continue
                host = Host(layer, path, node)
                found.append(host)
                if len(path) < DEEPEST:
                    waiting.append((inner, (*path, host.node_id)))
        return found

    def everything(self) -> Iterator[Host]:
        """Every node where it really is, those inside subgraphs too."""
        layers: list[tuple[Layer, tuple[str, ...]]] = [(self.root, ())]
        for host in self.hosts:
            inner = self.definition(host.node)
            if inner is not None:
                layers.append((inner, (*host.path, host.node_id)))
        return (Host(layer, path, node) for layer, path in layers for node in layer.nodes.values())

    def definition(self, node: Mapping[str, Any]) -> Layer | None:
        """What a subgraph node stands for; None for any other node."""
        return self.definitions.get(str(node.get("type")))

    @property
    def exhausted(self) -> bool:
        """Whether so many links were followed that no more are."""
        return self._left <= 0

    @cached_property
    def shown(self) -> Mapping[tuple[str, str], list[tuple[Host, str]]]:
        """The subgraph nodes that show a widget and what they call it, by id and widget of the node inside."""
        found: dict[tuple[str, str], list[tuple[Host, str]]] = {}
        every = ((host, *one) for host in self.hosts for one in (self.definition(host.node) or self.root).shown)
        for host, inner_id, widget, name in islice(every, MOST_LINKS):
            found.setdefault((inner_id, widget), []).append((host, name))
        return found

    def places(self, host: Host, widget: str) -> tuple[Place, ...]:
        """The widgets of the API graph that a widget of the editor sets, the one that is shown first."""
        found: dict[Place, None] = {}
        waiting = [(host, widget)]
        for _ in range(MOST_STEPS):
            if not waiting or self.exhausted:
                break
            at, name = waiting.pop(0)
            ends = self._ends(at, name)
            self._left -= 1 + len(ends or ())
            if ends is None:
                found[Place(at.api_id, name)] = None
            else:
                waiting[:0] = ends
        return tuple(found)

    def _ends(self, host: Host, widget: str) -> list[tuple[Host, str]] | None:
        """Where a widget's value goes; None when the node itself takes it."""
        inner = self.definition(host.node)
        if inner is not None:
            slot = subgraph_input(inner, widget)
            link_ids, layer, path = slot.get("linkIds"), inner, (*host.path, host.node_id)
            if not slot:
                return _proxied(host, inner, widget)
        elif host.node.get("type") in VIRTUAL:
            outputs = items(host.node.get("outputs"))
            link_ids, layer, path = (outputs[0].get("links") if outputs else None), host.layer, host.path
        else:
            return None
        return [(Host(layer, path, node), name) for node, name in layer.targets(link_ids) if len(path) <= DEEPEST]

    def label(self, host: Host, widget: str) -> str:
        """What a person renamed the widget to: at the node, else at the subgraph's input; empty when nowhere."""
        slots = items(host.node.get("inputs"))
        inner = self.definition(host.node)
        if inner is not None:
            slots = [*slots, subgraph_input(inner, widget)]
        said = host.node.get("title") if widget == "value" else None  # a node that holds one value is named for it
        labels = (slot.get("label") for slot in slots if widget in (slot.get("name"), widget_name(slot)))
        return next((label for label in (*labels, said) if isinstance(label, str) and label), "")

    def inactive(self, host: Host) -> bool:
        """Whether the node or one of the subgraph nodes around it is muted or bypassed."""
        layer: Layer | None = self.root
        for step in (*host.path, host.node_id):
            node = layer.nodes.get(step, {}) if layer is not None else {}
            if node.get("mode") in INACTIVE:
                return True
            layer = self.definition(node)
        return False


def _proxied(host: Host, inner: Layer, widget: str) -> list[tuple[Host, str]]:
    """A promoted widget as older front ends saved it: [inner node, widget] in the host's `proxyWidgets`."""
    entries = mapping(host.node.get("properties")).get("proxyWidgets")
    named = (
        [e for e in entries if isinstance(e, list) and len(e) > 1 and e[1] == widget]
        if isinstance(entries, list)
        else []
    )
    nodes = [inner.nodes[str(entry[0])] for entry in named if str(entry[0]) in inner.nodes]
    return [(Host(inner, (*host.path, host.node_id), node), widget) for node in nodes] if len(nodes) == 1 else []


def subgraph_input(layer: Layer, name: str) -> Mapping[str, Any]:
    """A definition's input by its name."""
    return layer.inputs.get(name, {})


def app_section(workflow: Workflow) -> Mapping[str, Any]:
    """`extra.lectern.app`: what Lectern itself keeps in the workflow."""
    return mapping(mapping(mapping(workflow.get("extra")).get("lectern")).get("app"))


def linear_data(workflow: Workflow, key: str) -> list[Any]:
    """`extra.linearData.inputs` or `.outputs`; empty when the workflow was never saved as an app."""
    value = mapping(mapping(workflow.get("extra")).get("linearData")).get(key)
    return value if isinstance(value, list) else []
