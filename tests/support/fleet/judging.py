"""What became of every run that was accepted: its state, its outputs, and how often it was really executed."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from support.contract_comfy.executions import Execution

from .apps import expected
from .customer import Customer
from .house import House
from .killing import Kill

AT_ONCE = 8


@dataclass
class Verdict:
    """Ids of runs in each list."""

    runs: int = 0
    lost: list[str] = field(default_factory=list)  # unknown to the gateways, or not succeeded
    extra: list[str] = field(default_factory=list)  # that nobody asked for
    doubled: list[str] = field(default_factory=list)  # with more than one output
    wrong: list[str] = field(default_factory=list)  # with another picture than theirs, or none
    never: list[str] = field(default_factory=list)  # succeeded, but no ComfyUI ever executed them
    again: list[str] = field(default_factory=list)  # executed more than once
    statuses: Counter[str] = field(default_factory=Counter)
    executions: int = 0
    hits: int = 0  # kills of a worker whose ComfyUI was executing a run
    kills: Counter[str] = field(default_factory=Counter)
    workers_killed: int = 0

    @property
    def repeats(self) -> int:
        """Executions beyond one for each run. A killed worker may cause one: nothing else may."""
        return self.executions - self.runs

    def lines(self) -> list[str]:
        kills = ", ".join(f"{name} {times}" for name, times in sorted(self.kills.items()))
        states = ", ".join(f"{name} {times}" for name, times in sorted(self.statuses.items()))
        return [
            f"{'runs accepted':34}{self.runs:10}   {states}",
            f"{'lost':34}{len(self.lost):10}",
            f"{'of nobody':34}{len(self.extra):10}",
            f"{'outputs doubled':34}{len(self.doubled):10}",
            f"{'outputs wrong or missing':34}{len(self.wrong):10}",
            f"{'executions':34}{self.executions:10}   {self.repeats} more than runs",
            f"{'runs executed more than once':34}{len(self.again):10}",
            f"{'kills':34}{self.kills.total():10}   {kills}",
            f"{'kills that hit an executing run':34}{self.hits:10}",
        ]


async def judge(
    house: House, customer: Customer, app: str, colors: Mapping[str, int], kills: Sequence[Kill]
) -> Verdict:
    """Of everything that was accepted.

    Args:
        colors: what each run was given, by its id.
    """
    found = await customer.all_runs()
    verdict = Verdict(runs=len(colors))
    verdict.statuses = Counter(run["status"] for run in found.values())
    verdict.lost = [id for id in colors if id not in found or found[id]["status"] != "succeeded"]
    verdict.extra = [id for id in found if id not in colors]
    await _judge_outputs(verdict, customer, app, colors, found)
    logs = [house.executions(number) for number in range(len(house.workers))]
    _judge_executions(verdict, logs, colors, kills)
    return verdict


async def _judge_outputs(
    verdict: Verdict, customer: Customer, app: str, colors: Mapping[str, int], found: Mapping[str, Any]
) -> None:
    work = iter([id for id in colors if id not in set(verdict.lost)])

    async def look() -> None:
        for id in work:
            outputs = found[id]["outputs"]
            if len(outputs) > 1:
                verdict.doubled.append(id)
            elif not outputs or not await _is_right(customer, outputs[0]["url"], app, id, colors[id]):
                verdict.wrong.append(id)

    await asyncio.gather(*(look() for _ in range(AT_ONCE)))


async def _is_right(customer: Customer, url: str, app: str, run: str, color: int) -> bool:
    try:
        return await customer.get(url) == expected(app, run, color)
    except AssertionError:  # 404 or 410
        return False


def _judge_executions(
    verdict: Verdict, logs: Sequence[Sequence[Execution]], colors: Mapping[str, int], kills: Sequence[Kill]
) -> None:
    times = Counter(one.run for log in logs for one in log)
    verdict.executions = times.total()
    verdict.again = [id for id, number in times.items() if number > 1]
    verdict.never = [id for id in colors if id not in times and id not in verdict.lost]
    verdict.kills = Counter(kill.program for kill in kills)
    verdict.workers_killed = sum(kill.worker is not None for kill in kills)
    verdict.hits = sum(_hit(kill, logs) for kill in kills)


def _hit(kill: Kill, logs: Sequence[Sequence[Execution]]) -> bool:
    return kill.worker is not None and any(one.begun <= kill.at <= one.ended for one in logs[kill.worker])
