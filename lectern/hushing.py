"""diffusers and transformers without a word on the console.

Their bars would only show there, and some of their warnings repeat the very words of a prompt; prompts never reach a
log of ours.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def hushed(*libraries: Any) -> Iterator[None]:
    """`libraries`: the modules `utils.logging` of diffusers and of transformers, which are the same."""
    before = [(one, one.get_verbosity(), one.is_progress_bar_enabled()) for one in libraries]
    for one in libraries:
        one.set_verbosity_error()
        one.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            # That diffusers uses what it will drop itself, as its ControlNet of Flux does.
            warnings.simplefilter("ignore", FutureWarning)
            yield
    finally:
        for one, verbosity, bars in before:
            one.set_verbosity(verbosity)
            if bars:
                one.enable_progress_bar()
