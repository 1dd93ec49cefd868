"""What of a workflow is worth to be an input or an output of an app, when its author has picked nothing."""

import re
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from .contract import SEED_WORD, name_from
from .graph import PREFIX_WIDGET, Graph, is_link, node_title
from .media import output_media
from .nodeinfo import Kind, ObjectInfo, Scalar, Widget, read_widget
from .picks import NAME_LENGTH, OutputPick, Pick, Picked, PickOptions, pick_json
from .saved import Workflow, app_section, mapping

MOST_HOPS = 50  # nodes between a text and the node that says what it is for
TEXTS = frozenset({"text", "prompt", "positive", "negative", "negative_prompt"})  # offered even when empty
WORDS = frozenset({"caption", "topic", "titles", "lyrics", "tags", "value"})  # offered when filled in
CODE = re.compile(
    r"(?<![a-z])(system|expression|shader|code|script|regex|pattern|json|arguments|fields|template)(?![a-z])",
    re.IGNORECASE,
)
SIZE_WORDS = frozenset({"width", "height"})
# Widgets that only choose how a node talks to the editor, or that every run sets itself.
NEVER = frozenset({PREFIX_WIDGET, "control_after_generate", "upload"})

Consumers = Mapping[str, list[tuple[str, str]]]  # node id -> (node, input) that its results go to


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


class OutputProposal(NamedTuple):
    """A node that could be an output."""

    pick: OutputPick
    class_type: str
    picked: bool


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
        workflow: names that Lectern keeps in it for its outputs.
    """
    consumers = _consumers(graph)
    found = [
        _candidate(node_id, name, value, widget, graph, object_info, consumers)
        for node_id, node in graph.items()
        for name, value in node["inputs"].items()
        if name not in NEVER and (widget := _plain(node, name, value, object_info)) is not None
    ]
    order = {group: place for place, group in enumerate(Group)}
    found.sort(key=lambda one: (order[one.group], one.role == "negative"))
    names = mapping(app_section(workflow or {}).get("outputs"))
    return Proposed(_named(found), _outputs(graph, object_info, names))


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
    role = _role(node_id, consumers) if group is Group.PROMPT else ""
    if group is Group.PROMPT and "negative" in f"{name} {own}".lower():
        role = "negative"
    label = _label(name, own, group, role, widget)
    return _Candidate(node_id, name, group, role, label, own, widget.kind, value, class_type)


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


def _consumers(graph: Graph) -> Consumers:
    found: dict[str, list[tuple[str, str]]] = {}
    for consumer, node in graph.items():
        for name, value in node["inputs"].items():
            if is_link(value) and value:
                found.setdefault(str(value[0]), []).append((consumer, name))
    return found


def _role(node_id: str, consumers: Consumers) -> str:
    """Whether the first node down the line that tells takes it as positive or as negative."""
    waiting, seen = deque([node_id]), {node_id}
    for _ in range(MOST_HOPS):
        if not waiting:
            break
        for consumer, name in consumers.get(waiting.popleft(), ()):
            role = next((word for word in ("negative", "positive") if word in name.lower()), "")
            if role:
                return role
            if consumer not in seen:
                seen.add(consumer)
                waiting.append(consumer)
    return ""


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
            Pick(one.node_id, one.widget, name_from(label)[:NAME_LENGTH], PickOptions(label=label)),
            one.group,
            str(one.kind),
            one.current,
            picked,
            one.class_type,
        )
        for label, one, picked in zip(labels, found, likely, strict=True)
    )


def _likely(found: list[_Candidate]) -> list[bool]:
    """Of several nodes with a width and a height, the first says how large the pictures are."""
    sized = next((one.node_id for one in found if one.group is Group.SIZE), "")
    return [_is_likely(one) and (one.group is not Group.SIZE or one.node_id == sized) for one in found]


def _is_likely(one: _Candidate) -> bool:
    if one.group is Group.PROMPT:
        return (one.widget in TEXTS or (one.widget in WORDS and one.current != "")) and not CODE.search(one.own_title)
    return one.group is not Group.SETTINGS


def _outputs(graph: Graph, object_info: ObjectInfo, names: Mapping[str, Any]) -> tuple[OutputProposal, ...]:
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
            }
            for p in proposed.inputs
        ],
        "outputs": [o.pick._asdict() | {"class_type": o.class_type, "picked": o.picked} for o in proposed.outputs],
    }


def mark(proposed: Proposed, picked: Picked) -> Proposed:
    """The proposal with exactly what App Mode's author picked: those first, in their order and with their names."""
    chosen = {(pick.node_id, pick.widget): pick for pick in picked.picks}
    known = {(p.pick.node_id, p.pick.widget): p for p in proposed.inputs}
    first = [_marked(pick, known.get(place)) for place, pick in chosen.items()]
    rest = [p._replace(picked=False) for place, p in known.items() if place not in chosen]
    return Proposed((*first, *rest), _mark_outputs(proposed.outputs, picked.outputs))


def _marked(pick: Pick, known: Proposal | None) -> Proposal:
    if known is None:
        return Proposal(pick, Group.SETTINGS, "", "", True, "")
    options = pick.options
    if not options.label:
        options = options.model_copy(update={"label": known.pick.options.label})
    return known._replace(pick=pick._replace(options=options), picked=True)


def _mark_outputs(known: Iterable[OutputProposal], picked: tuple[OutputPick, ...]) -> tuple[OutputProposal, ...]:
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
