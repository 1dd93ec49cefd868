"""How a pipeline runs: where its weights lie meanwhile, and what makes it smaller or faster. Chosen, not yet done."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from .errors import PackageError, PlanError

OWN, NONE = "pipeline's own", "none"

AUTO, FULL, MODEL, SEQUENTIAL, GROUP = "auto", "full", "model", "sequential", "group"
OFFLOADS = (AUTO, FULL, MODEL, GROUP, SEQUENTIAL)

# diffusers' own names, and the package that each needs.
BACKENDS = {
    "native": "", "flex": "", "flash": "flash_attn", "_flash_3": "flash_attn_interface", "sage": "sageattention",
    "xformers": "xformers", "_native_cudnn": "", "_native_efficient": "", "_native_flash": "", "_native_math": "",
}  # fmt: skip
# Denoisers that call torch's own attention directly can still be told which of its kernels to use.
KERNELS = {
    "_native_cudnn": "CUDNN_ATTENTION", "_native_efficient": "EFFICIENT_ATTENTION",
    "_native_flash": "FLASH_ATTENTION", "_native_math": "MATH",
}  # fmt: skip

FIRST_BLOCK, TAYLORSEER, PYRAMID, FASTER, MAGCACHE = (
    "first block", "taylorseer", "pyramid attention broadcast", "faster cache", "magcache",
)  # fmt: skip
CACHES = (FIRST_BLOCK, TAYLORSEER, PYRAMID, FASTER, MAGCACHE)
RATIOS_KNOWN = ("FluxTransformer2DModel",)  # magcache's ratios are measured for each model; diffusers has only these


@dataclass(frozen=True)
class Plan:
    """What is not chosen stays as it would be without a plan."""

    offload: str = AUTO
    vae_tiling: bool = False
    vae_slicing: bool = False
    attention: str = OWN
    cache: str = NONE
    cache_threshold: float = 0.0  # of first block and magcache; 0: diffusers' own
    compile: bool = False
    compiler: str = "inductor"  # torch.compile's backend


def denoisers(pipe: Any) -> list[Any]:
    """What runs in every step. Wan 2.2 has two, for more and for less noise."""
    found = (getattr(pipe, name, None) for name in ("unet", "transformer", "transformer_2"))
    return [one for one in found if one is not None]


def dispatches(denoiser: Any) -> bool:
    """Whether its attention goes through diffusers' backends."""
    return any(hasattr(getattr(one, "processor", None), "_attention_backend") for one in denoiser.modules())


def checked(pipe: Any, plan: Plan) -> Plan:
    """Raises PlanError, PackageError: with what is possible for this pipeline instead."""
    kind = type(pipe).__name__
    _known(plan)
    _check_vae(pipe, kind, plan)
    for denoiser in denoisers(pipe):
        _check_attention(denoiser, kind, plan.attention)
        _check_cache(denoiser, kind, plan.cache)
        if plan.compile and not getattr(denoiser, "_repeated_blocks", None):
            raise PlanError(f"diffusers names no repeated blocks of {kind} to compile. Turn compile off.")
    quantized = any(getattr(one, "quantization_method", None) == "bitsandbytes" for one in pipe.components.values())
    if plan.offload in (SEQUENTIAL, GROUP) and quantized:
        raise PlanError(
            f"Weights of bitsandbytes cannot be moved in pieces, as {plan.offload} does. Set offload to auto, full or"
            " model."
        )
    if plan.compile and plan.offload == SEQUENTIAL:
        raise PlanError("compile and sequential offload do not go together: choose full, model or group.")
    return plan


def _known(plan: Plan) -> None:
    lists = {
        "offload": (plan.offload, OFFLOADS),
        "attention": (plan.attention, (OWN, *BACKENDS)),
        "cache": (plan.cache, (NONE, *CACHES)),
    }
    for name, (chosen, there) in lists.items():
        if chosen not in there:
            raise PlanError(f"There is no {name} {chosen[:80]!r}. Choose one of {', '.join(there)}.")


def _check_vae(pipe: Any, kind: str, plan: Plan) -> None:
    vae = getattr(pipe, "vae", None)
    for name, method in (("vae_tiling", "enable_tiling"), ("vae_slicing", "enable_slicing")):
        if getattr(plan, name) and not hasattr(vae, method):
            raise PlanError(f"The VAE of {kind} has no {name.removeprefix('vae_')}. Turn {name} off.")


def _check_attention(denoiser: Any, kind: str, backend: str) -> None:
    if backend in (OWN, "native"):
        return
    if not dispatches(denoiser) and backend not in KERNELS:
        raise PlanError(
            f"The {type(denoiser).__name__} of {kind} takes no attention backend {backend}. It takes: native,"
            f" {', '.join(KERNELS)}."
        )
    package = BACKENDS[backend]
    if package and find_spec(package) is None:
        raise PackageError(
            f"The attention backend {backend} needs the Python package {package}, which is not installed. Install it"
            " in ComfyUI's Python environment and restart ComfyUI, or choose native."
        )


def _check_cache(denoiser: Any, kind: str, cache: str) -> None:
    if cache == NONE:
        return
    if not hasattr(denoiser, "enable_cache"):
        raise PlanError(
            f"diffusers has no cache for the {type(denoiser).__name__} of {kind}; only transformers such as that of"
            " Flux have one. Set cache to none."
        )
    if cache == MAGCACHE and type(denoiser).__name__ not in RATIOS_KNOWN:
        others = ", ".join(one for one in CACHES if one != MAGCACHE)
        raise PlanError(f"magcache has measured ratios for Flux alone, not for {kind}. Choose {others}.")
