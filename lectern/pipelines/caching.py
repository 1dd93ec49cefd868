"""diffusers' caches on the denoiser for one run: what hardly changes from step to step is not computed again."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from math import inf
from typing import Any

from .errors import PlanError
from .hooks import registries, tidy
from .plans import FASTER, FIRST_BLOCK, NONE, PYRAMID, TAYLORSEER, Plan, denoisers

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
            _enable(denoiser, pipe, plan, steps, clock)
            handles.append(denoiser.register_forward_pre_hook(clock.before, with_kwargs=True))
            handles.append(denoiser.register_forward_hook(clock.after, always_call=True))
        yield
    finally:
        for handle in handles:
            handle.remove()
        for denoiser in denoisers(pipe):
            if denoiser.is_cache_enabled:
                denoiser.disable_cache()
            tidy(denoiser)


def _enable(denoiser: Any, pipe: Any, plan: Plan, steps: int, clock: "_Clock") -> None:
    before = _hooks(denoiser)
    try:
        denoiser.enable_cache(_config(denoiser, plan, steps, clock.now))
    except (ValueError, KeyError, AttributeError) as error:  # a model whose blocks diffusers does not know
        raise _unfit(pipe, plan) from error
    if _hooks(denoiser) == before:
        raise _unfit(pipe, plan)


def _config(denoiser: Any, plan: Plan, steps: int, now: Callable[[], float]) -> Any:
    hooks: Any = import_module("diffusers.hooks")
    threshold = {"threshold": plan.cache_threshold} if plan.cache_threshold else {}
    if plan.cache == FIRST_BLOCK:
        return hooks.FirstBlockCacheConfig(**threshold)
    if plan.cache == TAYLORSEER:
        return hooks.TaylorSeerCacheConfig(taylor_factors_dtype=denoiser.dtype)
    if plan.cache == PYRAMID:
        return hooks.PyramidAttentionBroadcastConfig(
            spatial_attention_block_skip_range=2, current_timestep_callback=now
        )
    if plan.cache == FASTER:  # as for a distilled model: attention is approximated, never a whole half of the batch
        return hooks.FasterCacheConfig(
            is_guidance_distilled=True, current_timestep_callback=now, attention_weight_callback=lambda _: 0.5
        )
    ratios = import_module("diffusers.hooks.mag_cache").FLUX_MAG_RATIOS
    return hooks.MagCacheConfig(num_inference_steps=steps, mag_ratios=ratios, **threshold)


class _Clock:
    """The run's time, read from what the denoiser is called with, and its calls told apart."""

    def __init__(self, pipe: Any, cache: str) -> None:
        self._pipe = pipe
        self._cache = cache
        self._scale = 1.0
        self._first: float | None = None
        self._last: tuple[int, float] | None = None
        self._turn = 0
        self._context = ExitStack()

    def now(self) -> float:
        """1000 at pure noise. Infinite in the first step: there is nothing to take from a cache yet."""
        time = self._last[1] if self._last else inf
        return inf if time == self._first else time

    def before(self, denoiser: Any, args: Any, named: Any) -> None:
        call = (id(denoiser), self._time(args, named))
        self._turn = self._turn + 1 if call == self._last else 0
        self._last = call
        if self._turn and self._cache in ONE_CALL:
            raise PlanError(
                f"{type(self._pipe).__name__} calls its denoiser more than once in a step here (for guidance, or by its"
                f" scheduler), which {self._cache} would mix up. Choose first block or taylorseer."
            )
        # Not every pipeline tells its calls apart, for the prompt and for the negative one, as the caches need it.
        self._context.enter_context(denoiser.cache_context(str(self._turn)))

    def after(self, *_: object) -> None:
        self._context.close()

    def _time(self, args: Any, named: Any) -> float:
        given = named.get("timestep", next((one for one in args[1:] if getattr(one, "ndim", 9) < 2), 0.0))
        time = float(given.max() if hasattr(given, "max") else given)
        if self._first is None:
            self._scale = 1000.0 if time <= 1 else 1.0  # some models take it as a fraction
            self._first = time * self._scale
        return time * self._scale


def _hooks(denoiser: Any) -> int:
    return sum(len(registry.hooks) for _, registry in registries(denoiser))


def _unfit(pipe: Any, plan: Plan) -> PlanError:
    return PlanError(
        f"diffusers' cache {plan.cache} does not know the blocks of {type(pipe).__name__}. Choose another cache, or"
        " none."
    )
