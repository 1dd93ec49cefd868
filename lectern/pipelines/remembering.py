"""What is asked of a model in every run and never changes: looked up once while the model lives."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")


def remembered(look: Callable[[Any], T]) -> Callable[[Any], T]:
    """The same function of one module, whose answer is kept for as long as the module."""
    known: WeakKeyDictionary[Any, T] = WeakKeyDictionary()

    @wraps(look)
    def answer(module: Any) -> T:
        if module not in known:
            known[module] = look(module)
        return known[module]

    return answer


@remembered
def dtype_of(module: Any) -> Any:
    """The torch.dtype that it computes in; diffusers goes through all of its weights to tell."""
    return module.dtype
