"""ComfyUI's App Mode picks, as a saved workflow holds them in `extra.linearData`.

Source: ComfyUI_frontend 1.49.6, src/stores/appModeStore.ts and src/types/widgetId.ts.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Workflow = Mapping[str, Any]  # a UI-format workflow, a foreign document


class PickOptions(BaseModel):
    """What Lectern reads from a pick's third element; the front end keeps unknown keys there."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, populate_by_name=True)

    name: str | None = Field(default=None, min_length=1, max_length=100)
    label: str | None = None
    description: str | None = None
    required: bool = False
    max_length: int | None = Field(default=None, ge=1, alias="maxLength")
    minimum: int | float | None = None
    maximum: int | float | None = None
    choices: list[str | int | float | bool] | None = None


class Pick(NamedTuple):
    """A widget that the workflow's author made an input of the app."""

    node_id: str
    widget: str
    name: str
    options: PickOptions


class Stale(NamedTuple):
    """A pick that cannot be used (any more), and why."""

    id: str
    name: str
    reason: str


def mapping(value: object) -> Mapping[str, Any]:
    """The value when it is an object, else an empty one: saved workflows hold anything."""
    return value if isinstance(value, dict) else {}


def linear_data(workflow: Workflow, key: str) -> list[Any]:
    """`extra.linearData.inputs` or `.outputs`; empty when the workflow was never saved as an app."""
    value = mapping(mapping(workflow.get("extra")).get("linearData")).get(key)
    return value if isinstance(value, list) else []


def read_picks(workflow: Workflow) -> tuple[list[Pick], list[Stale]]:
    """All picks in their order, and the entries that are not understood."""
    read = [_read_pick(entry) for entry in linear_data(workflow, "inputs")]
    return [pick for pick in read if isinstance(pick, Pick)], [stale for stale in read if isinstance(stale, Stale)]


def _read_pick(entry: object) -> Pick | Stale:
    if not isinstance(entry, list) or len(entry) < 2 or not isinstance(entry[1], str):
        return Stale(str(entry)[:100], "", "is not a pick: [id, widget name, options]")
    identity, name = entry[0], entry[1]
    target = resolve_id(identity, name)
    if target is None:
        return Stale(str(identity), name, "names a widget inside a subgraph, which is not supported yet")
    try:
        options = PickOptions.model_validate(entry[2] if len(entry) > 2 else {})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return Stale(str(identity), name, f"has a wrong option {'.'.join(map(str, first['loc']))}: {first['msg']}")
    return Pick(*target, options.name or name, options)


def resolve_id(identity: object, name: str) -> tuple[str, str] | None:
    """(node id, widget name) of a pick's id when it names a node of the root graph, else None.

    Root forms are `rootGraphId:nodeId:widgetName`, each part URL-encoded, and a plain node id. The root graph's id
    is not compared: it changes with "save as" while the picks keep the old one.
    """
    if isinstance(identity, bool) or not isinstance(identity, (int, str)):
        return None
    text = str(identity)
    if text.isascii() and text.isdigit():
        return text, name
    parts = text.split(":")
    if len(parts) == 3 and all(parts):
        return unquote(parts[1]), unquote(parts[2])
    return None
