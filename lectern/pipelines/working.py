"""What a run takes on the device beside the weights: of denoising and decoding, which take turns, the larger."""

from math import prod
from typing import Any

from .controlfamilies import denoiser_of
from .latents import decoding_bytes, latent_shape, vae_of
from .plans import Plan
from .remembering import dtype_of
from .sizes import Size

# By the denoiser's class, as comfy/supported_models.py (memory_usage_factor).
FACTORS = {
    "UNet2DConditionModel": 1.0, "SD3Transformer2DModel": 1.6, "QwenImageTransformer2DModel": 1.8,
    "FluxTransformer2DModel": 3.1, "LTXVideoTransformer3DModel": 5.5,
}  # fmt: skip
OTHERS = 3.0
WAN, WAN_WIDTH = "WanTransformer3DModel", 2222  # ComfyUI reckons by the width of its tokens


def working_bytes(pipe: Any, plan: Plan, size: Size, count: int = 1, frames: int = 1) -> int:
    """Of `count` pictures made at once, or of one video. The VAE works on one picture after another."""
    decoding = decoding_bytes(vae_of(pipe), size.height, size.width, frames, plan.vae_tiling)
    return max(decoding, denoising_bytes(denoiser_of(pipe), latent_shape(pipe, count, size.height, size.width, frames)))


def denoising_bytes(denoiser: Any, latents: tuple[int, ...]) -> int:
    """By ComfyUI's own estimate (comfy/model_base.py, memory_required), with a negative prompt in the same batch.

    Args:
        latents: their shape, (B, C, [t,] h, w).
    """
    if denoiser is None:
        return 0
    places = 2 * latents[0] * prod(latents[2:])
    return int(places * dtype_of(denoiser).itemsize * 0.01 * _factor(denoiser) * (1 << 20))


def _factor(denoiser: Any) -> float:
    kind, config = type(denoiser).__name__, denoiser.config
    if kind == WAN:
        return config["num_attention_heads"] * config["attention_head_dim"] / WAN_WIDTH
    return FACTORS.get(kind, OTHERS)
