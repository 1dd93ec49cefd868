"""diffusers' caches on the denoiser for one run: what hardly changes from step to step is not computed again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from typing import Any

from .errors import PlanError
from .hooks import registries, tidy
from .plans import FASTER, FIRST_BLOCK, MAGCACHE, NONE, PYRAMID, TAYLORSEER, Plan, denoisers

ONE_CALL = (PYRAMID, FASTER)  # these do not tell a step's calls apart


@contextmanager
def caching(pipe: Any, plan: Plan, steps: int) -> Iterator[None]:
    """`steps` of the run, for magcache. Raises PlanError."""
    if plan.cache == NONE:
        yield
        return
    clock = _Clock(pipe, plan.cache)
    handles = []
    try:
        for denoiser in denoisers(pipe):
            handles.append(_enabled(denoiser, pipe, plan, steps, clock))
        yield
    finally:
        for denoiser, handle in zip(denoisers(pipe), handles, strict=False):
            handle.remove()
        for denoiser in denoisers(pipe):
            if denoiser.is_cache_enabled:
                denoiser.disable_cache()
            tidy(denoiser)


def _enabled(denoiser: Any, pipe: Any, plan: Plan, steps: int, clock: "_Clock") -> Any:
    before = _hooks(denoiser)
    try:
        denoiser.enable_cache(_config(denoiser, plan, steps, clock.now))
    except (ValueError, KeyError, AttributeError) as error:  # a model whose blocks diffusers does not know
        raise _unfit(pipe, plan) from error
    if _hooks(denoiser) == before:
        raise _unfit(pipe, plan)
    return denoiser.register_forward_pre_hook(clock.called)


def _config(denoiser: Any, plan: Plan, steps: int, now: Callable[[], float]) -> Any:
    import diffusers
    from diffusers.hooks.mag_cache import FLUX_MAG_RATIOS

    threshold = {"threshold": plan.cache_threshold} if plan.cache_threshold else {}
    makers = {
        FIRST_BLOCK: lambda: diffusers.FirstBlockCacheConfig(**threshold),
        TAYLORSEER: lambda: diffusers.TaylorSeerCacheConfig(taylor_factors_dtype=denoiser.dtype),
        PYRAMID: lambda: diffusers.PyramidAttentionBroadcastConfig(
            spatial_attention_block_skip_range=2, current_timestep_callback=now
        ),
        # As for a distilled model: attention is approximated, never a whole half of the batch.
        FASTER: lambda: diffusers.FasterCacheConfig(
            is_guidance_distilled=True, current_timestep_callback=now, attention_weight_callback=lambda _: 0.5
        ),
        MAGCACHE: lambda: diffusers.MagCacheConfig(
            num_inference_steps=steps, mag_ratios=FLUX_MAG_RATIOS, **threshold
        ),
    }
    return makers[plan.cache]()


class _Clock:
    """The run's timestep, for caches that only work within a range of them."""

    def __init__(self, pipe: Any, cache: str) -> None:
        self._pipe = pipe
        self._cache = cache
        self._first: float | None = None
        self._last: tuple[int, float] | None = None

    def now(self) -> float:
        """Infinite in the first step: there is nothing to take from a cache yet, whatever the image left to do."""
        time = float(self._pipe.current_timestep)
        self._first = time if self._first is None else self._first
        return inf if time == self._first else time

    def called(self, denoiser: Any, _: Any) -> None:
        """Before each call of a denoiser."""
        if self._cache not in ONE_CALL:
            return
        call = (id(denoiser), float(self._pipe.current_timestep))
        if call == self._last:
            raise PlanError(
                f"{type(self._pipe).__name__} calls its denoiser more than once in a step here (for guidance, or by its"
                f" scheduler), which {self._cache} would mix up. Choose first block or taylorseer."
            )
        self._last = call


def _hooks(denoiser: Any) -> int:
    return sum(len(registry.hooks) for _, registry in registries(denoiser))


def _unfit(pipe: Any, plan: Plan) -> PlanError:
    return PlanError(
        f"diffusers' cache {plan.cache} does not know the blocks of {type(pipe).__name__}. Choose another cache, or"
        " none."
    )
