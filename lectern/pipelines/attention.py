"""Another attention backend for one run."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from .errors import PlanError, first_line
from .plans import KERNELS, OWN, denoisers, dispatches
from .shortage import ran_out


@contextmanager
def attending(pipe: Any, backend: str) -> Iterator[None]:
    """Raises PlanError: the backend does not run here."""
    if backend == OWN:
        yield
        return
    try:
        with ExitStack() as stack:
            for denoiser in denoisers(pipe):
                stack.enter_context(_dispatched(backend) if dispatches(denoiser) else _kernel(denoiser, backend))
            yield
    except (RuntimeError, AssertionError, ImportError) as error:
        if backend == "native" or ran_out(error):
            raise
        raise PlanError(
            f"The attention backend {backend} does not run here: {first_line(error)}. Choose native."
        ) from error


@contextmanager
def _dispatched(backend: str) -> Iterator[None]:
    """diffusers' own switch for whatever has no backend set: on no module, so there is nothing to take off."""
    from diffusers.models.attention_dispatch import attention_backend

    with attention_backend(backend):
        yield


@contextmanager
def _kernel(denoiser: Any, backend: str) -> Iterator[None]:
    """One of torch's own kernels for what calls torch directly, in this denoiser alone."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    if backend not in KERNELS:  # native: torch chooses
        yield
        return
    chosen = getattr(SDPBackend, KERNELS[backend])
    forward = denoiser.forward

    def within(*args: Any, **named: Any) -> Any:
        with sdpa_kernel(chosen):
            return forward(*args, **named)

    before = vars(denoiser).get("forward")
    vars(denoiser)["forward"] = within
    try:
        yield
    finally:
        del vars(denoiser)["forward"]
        if before is not None:
            vars(denoiser)["forward"] = before
