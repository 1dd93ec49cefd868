"""Where diffusers stumbles before its text encoders, made good for the length of one run."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
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


@contextmanager
def unfixed_prompts(pipe: Any) -> Iterator[None]:
    """Lets pipelines run without the package ftfy, which mends wrongly decoded prompts.

    Most of diffusers' video pipelines call it whether it is installed or not; WanPipeline, which looks, leaves the
    prompt as it is.
    """
    module: Any = sys.modules[type(pipe).__module__]
    lacks = hasattr(module, "is_ftfy_available") and not hasattr(module, "ftfy")
    if not lacks:
        yield
        return
    module.ftfy = SimpleNamespace(fix_text=str)
    try:
        yield
    finally:
        del module.ftfy
