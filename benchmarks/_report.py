"""What every benchmark ends with: a table of medians and ratios, and one line for each target."""

import statistics
from collections.abc import Sequence
from typing import NamedTuple


class Target(NamedTuple):
    """A promise of an issue, and what was measured."""

    name: str
    figure: float
    limit: float
    unit: str

    @property
    def met(self) -> bool:
        return self.figure <= self.limit


def table(rows: Sequence[tuple[str, Sequence[float]]], unit: str, baseline: str) -> None:
    """Prints min, median and max of each row and its median's ratio to the baseline row's."""
    reference = statistics.median(next(values for name, values in rows if name == baseline))
    print(f"{'':34}{'min':>10}{'median':>10}{'max':>10}{'ratio':>8}   {unit}")
    for name, values in rows:
        middle = statistics.median(values)
        ratio = f"{middle / reference:8.2f}" if reference else f"{'':8}"
        print(f"{name:34}{min(values):10.3f}{middle:10.3f}{max(values):10.3f}{ratio}")


def conclude(targets: Sequence[Target]) -> int:
    """Prints `ok` or `short` for each target; the exit status."""
    for target in targets:
        word = "ok" if target.met else "short"
        print(f"{word:6}{target.name}: {target.figure:.3g} {target.unit} (limit {target.limit:g} {target.unit})")
    return 0 if all(target.met for target in targets) else 1
