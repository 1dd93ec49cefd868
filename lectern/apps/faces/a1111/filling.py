"""What A1111's fields set in an app: the input of its runs, and how many there have to be. Pure."""

import random
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ...contract import Contract
from ...inputs import Input
from ...nodeinfo import Kind, Scalar
from ...runs import Growing
from ..roles import Role, Roles
from .errors import Unprocessable
from .names import AUTOMATIC, SAMPLERS, SCHEDULERS, chosen, parted
from .requests import Asked, Mode

Draw = Callable[[int, int], int]  # a random integer from a closed range

LARGEST_SEED = 2**64 - 1
LARGEST_DRAWN = 2**32 - 1  # as A1111 draws them
# Fields whose value goes to the input of a role as it is.
PLAIN = {
    Role.PROMPT: "prompt",
    Role.NEGATIVE: "negative_prompt",
    Role.WIDTH: "width",
    Role.HEIGHT: "height",
    Role.STEPS: "steps",
    Role.CFG: "cfg_scale",
    Role.DENOISE: "denoising_strength",
}


class Seeds(NamedTuple):
    """Of a request: every execution has the one after those of the pictures before it."""

    name: str  # of the input
    first: int
    growing: Growing
    step: int = 1  # pictures of one execution

    def of(self, execution: int) -> int:
        return self.growing.of(self.first, execution * self.step)


class Plan(NamedTuple):
    """The runs of a request, all with the same values but for the seed."""

    values: Mapping[str, Any]
    takes: tuple[int, ...]  # executions of each run
    seeds: Seeds | None
    ignored: tuple[str, ...]  # fields that this app cannot heed

    @property
    def executions(self) -> int:
        return sum(self.takes)

    def input(self, before: int) -> dict[str, Any]:
        """Of the run that so many executions go before."""
        seeds = {} if self.seeds is None else {self.seeds.name: self.seeds.of(before)}
        return {**self.values, **seeds}


class AppSide(NamedTuple):
    """What of an app matters here."""

    title: str
    contract: Contract
    roles: Roles
    most_takes: int

    def item(self, role: Role) -> Input | None:
        name = self.roles.get(role)
        return next((item for item in self.contract.inputs if item.name == name), None)


def plan(mode: Mode, asked: Asked, app: AppSide, draw: Draw = random.randint) -> Plan:
    """Without the pictures of the request. Raises Unprocessable."""
    _check(mode, asked, app)
    given = {role: value for role, field in PLAIN.items() if (value := getattr(asked, field)) is not None}
    given |= _names(asked, app)
    at_once = 1
    batch = app.item(Role.BATCH)
    if batch is not None and asked.batch_size is not None:
        given[Role.BATCH] = at_once = asked.batch_size if _within(batch, asked.batch_size) else 1
    values = {app.roles[role]: value for role, value in given.items() if role in app.roles}
    ignored = [PLAIN[role] for role in given if role in PLAIN and role not in app.roles]
    seeds = _seeds(asked, app, at_once, draw)
    return Plan(values, _takes(asked.pictures // at_once, app, seeds), seeds, tuple(ignored))


def _check(mode: Mode, asked: Asked, app: AppSide) -> None:
    lacks = ""
    if mode == "txt2img" and asked.prompt and Role.PROMPT not in app.roles:
        lacks = "prompt"
    elif mode == "img2img" and Role.IMAGE not in app.roles:
        lacks = "image"
    elif asked.mask is not None and Role.MASK not in app.roles:
        lacks = "mask"
    if lacks:
        raise Unprocessable(
            f"{app.title} has no input that is known as its {lacks}; choose another model, or have its publisher set"
            f" roles.{lacks} in the app's options."
        )


def _names(asked: Asked, app: AppSide) -> dict[Role, Any]:
    """Sampler and scheduler by either world's names; one that the app does not have is left to the app, as A1111
    does it."""
    sampler, scheduler = parted(asked.sampler, asked.scheduler or "")
    wanted = {Role.SAMPLER: (sampler, SAMPLERS), Role.SCHEDULER: (scheduler, SCHEDULERS)}
    found: dict[Role, Any] = {}
    for role, (name, table) in wanted.items():
        item = app.item(role)
        value = None if item is None else _choice(item, name, table)
        if value is not None:
            found[role] = value
    return found


def _choice(item: Input, name: str, table: Mapping[str, str]) -> Scalar | None:
    if item.kind is Kind.STRING:  # a server's own names
        return name if name and name.casefold() != AUTOMATIC.casefold() else None
    return chosen(name, item.choices or (), table)


def _within(item: Input, value: int) -> bool:
    return (item.minimum or 0) <= value and (item.maximum is None or value <= item.maximum)


def _seeds(asked: Asked, app: AppSide, step: int, draw: Draw) -> Seeds | None:
    item = app.item(Role.SEED) or next((item for item in app.contract.inputs if item.seed), None)
    if item is None:
        return None
    low = int(item.minimum or 0)
    high = LARGEST_SEED if item.maximum is None else int(item.maximum)
    if asked.seed is None or asked.seed == -1:
        first = draw(low, max(low, min(high, LARGEST_DRAWN)))
    elif low <= asked.seed <= high:
        first = asked.seed
    else:
        raise Unprocessable(f"seed must be -1 or an integer from {low} to {high}; got {asked.seed}.")
    return Seeds(item.name, first, Growing(low, max(low, high)), step)


def _takes(executions: int, app: AppSide, seeds: Seeds | None) -> tuple[int, ...]:
    """As few runs as the app's options allow; each execution by itself where a run cannot count its seed up so."""
    counting = {item.name for item in app.contract.inputs if item.seed}
    most = app.most_takes if seeds is not None and seeds.step == 1 and seeds.name in counting else 1
    whole, rest = divmod(executions, most)
    return (most,) * whole + ((rest,) if rest else ())
