"""Checking a caller's input against an app's contract: every mistake at once, one sentence each."""

import random
from collections.abc import Callable, Mapping
from typing import Any

from .contract import Contract
from .errors import InvalidInput
from .inputs import ECHO_LENGTH, RANDOM, Input, Problem, allowed, check_value, shown
from .nodeinfo import Kind, Scalar

# Larger integers are rounded by every JSON reader that keeps numbers as doubles, JavaScript's first of all.
EXACT_INTEGER = 2**53 - 1

Draw = Callable[[int, int], int]  # a random integer from a closed range


def check_inputs(contract: Contract, given: Mapping[str, Any], draw: Draw = random.randint) -> dict[str, Scalar]:
    """The values that the run will use: what was given, defaults for the rest, seeds drawn.

    Raises:
        InvalidInput: lists every missing, unknown and wrong input.
    """
    problems = _unknown(contract, given)
    values: dict[str, Scalar] = {}
    for item in contract.inputs:
        if item.name not in given:
            if item.required:
                problems.append(Problem(item.name, "missing", f"{item.name} is missing; it must be {allowed(item)}."))
            elif item.default is not None:
                values[item.name] = item.default
            continue
        problem = check_value(item, given[item.name])
        if problem is not None:
            problems.append(problem)
        else:
            values[item.name] = _settle(item, given[item.name], draw)
    if problems:
        raise InvalidInput(_summary(problems), [problem._asdict() for problem in problems])
    return values


def _settle(item: Input, value: Any, draw: Draw) -> Scalar:
    if item.seed and value == RANDOM:
        low = int(item.minimum or 0)
        high = EXACT_INTEGER if item.maximum is None else min(int(item.maximum), EXACT_INTEGER)
        return draw(low, max(low, high))
    return int(value) if item.kind is Kind.INTEGER else value


def _unknown(contract: Contract, given: Mapping[str, Any]) -> list[Problem]:
    known = [item.name for item in contract.inputs]
    listed = ", ".join(known) or "none"
    return [
        Problem(name[:ECHO_LENGTH], "unknown_input", f"{shown(name)} is not an input of this app; it has {listed}.")
        for name in given
        if name not in known
    ]


def _summary(problems: list[Problem]) -> str:
    if len(problems) == 1:
        return problems[0].message
    return f"{len(problems)} inputs are wrong: {', '.join(problem.input for problem in problems)}."
