"""What of a workflow is worth to be an input or an output of an app, when its author has picked nothing."""

import re
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from ..contract import SEED_WORD, derive_contract, name_from
from ..faces.roles import derive_roles
from ..following import Consumers, consumers_of, taken_as
from ..graph import PREFIX_WIDGET, Graph, is_link, node_title
from ..media import Media
from ..nodeinfo import Kind, ObjectInfo, Scalar, Widget, read_widget
from ..picks import NAME_LENGTH, Pick, Picked, PickOptions, Place, pick_json
from .appmode import Promoted, promoted_widgets, read_picks
from .proposed_outputs import OutputProposal, mark_outputs, propose_outputs
from .saved import Workflow, app_section, mapping

TEXTS = frozenset({"text", "prompt", "positive", "negative", "negative_prompt"})  # offered even when empty
WORDS = frozenset({"caption", "topic", "titles", "lyrics", "tags", "value"})  # offered when filled in
CODE = re.compile(
    r"(?<![a-z])(system|expression|shader|code|script|regex|pattern|json|arguments|fields|template)(?![a-z])",
    re.IGNORECASE,
)
SIZE_WORDS = frozenset({"width", "height"})
# Widgets that only choose how a node talks to the editor, or that every run sets itself.
NEVER = frozenset({PREFIX_WIDGET, "control_after_generate", "upload"})


class Group(StrEnum):
    """In the order of a form."""

    PROMPT = "prompt"
    IMAGE = "image"  # and every other file
    SEED = "seed"
    SIZE = "size"
    SETTINGS = "settings"


class Proposal(NamedTuple):
    """A widget that could be an input."""

    pick: Pick
    group: Group
    type: str  # a Kind's value
    current: Scalar
    picked: bool
    class_type: str
    media: Media | None = None  # exactly when the type is file


class Proposed(NamedTuple):
    inputs: tuple[Proposal, ...]
    outputs: tuple[OutputProposal, ...]

    @property
    def picked(self) -> Picked:
        return Picked(
            tuple(proposal.pick for proposal in self.inputs if proposal.picked),
            tuple(proposal.pick for proposal in self.outputs if proposal.picked),
        )


def propose(graph: Graph, object_info: ObjectInfo, workflow: Workflow | None = None) -> Picked:
    """The picks that a person would most likely make."""
    return propose_all(graph, object_info, workflow).picked


def propose_all(graph: Graph, object_info: ObjectInfo, workflow: Workflow | None = None) -> Proposed:
    """Every widget that can be an input, prompts first, and every output node; `picked` are the likely ones.

    Args:
        object_info: all classes of the graph.
        workflow: what its subgraphs show, and names that Lectern keeps in it for its outputs.
    """
    consumers = consumers_of(graph)
    promoted = promoted_widgets(workflow or {}, graph)
    found = [
        _candidate(node_id, name, value, widget, graph, object_info, consumers)
        for node_id, node in graph.items()
        for name, value in node["inputs"].items()
        if name not in NEVER and (widget := _plain(node, name, value, object_info)) is not None
    ]
    found = [_promote(one, promoted) for one in found]
    order = {group: place for place, group in enumerate(Group)}
    found.sort(key=lambda one: (order[one.group], one.role == "negative"))
    names = mapping(app_section(workflow or {}).get("outputs"))
    return Proposed(_named(found), propose_outputs(graph, object_info, names))


class _Candidate(NamedTuple):
    node_id: str
    widget: str
    group: Group
    role: str  # positive, negative or empty
    label: str
    own_title: str  # the title that a person gave the node, else empty
    kind: Kind
    current: Scalar
    class_type: str
    hidden: bool = False  # inside a subgraph that shows other widgets, not this one
    shown: bool = False  # by a subgraph node
    also: tuple[Place, ...] = ()
    media: Media | None = None


def _promote(one: _Candidate, promoted: Mapping[Place, Promoted]) -> _Candidate:
    shown = promoted.get(Place(one.node_id, one.widget))
    if shown is not None:
        return one._replace(label=_readable(shown.label) or one.label, shown=True, also=shown.also)
    root, inside, _ = one.node_id.partition(":")
    return one._replace(hidden=bool(inside) and any(place.node_id.startswith(f"{root}:") for place in promoted))


def _readable(label: str) -> str:
    """A name for programs as a person would write it; anything else as it is."""
    return label.replace("_", " ").capitalize() if re.fullmatch(r"[a-z0-9_]+", label) else label


def _plain(node: Mapping[str, Any], name: str, value: object, object_info: ObjectInfo) -> Widget | None:
    if is_link(value) or not isinstance(value, Scalar):
        return None
    return read_widget(object_info.get(node["class_type"], {}), name, node["inputs"])


def _candidate(
    node_id: str,
    name: str,
    value: Scalar,
    widget: Widget,
    graph: Graph,
    object_info: ObjectInfo,
    consumers: Consumers,
) -> _Candidate:
    class_type = graph[node_id]["class_type"]
    title, usual = node_title(graph, node_id), object_info.get(class_type, {}).get("display_name")
    own = "" if title in (class_type, usual) else title
    group = _group(name, own, widget)
    role = taken_as(node_id, consumers) if group is Group.PROMPT else ""
    if group is Group.PROMPT and "negative" in f"{name} {own}".lower():
        role = "negative"
    label = _label(name, own, group, role, widget)
    kind, media = widget.kind, widget.media
    return _Candidate(node_id, name, group, role, label, own, kind, value, class_type, media=media)


def _group(name: str, title: str, widget: Widget) -> Group:
    """By the widget; a node that holds one `value` says by its title what it is for."""
    said = title if name == "value" else name
    if widget.kind is Kind.FILE:
        return Group.IMAGE
    if widget.seed or (widget.kind is Kind.INTEGER and SEED_WORD.search(said)):
        return Group.SEED
    if widget.kind is Kind.STRING and (widget.multiline or name in TEXTS | WORDS) and not CODE.search(name):
        return Group.PROMPT
    if widget.kind is Kind.INTEGER and said.rsplit(".", 1)[-1].lower() in SIZE_WORDS:
        return Group.SIZE
    return Group.SETTINGS


def _label(name: str, title: str, group: Group, role: str, widget: Widget) -> str:
    if name == "value" and title:
        return title
    if group is Group.PROMPT and name in TEXTS:
        return "Negative prompt" if role == "negative" else "Prompt" if role else title or "Prompt"
    if group is Group.IMAGE:
        return title or str(widget.media).capitalize()
    if group is Group.SEED:
        return "Seed"
    return name.rsplit(".", 1)[-1].replace("_", " ").capitalize()


def _named(found: list[_Candidate]) -> tuple[Proposal, ...]:
    """Labels that are the same get the node's title, then its id, then the widget; names follow from the labels.

    Those that are picked are told apart among themselves only, because the others are seldom asked for.
    """
    likely = _likely(found)
    labels = [one.label for one in found]
    for qualify in (lambda one: one.own_title, lambda one: one.node_id, lambda one: one.widget):
        among = Counter(label for label, picked in zip(labels, likely, strict=True) if picked)
        everywhere = Counter(labels)
        labels = [
            f"{label} ({more})" if (among if picked else everywhere)[label] > 1 and (more := qualify(one)) else label
            for label, one, picked in zip(labels, found, likely, strict=True)
        ]
    return tuple(
        Proposal(
            Pick(one.node_id, one.widget, name_from(label)[:NAME_LENGTH], PickOptions(label=label), one.also),
            one.group,
            str(one.kind),
            one.current,
            picked,
            one.class_type,
            one.media,
        )
        for label, one, picked in zip(labels, found, likely, strict=True)
    )


def _likely(found: list[_Candidate]) -> list[bool]:
    """Of several nodes with a width and a height, the first says how large the pictures are."""
    sized = next((one.node_id for one in found if one.group is Group.SIZE and not one.hidden), "")
    return [_is_likely(one) and (one.group is not Group.SIZE or one.node_id == sized) for one in found]


def _is_likely(one: _Candidate) -> bool:
    if one.hidden:
        return False
    if one.group is Group.PROMPT and not one.shown:
        return (one.widget in TEXTS or (one.widget in WORDS and one.current != "")) and not CODE.search(one.own_title)
    return one.group is not Group.SETTINGS


def proposal_json(proposed: Proposed) -> dict[str, Any]:
    """The two lists of POST /propose."""
    return {
        "inputs": [
            pick_json(p.pick)
            | {
                "picked": p.picked,
                "type": p.type,
                "current": p.current,
                "group": str(p.group),
                "class_type": p.class_type,
                "media": p.media,
            }
            for p in proposed.inputs
        ],
        "outputs": [o.pick._asdict() | {"class_type": o.class_type, "picked": o.picked} for o in proposed.outputs],
    }


def proposal_view(graph: Graph, object_info: ObjectInfo, workflow: Workflow | None) -> dict[str, Any]:
    """What POST /propose says of a workflow: App Mode's picks where there are any, and whatever else there is.

    Args:
        object_info: all classes of the graph.
    """
    proposed = propose_all(graph, object_info, workflow)
    said = read_picks(workflow or {}, graph)
    contract = derive_contract(said, graph, object_info)
    source = "app_mode" if said.picks or said.outputs else "proposed"
    if source == "app_mode":
        usable = {(item.node_id, item.widget) for item in contract.inputs}
        proposed = mark(proposed, said._replace(picks=tuple(p for p in said.picks if (p.node_id, p.widget) in usable)))
    return {
        "source": source,
        **proposal_json(proposed),
        "stale": [stale._asdict() for stale in contract.stale],
        "roles": _roles(proposed, graph, object_info),
    }


def _roles(proposed: Proposed, graph: Graph, object_info: ObjectInfo) -> dict[str, dict[str, str]]:
    """By role the widget of what is picked: names may still change before it is published."""
    contract = derive_contract(proposed.picked, graph, object_info)
    widgets = {item.name: {"node_id": item.node_id, "widget": item.widget} for item in contract.inputs}
    return {str(role): widgets[name] for role, name in derive_roles(contract, graph).items()}


def mark(proposed: Proposed, picked: Picked) -> Proposed:
    """The proposal with exactly what App Mode's author picked: those first, in their order and with their names."""
    chosen = {(pick.node_id, pick.widget): pick for pick in picked.picks}
    known = {(p.pick.node_id, p.pick.widget): p for p in proposed.inputs}
    first = [_marked(pick, known.get(place)) for place, pick in chosen.items()]
    rest = [p._replace(picked=False) for place, p in known.items() if place not in chosen]
    return Proposed((*first, *rest), mark_outputs(proposed.outputs, picked.outputs))


def _marked(pick: Pick, known: Proposal | None) -> Proposal:
    if known is None:
        return Proposal(pick, Group.SETTINGS, "", "", True, "")
    options = pick.options
    if not options.label:
        options = options.model_copy(update={"label": known.pick.options.label})
    return known._replace(pick=pick._replace(options=options), picked=True)
