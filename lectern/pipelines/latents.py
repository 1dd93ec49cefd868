"""Latents in ComfyUI's scale and in a pipeline's, and the VAE between them and pictures.

ComfyUI's LATENT holds what the VAE itself gives and takes, (B, C, H, W). A pipeline works on
`(latents - mean) * scaling_factor / std`; Flux and its kin also pack 2 x 2 of them into one token, (B, HW/4, 4C).
All factors come from the VAE's own config.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from .errors import ArgumentError


class Scale(NamedTuple):
    """pipeline = (comfy - mean) * factor, each a number or a (1, C, 1, 1) tensor."""

    factor: Any
    mean: Any

    def to_pipeline(self, latents: Tensor) -> Tensor:
        return (latents - self.mean) * self.factor

    def to_comfy(self, latents: Tensor) -> Tensor:
        return latents / self.factor + self.mean


def scale_of(vae: Any) -> Scale:
    config = vae.config
    factor: Any = config.get("scaling_factor") or 1.0
    mean: Any = config.get("shift_factor") or 0.0
    if config.get("latents_mean") and config.get("latents_std"):
        factor = factor / _channels_last(config["latents_std"])
        mean = _channels_last(config["latents_mean"])
    return Scale(factor, mean)


def _channels_last(values: list[float]) -> Tensor:
    return torch.tensor(values).view(1, -1, 1, 1)


def vae_of(pipe: Any) -> Any:
    """Raises ArgumentError: the pipeline works without a VAE that ComfyUI's LATENT could stand for."""
    vae = getattr(pipe, "vae", None)
    if vae is None or "latent_channels" not in vae.config:
        raise ArgumentError(
            f"{type(pipe).__name__} has no VAE of the kind that ComfyUI's LATENT is for. Use a pipeline for pictures"
            " with a VAE, such as Stable Diffusion, SDXL or Flux."
        )
    return vae


def vae_factor(pipe: Any) -> int:
    """Pixels of a side for one of the latent."""
    return int(getattr(pipe, "vae_scale_factor", 8))


def packs(pipe: Any) -> bool:
    return hasattr(pipe, "_pack_latents")


def latent_shape(pipe: Any, count: int, height: int, width: int) -> tuple[int, int, int, int]:
    factor = vae_factor(pipe)
    return count, int(vae_of(pipe).config["latent_channels"]), height // factor, width // factor


def packed(pipe: Any, latents: Tensor) -> Tensor:
    return pipe._pack_latents(latents, *latents.shape) if packs(pipe) else latents


def unpacked(pipe: Any, latents: Tensor, height: int, width: int) -> Tensor:
    """`height`, `width` in pixels."""
    if latents.ndim != 3 or not packs(pipe):
        return latents
    return pipe._unpack_latents(latents, height, width, vae_factor(pipe))


@torch.no_grad()
def encode(vae: Any, pixels: Tensor) -> Tensor:
    """(B, H, W, 3 or more) 0 to 1 -> (B, C, h, w) in ComfyUI's scale, on the CPU: the mode, as core takes."""
    first = next(vae.parameters())
    made = []
    for frame in pixels[..., :3].movedim(-1, 1).split(1):
        frame = (frame * 2 - 1).to(first.device, first.dtype)
        made.append(vae.encode(frame).latent_dist.mode().float().cpu())
    return torch.cat(made)


@torch.no_grad()
def decode(vae: Any, latents: Tensor) -> Tensor:
    """The reverse; float32 on the CPU, clamped to 0 to 1."""
    first = next(vae.parameters())
    made = []
    for one in latents.split(1):
        frame = vae.decode(one.to(first.device, first.dtype), return_dict=False)[0]
        made.append((frame.float() / 2 + 0.5).clamp_(0, 1).movedim(1, -1).cpu())
    return torch.cat(made)


def decoding_bytes(vae: Any, height: int, width: int, tiles: bool = False) -> int:
    """What decoding one picture takes beside the weights, by ComfyUI's own estimate for such a VAE (comfy/sd.py).

    Args:
        tiles: the VAE works in tiles, so one of them counts.
    """
    if tiles:
        square = getattr(vae, "tile_sample_min_size", 0)
        height = min(height, square or getattr(vae, "tile_sample_min_height", height))
        width = min(width, square or getattr(vae, "tile_sample_min_width", width))
    return 2178 * height * width * next(vae.parameters()).element_size()


class Look(NamedTuple):
    """What tells which previewer fits."""

    channels: int
    scaling: float  # the VAE's scaling_factor


def look_of(pipe: Any) -> Look:
    config = vae_of(pipe).config
    return Look(int(config["latent_channels"]), float(config.get("scaling_factor") or 1.0))
