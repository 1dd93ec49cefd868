"""Cancel within one layer of a model, whoever runs it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any


@contextmanager
def checked(module: Any, check: Callable[[], None]) -> Iterator[None]:
    """`check`, which raises when it is to stop, is asked before every layer of the module: reading a long prompt takes
    seconds in which no token comes, and core's bar looks at Cancel only every few tokens."""
    from torch.nn import ModuleList

    layers = [layer for one in module.modules() if isinstance(one, ModuleList) for layer in one]
    with ExitStack() as undone:
        for layer in layers:
            undone.callback(layer.register_forward_pre_hook(lambda *_: check()).remove)
        yield
