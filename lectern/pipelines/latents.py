"""Latents in ComfyUI's scale and in a pipeline's, and the VAE between them and pictures or the frames of a video.

ComfyUI's LATENT holds what the VAE itself gives and takes, (B, C, H, W), for VAEs of videos (Wan; Qwen-Image uses the
same kind) (B, C, T, H, W). A pipeline works on `(latents - mean) * scaling_factor / std`; Flux and its kin also pack
2 x 2 of them into one token, (B, HW/4, 4C). All factors come from the VAE's own config.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .errors import ArgumentError
from .remembering import remembered


class Scale(NamedTuple):
    """pipeline = (comfy - mean) * factor, each a number or one for each channel."""

    factor: Any
    mean: Any

    def to_pipeline(self, latents: Tensor) -> Tensor:
        return (latents - _beside(latents, self.mean)) * _beside(latents, self.factor)

    def to_comfy(self, latents: Tensor) -> Tensor:
        return latents / _beside(latents, self.factor) + _beside(latents, self.mean)


def scale_of(vae: Any) -> Scale:
    config = vae.config
    factor: Any = config.get("scaling_factor") or 1.0
    mean: Any = config.get("shift_factor") or 0.0
    if config.get("latents_mean") and config.get("latents_std"):
        factor = factor / torch.tensor(config["latents_std"])
        mean = torch.tensor(config["latents_mean"])
    return Scale(factor, mean)


def _beside(latents: Tensor, value: Any) -> Any:
    """Channels are the second dimension."""
    return value.view(1, -1, *(1,) * (latents.ndim - 2)).to(latents.device) if torch.is_tensor(value) else value


def channels_of(vae: Any) -> int:
    """0 for a VAE that does not say."""
    return int(vae.config.get("latent_channels") or vae.config.get("z_dim") or 0)


def vae_of(pipe: Any) -> Any:
    """Raises ArgumentError: the pipeline works without a VAE that ComfyUI's LATENT could stand for."""
    vae = getattr(pipe, "vae", None)
    if vae is None or not channels_of(vae):
        raise ArgumentError(
            f"{type(pipe).__name__} has no VAE of the kind that ComfyUI's LATENT is for. Use a pipeline with a VAE,"
            " such as Stable Diffusion, SDXL, Flux, Qwen-Image or Wan."
        )
    return vae


@remembered
def has_frames(vae: Any) -> bool:
    """Whether its latents have a dimension for time: its convolutions have."""
    return any(one.ndim == 5 for one in vae.parameters())


def vae_factor(pipe: Any) -> int:
    """Pixels of a side for one of the latent."""
    names = ("vae_scale_factor", "vae_scale_factor_spatial", "vae_spatial_compression_ratio")
    return int(next((found for name in names if (found := getattr(pipe, name, None))), 8))


def frame_factor(pipe: Any) -> int:
    """Frames for one of the latent, after the first."""
    names = ("vae_scale_factor_temporal", "vae_temporal_compression_ratio", "vae_temporal_scale_factor")
    found = next((found for name in names if (found := getattr(pipe, name, None))), None)
    return int(found or vae_of(pipe).config.get("scale_factor_temporal") or 1)


def packs(pipe: Any) -> bool:
    return hasattr(pipe, "_pack_latents")


def latent_shape(pipe: Any, count: int, height: int, width: int, frames: int = 1) -> tuple[int, ...]:
    """Of `count` pictures, or videos of `frames` frames, in pixels."""
    vae, factor = vae_of(pipe), vae_factor(pipe)
    time = ((frames - 1) // frame_factor(pipe) + 1,) if has_frames(vae) else ()
    return count, channels_of(vae), *time, height // factor, width // factor


def packed(pipe: Any, latents: Tensor) -> Tensor:
    """Of pictures."""
    return pipe._pack_latents(latents, *latents.shape[:2], *latents.shape[-2:]) if packs(pipe) else latents


def unpacked(pipe: Any, latents: Tensor, height: int, width: int) -> Tensor:
    """`height`, `width` in pixels."""
    if latents.ndim != 3 or not packs(pipe):
        return latents
    return pipe._unpack_latents(latents, height, width, vae_factor(pipe))


@contextmanager
def heeded(vae: Any, check: Callable[[], None]) -> Iterator[None]:
    """Calls `check` before each part that the VAE works on by itself: of a video, each latent frame or tile."""
    parts = [part for name in ("encoder", "decoder") if (part := getattr(vae, name, None)) is not None]
    hooks = [part.register_forward_pre_hook(lambda *_: check()) for part in parts]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@torch.no_grad()
def encode(vae: Any, pixels: Tensor) -> Tensor:
    """Pictures, (B, H, W, 3 or more) 0 to 1 -> (B, C, [1,] h, w) in ComfyUI's scale, on the CPU: the mode, as core."""
    made, frames = [], has_frames(vae)
    for picture in pixels[..., :3].movedim(-1, 1).split(1):
        made.append(_encoded(vae, picture.unsqueeze(2) if frames else picture))
    return torch.cat(made)


@torch.no_grad()
def encode_video(vae: Any, frames: Tensor) -> Tensor:
    """One video, (T, H, W, 3 or more) -> (1, C, t, h, w) in ComfyUI's scale, on the CPU."""
    return _encoded(vae, frames[..., :3].movedim(-1, 0).unsqueeze(0))


def _encoded(vae: Any, pixels: Tensor) -> Tensor:
    first = next(vae.parameters())
    return vae.encode((pixels * 2 - 1).to(first.device, first.dtype)).latent_dist.mode().float().cpu()


@torch.no_grad()
def decode(vae: Any, latents: Tensor) -> Tensor:
    """The reverse; of videos all frames one after another. (N, H, W, 3) float32 on the CPU, clamped to 0 to 1."""
    first = next(vae.parameters())
    if has_frames(vae) and latents.ndim == 4:
        latents = latents.unsqueeze(2)  # as core does
    made = []
    for one in latents.split(1):
        pixels = vae.decode(one.to(first.device, first.dtype), return_dict=False)[0]
        frames = pixels[0].movedim(0, -1) if pixels.ndim == 5 else pixels.movedim(1, -1)
        made.append((frames.float() / 2 + 0.5).clamp_(0, 1).cpu())
    return torch.cat(made)


def decoding_bytes(vae: Any, height: int, width: int, frames: int = 1, tiles: bool = False) -> int:
    """What decoding takes beside the weights, by ComfyUI's own estimates for such VAEs (comfy/sd.py).

    Args:
        tiles: the VAE works in tiles, so one of them counts.
    """
    if tiles:
        square = getattr(vae, "tile_sample_min_size", 0)
        height = min(height, square or getattr(vae, "tile_sample_min_height", height))
        width = min(width, square or getattr(vae, "tile_sample_min_width", width))
    return _bytes_a_pixel(vae, frames) * height * width * next(vae.parameters()).element_size()


def _bytes_a_pixel(vae: Any, frames: int) -> int:
    """In elements of the VAE's precision."""
    if not has_frames(vae):
        return 2178
    if "z_dim" in vae.config:  # Wan, Qwen-Image: one latent frame at a time
        return 8000 if vae.config.get("patch_size") else 2200 if frames <= 13 else 7000
    return 2800 * min(8, max(2, frames))


class Look(NamedTuple):
    """What tells which previewer fits."""

    channels: int
    scaling: float  # the VAE's scaling_factor


def look_of(pipe: Any) -> Look:
    vae = vae_of(pipe)
    return Look(channels_of(vae), float(vae.config.get("scaling_factor") or 1.0))
