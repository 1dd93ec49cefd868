"""An app's picks in one normal form, whatever they were read from: App Mode, a request, a proposal, the store."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import InvalidInput
from .graph import Graph
from .inputs import Problem

Body = TypeVar("Body", bound=BaseModel)

MOST_PICKS = 300  # more controls than any form can hold; a bound for hostile bodies
NAME_LENGTH = 100  # characters
TEXT_LENGTH = 2000  # characters of a label or a help text
# What a proposal says about a pick besides, so that a proposal can be sent back as it is.
PROPOSAL_KEYS = frozenset({"picked", "type", "current", "group", "class_type", "media"})


class Place(NamedTuple):
    """One widget of the API graph."""

    node_id: str
    widget: str


class PickOptions(BaseModel):
    """What a pick says about its input. App Mode keeps it in the third element, beside keys of its own.

    Once it is read, the name is the Pick's.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True, populate_by_name=True, allow_inf_nan=False)

    name: str | None = Field(default=None, min_length=1, max_length=NAME_LENGTH)
    label: str | None = Field(default=None, max_length=TEXT_LENGTH)
    description: str | None = Field(default=None, max_length=TEXT_LENGTH)
    required: bool = False
    max_length: int | None = Field(default=None, ge=1, alias="maxLength")
    minimum: int | float | None = None
    maximum: int | float | None = None
    choices: list[str | int | float | bool] | None = None


class Pick(NamedTuple):
    """A widget that the author made an input of the app."""

    node_id: str  # in the API graph: "12:5" inside a subgraph
    widget: str
    name: str
    options: PickOptions = PickOptions()
    also: tuple[Place, ...] = ()  # further widgets that get the same value: a promoted widget may feed several


class OutputPick(NamedTuple):
    """A node whose results the app gives. Empty texts are made up from the node's title."""

    node_id: str
    name: str = ""
    title: str = ""


class Stale(NamedTuple):
    """A pick that cannot be used (any more), and why."""

    id: str
    name: str
    reason: str


class Picked(NamedTuple):
    """Everything that was picked, in its order. No outputs means every output node, as in App Mode."""

    picks: tuple[Pick, ...] = ()
    outputs: tuple[OutputPick, ...] = ()
    stale: tuple[Stale, ...] = ()


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Place(_Closed):
    node_id: str = Field(min_length=1, max_length=NAME_LENGTH)
    widget: str = Field(min_length=1, max_length=NAME_LENGTH)


class _InputBody(PickOptions, _Place):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True, allow_inf_nan=False)

    also: list[_Place] = Field(default=[], max_length=MOST_PICKS)


class _OutputBody(_Closed):
    node_id: str = Field(min_length=1, max_length=NAME_LENGTH)
    name: str | None = Field(default=None, min_length=1, max_length=NAME_LENGTH)
    title: str | None = Field(default=None, max_length=TEXT_LENGTH)


def parse_picks(inputs: object, outputs: object, graph: Graph) -> Picked:
    """Picks as a caller wrote them; one whose node is not in the graph is stale.

    Raises:
        InvalidInput: lists every entry that is not a pick.
    """
    problems: list[Problem] = []
    picks = [_pick(body) for body in _bodies(_InputBody, inputs, "inputs", problems)]
    named = [
        OutputPick(body.node_id, body.name or "", body.title or "")
        for body in _bodies(_OutputBody, outputs, "outputs", problems)
    ]
    if problems:
        raise InvalidInput(
            problems[0].message if len(problems) == 1 else f"{len(problems)} picks are wrong.",
            [problem._asdict() for problem in problems],
        )
    gone = [
        Stale(p.node_id, p.name, "names an output node that no longer exists") for p in named if p.node_id not in graph
    ]
    return Picked(tuple(picks), tuple(p for p in named if p.node_id in graph), tuple(gone))


def _bodies(model: type[Body], value: object, where: str, problems: list[Problem]) -> list[Body]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > MOST_PICKS:
        problems.append(Problem(where, "wrong_type", f"{where} must be a list of at most {MOST_PICKS} picks."))
        return []
    read: list[Body] = []
    for number, entry in enumerate(value):
        if isinstance(entry, dict):
            if entry.get("picked") is False:
                continue
            entry = {key: content for key, content in entry.items() if key not in PROPOSAL_KEYS}
        try:
            read.append(model.model_validate(entry))
        except ValidationError as error:
            problems += _problems(error, f"{where}[{number}]")
    return read


def _problems(error: ValidationError, where: str) -> list[Problem]:
    return [
        Problem(where, "wrong_pick", f"{'.'.join([where, *map(str, fault['loc'])])[:NAME_LENGTH]}: {fault['msg']}.")
        for fault in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def _pick(body: _InputBody) -> Pick:
    options = PickOptions.model_validate(body.model_dump(exclude={"node_id", "widget", "name", "also"}))
    also = tuple(Place(place.node_id, place.widget) for place in body.also)
    return Pick(body.node_id, body.widget, body.name or body.widget, options, also)


def dump_picks(picked: Picked) -> dict[str, Any]:
    """JSON for the store, for an exported app and for a proposal; `parse_picks` takes its two lists back."""
    return {
        "inputs": [pick_json(pick) for pick in picked.picks],
        "outputs": [
            {key: value for key, value in output._asdict().items() if value != ""} for output in picked.outputs
        ],
        "stale": [stale._asdict() for stale in picked.stale],
    }


def pick_json(pick: Pick) -> dict[str, Any]:
    options = pick.options.model_dump(exclude_none=True, exclude_defaults=True)
    also = [place._asdict() for place in pick.also]
    return {"node_id": pick.node_id, "widget": pick.widget, **options, "name": pick.name} | (
        {"also": also} if also else {}
    )


def load_picks(stored: Mapping[str, Any]) -> Picked:
    """What `dump_picks` made."""
    return Picked(
        tuple(_pick(_InputBody.model_validate(entry)) for entry in stored["inputs"]),
        tuple(OutputPick(**entry) for entry in stored["outputs"]),
        tuple(Stale(**entry) for entry in stored["stale"]),
    )


def unique_name(wanted: str, node_id: str, taken: Iterable[str]) -> str | None:
    """The name, or `<nodeId>_<name>` as in Comfy's own prototype; None when both are taken."""
    return next((name for name in (wanted, f"{node_id}_{wanted}") if name not in taken), None)
