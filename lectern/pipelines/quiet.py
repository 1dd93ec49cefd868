"""diffusers and transformers without a word on the console."""

from collections.abc import Iterator
from contextlib import contextmanager

from ..hushing import hushed


@contextmanager
def quiet() -> Iterator[None]:
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    with hushed(diffusers_logging, transformers_logging):
        yield
