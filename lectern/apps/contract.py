"""An app's contract: the inputs a caller may set and the outputs a run gives, derived from its picks.

Pure: picks, API-format graph and `/object_info` in, contract out.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .graph import Graph, Target, is_link, node_title
from .inputs import Input, check_value
from .media import Media, OutputMedia, output_media
from .nodeinfo import Kind, ObjectInfo, Scalar, Widget, read_widget
from .picks import OutputPick, Pick, Picked, Stale, unique_name

ELSEWHERE = re.compile(r"[/\\]|\[(input|output|temp)\]\s*$")  # a file that is not directly in the input folder

SEED_WORD = re.compile(r"(?<![a-z])seed(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True)
class Output:
    """One named output of an app: everything that one node saves or shows."""

    name: str
    node_id: str
    class_type: str
    title: str
    media: Media | None = None  # None: anything
    media_types: tuple[str, ...] = ()  # content types, as far as they are known


@dataclass(frozen=True)
class Contract:
    inputs: tuple[Input, ...]  # in the order of the picks
    outputs: tuple[Output, ...]  # in the order of display
    stale: tuple[Stale, ...] = ()


def derive_contract(picked: Picked, graph: Graph, object_info: ObjectInfo) -> Contract:
    """Makes the contract from the picks.

    A pick or output whose node or widget is gone, linked or not a plain value goes to `stale`, the rest counts.
    `object_info` needs the classes that `needed_classes` names.
    """
    stale = list(picked.stale)
    inputs: dict[str, Input] = {}
    masked = _masked_nodes(graph, object_info)
    for pick in picked.picks:
        made = _derive_input(pick, graph, object_info, inputs)
        if isinstance(made, Stale):
            stale.append(made)
            continue
        inputs[made.name] = made
        if made.media is Media.IMAGE and made.node_id in masked:
            mask = _mask_input(made, inputs)
            inputs |= {} if mask is None else {mask.name: mask}
    outputs, gone = _derive_outputs(picked.outputs, graph, object_info)
    return Contract(tuple(inputs.values()), outputs, (*stale, *gone))


def needed_classes(picked: Picked, graph: Graph) -> frozenset[str]:
    """The node classes that `derive_contract` has to know; without picked outputs all of the graph."""
    if not picked.outputs:
        return frozenset(node["class_type"] for node in graph.values())
    wanted = [*picked.outputs, *picked.picks, *(place for pick in picked.picks for place in pick.also)]
    return frozenset(graph[item.node_id]["class_type"] for item in wanted if item.node_id in graph)


def targets(contract: Contract) -> dict[str, Target]:
    """What each input sets, for a run's snapshot."""
    return {
        item.name: Target(item.node_id, item.widget, str(item.media or ""), item.mask_of, item.channel, item.also)
        for item in contract.inputs
    }


def _derive_input(pick: Pick, graph: Graph, object_info: ObjectInfo, taken: Iterable[str]) -> Input | Stale:
    def stale(reason: str) -> Stale:
        return Stale(f"{pick.node_id}:{pick.widget}", pick.name, reason)

    node = graph.get(pick.node_id)
    if node is None:
        inside = any(key.startswith(f"{pick.node_id}:") for key in graph)
        return stale("names a subgraph, not a node inside it" if inside else "names a node that no longer exists")
    current = node["inputs"].get(pick.widget)
    if current is None:
        return stale("names an input that the node no longer has")
    if is_link(current):
        return stale("names an input that is linked to another node")
    info = object_info.get(node["class_type"], {})
    widget = read_widget(info, pick.widget, node["inputs"])
    if widget is None:
        unknown = f"names a node of the class {node['class_type']}, which ComfyUI does not know"
        return stale(f"names an input that {node['class_type']} does not have as a plain value" if info else unknown)
    name = unique_name(pick.name, pick.node_id, taken)
    if name is None:
        return stale("is picked twice")
    made = _combine(name, pick, _common(widget, pick, graph, object_info), graph)
    if widget.media is Media.IMAGE and info.get("output") == ["MASK"]:
        channel = node["inputs"].get("channel")
        made = replace(made, media=Media.MASK, channel=channel if isinstance(channel, str) else "")
    return _settle_default(made, current, widget.choices)


def _common(widget: Widget, pick: Pick, graph: Graph, object_info: ObjectInfo) -> Widget:
    """The first widget, narrowed to the limits of the others that get the same value."""
    for node_id, name in pick.also:
        node = graph.get(node_id, {"class_type": "", "inputs": {}})
        other = read_widget(object_info.get(node["class_type"], {}), name, node["inputs"])
        if other is not None and other.kind is widget.kind:
            widget = replace(
                widget,
                minimum=_highest(widget.minimum, other.minimum),
                maximum=_lowest(widget.maximum, other.maximum),
                choices=_narrow(widget.choices, other.choices),
            )
    return widget


def _combine(name: str, pick: Pick, widget: Widget, graph: Graph) -> Input:
    """The class's declaration, narrowed (never widened) by the pick's own options."""
    options, title = pick.options, node_title(graph, pick.node_id)
    return Input(
        name=name,
        node_id=pick.node_id,
        widget=pick.widget,
        kind=widget.kind,
        label=options.label or "",
        description=options.description or widget.tooltip,
        required=options.required,
        minimum=_highest(widget.minimum, options.minimum),
        maximum=_lowest(widget.maximum, options.maximum),
        max_length=options.max_length if widget.kind is Kind.STRING else None,
        choices=None if widget.kind is Kind.FILE else _narrow(widget.choices, options.choices),
        multiline=widget.multiline,
        seed=widget.seed or (widget.kind is Kind.INTEGER and pick.widget == "value" and _says_seed(pick, title)),
        step=widget.step,
        media=widget.media,
        class_type=graph[pick.node_id]["class_type"],
        node_title=title,
        also=tuple((node_id, widget) for node_id, widget in pick.also if _settable(graph, node_id, widget)),
    )


def _says_seed(pick: Pick, title: str) -> bool:
    return any(SEED_WORD.search(text) for text in (pick.name, pick.options.label or "", title))


def _settable(graph: Graph, node_id: str, widget: str) -> bool:
    inputs = graph.get(node_id, {}).get("inputs", {})
    return widget in inputs and not is_link(inputs[widget])


def _highest(*values: int | float | None) -> int | float | None:
    return max((value for value in values if value is not None), default=None)


def _lowest(*values: int | float | None) -> int | float | None:
    return min((value for value in values if value is not None), default=None)


def _narrow(choices: tuple[Scalar, ...] | None, subset: Iterable[Scalar] | None) -> tuple[Scalar, ...] | None:
    if choices is None or subset is None:
        return choices
    return tuple(value for value in subset if value in choices)


def _settle_default(item: Input, current: object, files: tuple[Scalar, ...] | None) -> Input:
    """The saved value is the default, unless a caller must choose or the value itself is not allowed (any more)."""
    if item.media is not None:
        usable = isinstance(current, str) and bool(current) and _exists(current, files)
    else:
        usable = check_value(item, current) is None
    if item.required or not usable:
        return replace(item, required=True)
    return replace(item, default=current)  # type: ignore[arg-type]


def _exists(file: str, files: tuple[Scalar, ...] | None) -> bool:
    """`/object_info` lists only what lies directly in the input folder; other places it cannot tell."""
    return files is None or file in files or ELSEWHERE.search(file) is not None


def _masked_nodes(graph: Graph, object_info: ObjectInfo) -> frozenset[str]:
    """The nodes whose MASK output another node uses, beside a picture: core's Load Image and its like."""
    found = set()
    for node in graph.values():
        for source, slot in (value[:2] for value in node["inputs"].values() if is_link(value) and len(value) == 2):
            outputs = object_info.get(graph.get(source, {}).get("class_type", ""), {}).get("output") or ()
            if isinstance(slot, int) and 0 < slot < len(outputs) and outputs[slot] == "MASK" and "IMAGE" in outputs:
                found.add(source)
    return frozenset(found)


def _mask_input(image: Input, taken: Mapping[str, Input]) -> Input | None:
    """The mask that a caller may paint over an image; without one the image's own transparency counts."""
    name = unique_name(f"{image.name}_mask", image.node_id, taken)
    if name is None:
        return None
    return Input(
        name=name,
        node_id=image.node_id,
        widget=image.widget,
        kind=Kind.FILE,
        label=f"{image.label} (mask)" if image.label else "",
        description="White is what is edited. Without a mask the transparent part of the picture is.",
        media=Media.MASK,
        mask_of=image.name,
        class_type=image.class_type,
        node_title=image.node_title,
    )


def _derive_outputs(
    picked: tuple[OutputPick, ...], graph: Graph, object_info: ObjectInfo
) -> tuple[tuple[Output, ...], list[Stale]]:
    """The picked output nodes; without a pick App Mode shows every output node, and so do we."""
    gone = [
        Stale(p.node_id, p.name, "names an output node that no longer exists") for p in picked if p.node_id not in graph
    ]
    present = {pick.node_id: pick for pick in picked if pick.node_id in graph}
    if not picked:
        present = {i: OutputPick(i) for i, node in graph.items() if _is_output(object_info, node)}
    outputs: dict[str, Output] = {}
    for pick in present.values():
        title = pick.title or node_title(graph, pick.node_id)
        wanted = pick.name or name_from(title)
        name = unique_name(wanted, pick.node_id, outputs) or pick.node_id
        node = graph[pick.node_id]
        kind = output_media(node["class_type"], object_info.get(node["class_type"], {}), node["inputs"])
        outputs[name] = _output(name, pick.node_id, node["class_type"], title, kind)
    return tuple(outputs.values()), gone


def _output(name: str, node_id: str, class_type: str, title: str, kind: OutputMedia) -> Output:
    return Output(name, node_id, class_type, title, kind.media, kind.types)


def _is_output(object_info: ObjectInfo, node: Mapping[str, Any]) -> bool:
    return bool(object_info.get(node["class_type"], {}).get("output_node"))


def name_from(title: str) -> str:
    """A name for programs, made from a title for people."""
    return re.sub(r"\W+", "_", title.lower()).strip("_") or "output"
