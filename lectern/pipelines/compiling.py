"""torch.compile for the blocks that a denoiser repeats, on for one run and kept for the next."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .errors import PlanError
from .plans import Plan, denoisers

KEPT = "_lectern_compiled"  # on a block: its compiled forward by torch.compile's backend


@contextmanager
def compiling(pipe: Any, plan: Plan) -> Iterator[None]:
    """Before any hook that wraps a block: hooks then stay outside of what is compiled, and change nothing in it.

    Raises:
        PlanError: nothing can be compiled on this machine.
    """
    if not plan.compile:
        yield
        return
    from torch._dynamo.exc import BackendCompilerFailed, TorchRuntimeError, Unsupported

    blocks = [block for denoiser in denoisers(pipe) for block in _repeated(denoiser)]
    before = [vars(block).get("forward") for block in blocks]
    try:
        for block in blocks:
            vars(block)["forward"] = _compiled(block, plan.compiler)
        yield
    except (BackendCompilerFailed, TorchRuntimeError, Unsupported) as error:
        lines = [line for line in str(error).splitlines() if line.strip()]
        raise PlanError(
            f"torch.compile does not work here: {(lines or [type(error).__name__])[0][:300]}. Turn compile off, or"
            " install what it asks for."
        ) from error
    finally:
        for block, own in zip(blocks, before, strict=True):
            vars(block).pop("forward", None)
            if own is not None:
                vars(block)["forward"] = own


def _repeated(denoiser: Any) -> list[Any]:
    return [one for one in denoiser.modules() if type(one).__name__ in denoiser._repeated_blocks]


def _compiled(block: Any, backend: str) -> Any:
    """Kept on the block, so that it lives as long as the weights do."""
    import torch

    kept = vars(block).setdefault(KEPT, {})
    if backend not in kept:
        kept[backend] = torch.compile(block.forward, backend=backend)
    return kept[backend]
