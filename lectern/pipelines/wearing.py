"""What one run puts on the shared components and takes off again, whatever ends the run."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from .encoders import nested_text_model, unfixed_prompts
from .pipeline import Pipeline
from .quiet import quiet


@contextmanager
def worn(pipeline: Pipeline, pipe: Any, clip_skip: int = 0) -> Iterator[None]:
    """`pipe` is this run's own object, made from `pipeline`; its components are shared with every other run."""
    with ExitStack() as stack:
        stack.enter_context(quiet())
        stack.enter_context(nested_text_model(pipe, clip_skip > 0))
        stack.enter_context(unfixed_prompts(pipe))
        yield
