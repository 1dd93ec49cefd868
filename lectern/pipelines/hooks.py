"""diffusers' hooks off a module again, so that nothing of them stays."""

from collections.abc import Iterator
from types import MethodType
from typing import Any


def registries(module: Any) -> Iterator[tuple[Any, Any]]:
    """Each part of the module that diffusers has hooked, with its registry."""
    for part in module.modules():
        registry = vars(part).get("_diffusers_hook")
        if registry is not None:
            yield part, registry


def remove(module: Any, names: tuple[str, ...]) -> None:
    for _, registry in list(registries(module)):
        for name in names:
            registry.remove_hook(name, recurse=False)
    tidy(module)


def tidy(module: Any) -> None:
    """diffusers leaves its empty registries, and on each part its own forward, by which the part holds itself."""
    for part, registry in list(registries(module)):
        registry._child_registries_cache = None
        if registry.hooks:
            continue
        del vars(part)["_diffusers_hook"]
        own = vars(part).get("forward")
        if isinstance(own, MethodType) and own.__self__ is part and own.__func__ is type(part).forward:
            del vars(part)["forward"]
