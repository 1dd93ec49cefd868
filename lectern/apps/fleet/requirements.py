"""What a run needs of a ComfyUI, and whether one has it. Pure; the rules are those of publishing/missing.py."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..graph import is_link
from ..nodeinfo import ObjectInfo, read_widget
from ..publishing.missing import names_model, replaced
from ..runs import Workflow
from .messages import Requirement

Model = tuple[str, str, str]  # (class, widget, value)


class Varying(NamedTuple):
    """A widget that names a model, set by an input of the app."""

    input: str
    class_type: str
    widget: str


class Needs(NamedTuple):
    """Of a workflow, whatever its inputs are."""

    classes: frozenset[str]
    models: frozenset[Model]
    varying: tuple[Varying, ...]


def needs_of(workflow: Workflow, object_info: ObjectInfo) -> Needs:
    """Costs some milliseconds for a large graph.

    Args:
        object_info: of all ComfyUIs together.
    """
    graph = workflow.graph
    inputs = {
        place: name
        for name, target in workflow.targets.items()
        for place in [(target.node_id, target.widget), *target.also]
    }
    models: set[Model] = set()
    varying: list[Varying] = []
    for node_id, class_type, name, value in _models(graph, object_info):
        setter = inputs.get((node_id, name))
        if setter is None:
            models.add((class_type, name, value))
        else:
            varying.append(Varying(setter, class_type, name))
    classes = frozenset(node["class_type"] for node in graph.values())
    return Needs(classes, frozenset(models), tuple(varying))


def requirement(needs: Needs, values: Mapping[str, Any], alone: str = "") -> Requirement:
    """Of one run.

    Args:
        values: of its inputs.
        alone: see Requirement.
    """
    chosen = {(item.class_type, item.widget, str(values[item.input])) for item in needs.varying if item.input in values}
    return Requirement(needs.classes, needs.models | chosen, alone)


def lacks(required: Requirement, object_info: ObjectInfo) -> list[str]:
    """Classes and models that are not there, by name; empty when a ComfyUI with these nodes can execute the run."""
    classes = [name for name in sorted(required.classes) if not object_info.get(name)]
    models = [
        value
        for class_type, name, value in sorted(required.models)
        if class_type not in classes and not _offers(object_info, class_type, name, value)
    ]
    return [*classes, *models]


def fits(required: Requirement, object_info: ObjectInfo) -> bool:
    return not lacks(required, object_info)


def _models(graph: Mapping[str, Any], object_info: ObjectInfo) -> Iterator[tuple[str, str, str, str]]:
    """(node id, class, widget, value)"""
    for node_id, node in graph.items():
        class_type, values = node["class_type"], node["inputs"]
        info = object_info.get(class_type)
        for name, value in values.items():
            if not info or is_link(value) or not isinstance(value, str) or replaced(class_type, name, values):
                continue
            if names_model(info, name, value, values):
                yield node_id, class_type, name, value


def _offers(object_info: ObjectInfo, class_type: str, name: str, value: str) -> bool:
    """Also where the list cannot be read: ComfyUI itself judges then."""
    widget = read_widget(object_info[class_type], name)
    return widget is None or widget.choices is None or value in widget.choices
