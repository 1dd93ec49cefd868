"""transformers kept quiet and at home."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...hushing import hushed


@contextmanager
def quiet() -> Iterator[None]:
    from transformers.utils import logging

    with hushed(logging):
        yield


@contextmanager
def fenced() -> Iterator[None]:
    """Quiet, without the hub and without the kernels that transformers takes from there.

    Everything is asked for with local_files_only; but some of transformers' own classes fetch when they are made (the
    processor of MGP-STR two tokenizers, RWKV its kernel), and a folder may name any of them.
    """
    import huggingface_hub.constants as hub

    try:
        kernels: Any = importlib.import_module("transformers.integrations.hub_kernels")
    except ImportError:
        kernels = None  # older ones have none
    with quiet(), _set(hub, "HF_HUB_OFFLINE", True), _set(kernels, "_kernels_enabled", False):
        yield


@contextmanager
def _set(module: Any, name: str, value: bool) -> Iterator[None]:
    """Where the module has it."""
    before = getattr(module, name, None)
    if before is None:
        yield
        return
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, before)
