"""What one run puts on the shared components and takes off again, whatever ends the run."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from .encoders import nested_text_model
from .ipadapters import adapted
from .loras_worn import worn_loras
from .pipeline import Pipeline
from .quiet import quiet


@contextmanager
def worn(pipeline: Pipeline, pipe: Any, clip_skip: int = 0) -> Iterator[tuple[str, ...]]:
    """`pipe` is this run's own object, made from `pipeline`; its components are shared with every other run.

    Gives notes for the person.
    """
    with ExitStack() as stack:
        stack.enter_context(quiet())
        stack.enter_context(nested_text_model(pipe, clip_skip > 0))
        stack.enter_context(adapted(pipe, pipeline.adapters))
        yield stack.enter_context(worn_loras(pipeline))
