"""Which ControlNets fit which pipelines."""

from typing import Any

from .errors import ControlNetError

UNION = "ControlNetUnionModel"
# Class of the denoiser -> classes of ControlNets for it.
KINDS = {
    "UNet2DConditionModel": ("ControlNetModel", UNION),
    "FluxTransformer2DModel": ("FluxControlNetModel",),
    "SD3Transformer2DModel": ("SD3ControlNetModel",),
    "QwenImageTransformer2DModel": ("QwenImageControlNetModel",),
}
# What both configs must say alike; a ControlNet that leaves one out is not held to it.
ALIKE = ("cross_attention_dim", "addition_embed_type", "block_out_channels", "joint_attention_dim")


def denoiser_of(pipe: Any) -> Any:
    return getattr(pipe, "unet", None) or getattr(pipe, "transformer", None)


def kinds_for(pipe: Any) -> tuple[str, ...]:
    """Raises ControlNetError: nothing in diffusers controls such a pipeline."""
    kinds = KINDS.get(type(denoiser_of(pipe)).__name__, ())
    if not kinds:
        raise ControlNetError(
            f"diffusers has no ControlNet for {type(pipe).__name__}. Use Stable Diffusion, SDXL, SD3, Flux or"
            " Qwen-Image."
        )
    return kinds


def checked_family(net: Any, pipe: Any, name: str) -> Any:
    """The same ControlNet. Raises ControlNetError: it was made for another model."""
    denoiser = denoiser_of(pipe)
    if net.config.get("extra_conditioning_channels"):
        raise ControlNetError(
            f"{name} reads a mask beside its picture, which is not offered. Choose another ControlNet."
        )
    pairs = {key: (net.config.get(key), denoiser.config.get(key)) for key in ALIKE}
    pairs["width"] = (_width(net), _width(denoiser))
    for key, (own, needed) in pairs.items():
        given_up = own is None and key != "addition_embed_type"
        if not given_up and _plain(own) != _plain(needed):
            raise ControlNetError(
                f"{name} is a ControlNet for another model than {type(pipe).__name__}: its {key} is {own}, this"
                f" pipeline's {needed}. Choose one that was trained for this kind of model."
            )
    return net


def _width(model: Any) -> int | None:
    """Of a transformer's tokens inside."""
    heads, size = model.config.get("num_attention_heads"), model.config.get("attention_head_dim")
    transformer = "joint_attention_dim" in model.config
    return heads * size if transformer and isinstance(heads, int) and isinstance(size, int) else None


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, list | tuple) else value
