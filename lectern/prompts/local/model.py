"""A local model that can be asked, and how it is wished to be loaded."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .memory import FP32, Weights

AUTO = "auto"  # what most weights are stored in


@dataclass(frozen=True)
class Spec:
    path: Path  # a folder that finding.py found
    dtype: str = AUTO  # or a precision of memory.py


@dataclass(frozen=True, eq=False)
class Model:
    """Everything in it is shared by all who use the same folder. ComfyUI shows it in errors, so that is kept short."""

    name: str
    weights: Weights = field(repr=False)
    tokenizer: Any = field(repr=False)
    processor: Any = field(repr=False)  # None for a model that reads no pictures
    ends: tuple[int, ...]  # tokens that end an answer
    context: int  # tokens of prompt and answer together
    precision: str = FP32
    notes: tuple[str, ...] = ()  # for the person, one sentence each

    @property
    def module(self) -> Any:
        return self.weights.module

    @property
    def sees(self) -> bool:
        return self.processor is not None
