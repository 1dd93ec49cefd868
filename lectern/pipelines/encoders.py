"""Where transformers 5 and diffusers differ about text encoders, for the length of one run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def nested_text_model(pipe: Any, needed: bool) -> Iterator[None]:
    """Lets diffusers find `text_encoder.text_model`, which transformers 5.6 flattened into the encoder itself.

    diffusers reads it for clip_skip alone. Past torch's own bookkeeping, so that weights and names stay as they are,
    and taken back at the end: a module that holds itself would never be freed.
    """
    encoder = getattr(pipe, "text_encoder", None)
    lacks = needed and hasattr(encoder, "final_layer_norm") and not hasattr(encoder, "text_model")
    if not lacks:
        yield
        return
    vars(encoder)["text_model"] = encoder
    try:
        yield
    finally:
        del vars(encoder)["text_model"]
