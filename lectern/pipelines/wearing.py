"""What one run puts on the shared components and takes off again, whatever ends the run."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from .attention import attending
from .caching import caching
from .compiling import compiling
from .encoders import nested_text_model, unfixed_prompts
from .ipadapters import adapted
from .loras_worn import worn_loras
from .pipeline import Pipeline
from .quiet import quiet
from .tiles import tiled


@contextmanager
def worn(pipeline: Pipeline, pipe: Any, clip_skip: int = 0, steps: int = 1) -> Iterator[tuple[str, ...]]:
    """`pipe` is this run's own object, made from `pipeline`; its components are shared with every other run.

    Gives notes for the person.
    """
    with ExitStack() as stack:
        stack.enter_context(quiet())
        stack.enter_context(nested_text_model(pipe, clip_skip > 0))
        stack.enter_context(unfixed_prompts(pipe))
        stack.enter_context(adapted(pipe, pipeline.adapters))
        said = stack.enter_context(worn_loras(pipeline))
        # The plan's come last: they take the components as the others have left them.
        stack.enter_context(tiled(getattr(pipe, "vae", None), pipeline.plan))
        stack.enter_context(compiling(pipe, pipeline.plan))
        stack.enter_context(caching(pipe, pipeline.plan, steps))
        stack.enter_context(attending(pipe, pipeline.plan.attention))
        yield said
