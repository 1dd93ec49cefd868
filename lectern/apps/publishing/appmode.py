"""ComfyUI's App Mode picks, as a saved workflow holds them in `extra.linearData`.

Four forms of a pick's id exist: `rootGraphId:nodeId:widgetName` with URL-encoded parts (today's), the id of a root
node, the id of a node inside a subgraph, and `subgraphId:nodeId`. The root graph's id is not compared: it changes with
"save as" while the picks keep the old one. Source: ComfyUI_frontend 1.47 to 1.49, src/stores/appModeStore.ts.
"""

import re
from typing import NamedTuple
from urllib.parse import unquote

from pydantic import ValidationError

from ..graph import Graph, is_link
from ..picks import MOST_PICKS, OutputPick, Pick, Picked, PickOptions, Place, Stale
from .saved import Host, SavedWorkflow, Workflow, app_section, items, linear_data, mapping

DUPLICATE = re.compile(r"#\d+$")  # how the front end tells widgets of one name apart; the API graph does not
GONE = "names a node that no longer exists"
GONE_OUTPUT = "names an output node that no longer exists"
INACTIVE = "names a node that is muted or bypassed"
AMBIGUOUS = "names a node of a subgraph that is used more than once; pick it again in App Mode"
TOO_MANY = f"stands after {MOST_PICKS} others, which is as many as an app may have"
NOT_A_PICK = "is not a pick: [id, widget name, options]"


class _Found(NamedTuple):
    name: str  # what the input is called
    widget: str  # at the host
    host: Host | None  # None: only the API graph has the node
    places: tuple[Place, ...]


def read_picks(workflow: Workflow, graph: Graph) -> Picked:
    """App Mode's picks in their order; what cannot be found is in `stale` and says why."""
    reader = _Reader(workflow, graph)
    wanted, asked = linear_data(workflow, "inputs"), linear_data(workflow, "outputs")
    inputs = [reader.input(entry) for entry in wanted[:MOST_PICKS]]
    outputs = [found for entry in asked[:MOST_PICKS] for found in reader.outputs(entry)]
    inputs += [Stale("", "", TOO_MANY)] if max(len(wanted), len(asked)) > MOST_PICKS else []
    return Picked(
        tuple(pick for pick in inputs if isinstance(pick, Pick)),
        tuple(dict.fromkeys(pick for pick in outputs if isinstance(pick, OutputPick))),
        tuple(stale for stale in [*inputs, *outputs] if isinstance(stale, Stale)),
    )


class Promoted(NamedTuple):
    """What a subgraph node of the root graph shows of a widget inside."""

    label: str  # as the author called it; empty when only by the widget's own name
    also: tuple[Place, ...]


def promoted_widgets(workflow: Workflow, graph: Graph) -> dict[Place, Promoted]:
    """By the widget of the API graph. What subgraphs keep to themselves is not in it."""
    reader = _Reader(workflow, graph)
    found: dict[Place, Promoted] = {}
    for host in reader.saved.hosts:
        layer = reader.saved.definition(host.node) if not host.path else None
        for slot in items(layer.document.get("inputs")) if layer is not None else ():
            if reader.saved.exhausted:
                break
            name = str(slot.get("name"))
            places = [place for place in reader.saved.places(host, name) if reader.usable(place)]
            if places:
                label = reader.saved.label(host, name) or (name if name != places[0].widget else "")
                found.setdefault(places[0], Promoted(label, tuple(places[1:])))
    return found


class _Reader:
    def __init__(self, workflow: Workflow, graph: Graph) -> None:
        self.saved = SavedWorkflow(workflow)
        self.graph = graph
        self.output_names = mapping(app_section(workflow).get("outputs"))

    def input(self, entry: object) -> Pick | Stale:
        if not isinstance(entry, list) or len(entry) < 2 or not isinstance(entry[1], str) or not _is_id(entry[0]):
            return Stale(str(entry)[:100], "", NOT_A_PICK)
        identity, name = str(entry[0]), entry[1]
        try:
            options = PickOptions.model_validate(entry[2] if len(entry) > 2 else {})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            return Stale(identity, name, f"has a wrong option {'.'.join(map(str, first['loc']))}: {first['msg']}")
        found = self._find(identity, name)
        if isinstance(found, str):
            return Stale(identity, name, found)
        shown = self.saved.label(found.host, found.widget) if found.host is not None else ""
        read = options.model_copy(update={"name": None, "label": options.label or shown or None})
        first, *also = found.places
        return Pick(first.node_id, first.widget, options.name or found.name, read, tuple(also))

    def outputs(self, entry: object) -> list[OutputPick | Stale]:
        """More than one for a node of a subgraph that is used several times."""
        identity = str(entry)
        if not _is_id(entry):
            return [Stale(identity[:100], "", "is not a node's id")]
        found = [identity] if identity in self.graph else self._inner_outputs(identity)
        if not found:
            hosts = self._hosts(identity)
            reason = INACTIVE if any(map(self.saved.inactive, hosts)) else GONE_OUTPUT
            return [Stale(identity, "", reason)]
        name = self.output_names.get(identity)
        return [OutputPick(node_id, name if isinstance(name, str) else "") for node_id in found]

    def _find(self, identity: str, name: str) -> _Found | str:
        """Where a pick leads, or why nowhere."""
        parts = identity.split(":")
        if len(parts) == 3 and all(parts) and identity not in self.graph:
            node_id, widget = unquote(parts[1]), unquote(parts[2])
        else:
            node_id, widget = identity, name
        host = self._root(node_id)
        if host is not None:
            return self._at(host, widget, name)
        if node_id in self.graph:
            return _Found(name, widget, None, (Place(node_id, widget),))
        if ":" not in node_id:
            promoted = self._promoted(node_id, widget)
            if promoted:
                return promoted[0] if len({found.places[0] for found in promoted}) == 1 else AMBIGUOUS
        hosts = [host for host in self._hosts(node_id) if self.usable(Place(host.api_id, widget)) is not None] or (
            self._hosts(node_id)[:1]
        )
        if not hosts:
            return GONE
        return self._at(hosts[0], widget, name) if len(hosts) == 1 else AMBIGUOUS

    def _at(self, host: Host, widget: str, name: str) -> _Found | str:
        """The widget, at a node that exists."""
        for written in (widget, DUPLICATE.sub("", widget)):
            places = self.saved.places(host, written)
            usable = tuple(place for place in places if self.usable(place))
            if usable:
                return _Found(name, written, host, usable)
        if self.saved.inactive(host):
            return INACTIVE
        places = self.saved.places(host, widget)
        return (
            _Found(name, widget, host, places)
            if places
            else "names a widget that the subgraph does not show (any more)"
        )

    def usable(self, place: Place) -> Place | None:
        """The place, when the API graph has a plain value there."""
        values = self.graph.get(place.node_id, {}).get("inputs", {})
        return place if place.widget in values and not is_link(values[place.widget]) else None

    def _root(self, node_id: str) -> Host | None:
        node = self.saved.root.nodes.get(node_id)
        return None if node is None else Host(self.saved.root, (), node)

    def _hosts(self, identity: str) -> list[Host]:
        """Nodes inside subgraphs by their own id, or by `subgraphId:id`; also a root node."""
        kind, _, inner_id = identity.rpartition(":")
        root = self._root(identity)
        found = [root] if root is not None else []
        for host in self.saved.hosts:
            layer = self.saved.definition(host.node)
            node = layer.nodes.get(inner_id) if layer is not None else None
            if layer is not None and node is not None and kind in ("", str(host.node.get("type"))):
                found.append(Host(layer, (*host.path, host.node_id), node))
        return found

    def _promoted(self, inner_id: str, widget: str) -> list[_Found]:
        """What subgraph nodes show of the widget of a node inside, at most two; the name is the subgraph input's."""
        found: list[_Found] = []
        for host, name in self.saved.shown.get((inner_id, widget), ()):
            if len({one.places[0] for one in found}) > 1 or self.saved.exhausted:
                break
            shown = self._at(host, name, name)
            found += [shown] if isinstance(shown, _Found) else []
        return found

    def _inner_outputs(self, identity: str) -> list[str]:
        found = [host.api_id for host in self._hosts(identity) if host.api_id in self.graph]
        return found if ":" in identity or len(found) == 1 else []


def _is_id(value: object) -> bool:
    return isinstance(value, (int, str)) and not isinstance(value, bool) and str(value) != ""
