"""The families of servers, and how to tell which one answers."""

from collections.abc import Mapping
from typing import Any

from .a1111 import A1111, A1111_OLD, REFORGE
from .base import Dialect, Payload, Route
from .forge import FORGE
from .sdnext import SDNEXT
from .small import KOBOLDCPP, SDCPP

DIALECTS: Mapping[str, Dialect] = {
    one.name: one for one in (A1111, A1111_OLD, REFORGE, FORGE, SDNEXT, SDCPP, KOBOLDCPP)
}

_FEW = 8  # options; the small servers offer two, the others hundreds


def recognise(options: Any, schedulers: Any) -> Dialect:
    """By what it offers, never by a version: the answers of GET options and GET schedulers, None where it has none.

    reForge answers as AUTOMATIC1111 does; name it in lectern.toml to send it the one field more that it takes.
    """
    keys = set(options) if isinstance(options, dict) else set()
    if any(key.startswith("forge_") for key in keys):
        return FORGE
    if isinstance(schedulers, list) and any(isinstance(one, dict) and "cls" in one for one in schedulers):
        return SDNEXT
    if len(keys) <= _FEW:
        return KOBOLDCPP if schedulers is None else SDCPP
    return A1111_OLD if schedulers is None else A1111


__all__ = ["DIALECTS", "Dialect", "Payload", "Route", "recognise"]
