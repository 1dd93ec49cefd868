"""Workflows as the editor saves them, converted to API format by comfy-cli, which is optional and read when used."""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import AppError
from ..graph import CUSTOM_COMBO, custom_combo_index, is_graph
from ..nodeinfo import ObjectInfo
from .saved import Layer, SavedWorkflow, Workflow, items, mapping

logger = logging.getLogger(__name__)

DEEPEST_JSON = 100  # levels of lists and objects; a saved workflow has about 10
MOST_VALUES = 2_000_000  # numbers, texts, lists and objects in the document
MOST_NODES = 5000  # with subgraphs unpacked; the largest templates have some hundreds
DEEPEST_SUBGRAPHS = 9  # comfy-cli unpacks ten levels and drops what lies deeper


class WorkflowFormat(AppError):
    """A workflow in the editor's format that cannot be converted here."""

    status = 422
    code = "workflow_format_ui"


def convert(workflow: Workflow, object_info: ObjectInfo) -> dict[str, Any]:
    """The API-format graph of a saved workflow, as the front end's own export.

    Args:
        object_info: all classes of ComfyUI; a node of an unknown class keeps its links and loses unnamed values.

    Raises:
        WorkflowFormat: comfy-cli is not installed, or the workflow is too large, damaged or holds nothing to run.
    """
    check_bounds(workflow)
    try:
        from comfy_cli.workflow_to_api import (  # pyright: ignore[reportMissingImports]
            WorkflowConversionError,
            convert_ui_to_api,
        )
    except ImportError as error:
        raise WorkflowFormat(
            "Converting a workflow from the editor's format needs the package comfy-cli, 1.23 or later: install it into"
            " ComfyUI's Python environment, or save the workflow in the editor with Export (API)."
        ) from error
    document = {**workflow, "links": workflow.get("links") or []}
    try:
        graph = convert_ui_to_api(document, dict(object_info))
    except (
        WorkflowConversionError,
        ArithmeticError,
        AttributeError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        logger.debug("comfy-cli cannot convert a workflow: %s", type(error).__name__)
        raise WorkflowFormat(
            "The workflow cannot be converted; open it in the editor and save it with Export (API)."
        ) from error
    if not is_graph(graph):
        raise WorkflowFormat(
            "The workflow has no node that runs; open it in the editor and look whether all are muted."
        )
    return _with_custom_combos(graph, workflow)


def _with_custom_combos(graph: dict[str, Any], workflow: Workflow) -> dict[str, Any]:
    """comfy-cli 1.23 drops a Custom Combo's own choices and the index that the node gives out."""
    for host in SavedWorkflow(workflow).everything():
        node, values = graph.get(host.api_id), host.node.get("widgets_values")
        if node is not None and node["class_type"] == CUSTOM_COMBO and isinstance(values, list):
            options = {f"option{number}": value for number, value in enumerate(values[2:], 1)}
            node["inputs"] = {**options, **node["inputs"]}
            node["inputs"] = {"index": 0, **node["inputs"], **custom_combo_index(node)}
    return graph


def check_bounds(workflow: Workflow) -> None:
    """Raises WorkflowFormat for what is no saved workflow, or one so large that converting it could take for ever."""
    if not isinstance(workflow.get("nodes"), list):
        raise WorkflowFormat("This is not a workflow that ComfyUI's editor saved: it has no list of nodes.")
    if not _within(workflow):
        raise WorkflowFormat(f"The workflow is nested more than {DEEPEST_JSON} deep or has over {MOST_VALUES} values.")
    definitions = {
        str(one.get("id")): Layer(one) for one in items(mapping(workflow.get("definitions")).get("subgraphs"))
    }
    count, depth = _unpacked(Layer(workflow), definitions)
    if depth > DEEPEST_SUBGRAPHS:
        raise WorkflowFormat(
            f"The workflow has subgraphs more than {DEEPEST_SUBGRAPHS} deep, or one that holds itself."
        )
    if count > MOST_NODES:
        raise WorkflowFormat(
            f"The workflow has {count} nodes with its subgraphs unpacked; at most {MOST_NODES} can be read."
        )


def _within(document: Mapping[str, Any]) -> bool:
    waiting: list[tuple[object, int]] = [(document, 1)]
    seen = 0
    while waiting:
        value, depth = waiting.pop()
        seen += 1
        if depth > DEEPEST_JSON or seen > MOST_VALUES:
            return False
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        waiting.extend((one, depth + 1) for one in inner)
    return True


def _unpacked(root: Layer, definitions: Mapping[str, Layer]) -> tuple[int, int]:
    """(nodes, levels of subgraphs) when every subgraph node is replaced by what it stands for."""
    level = {"": 1}  # definition -> how often it is there; the root has no id
    count = depth = 0
    while level and depth <= DEEPEST_SUBGRAPHS + 1:
        following: dict[str, int] = {}
        for name, times in level.items():
            layer = definitions[name] if name else root
            count += times * len(layer.nodes)
            for kind in _kinds(layer, definitions):
                following[kind] = following.get(kind, 0) + times
        level, depth = following, depth + 1
    return count, depth - 1


def _kinds(layer: Layer, definitions: Mapping[str, Layer]) -> Iterator[str]:
    return (kind for node in layer.nodes.values() if (kind := str(node.get("type"))) in definitions)
