"""Pictures to latents and back by a pipeline's VAE, for graphs that go on with ComfyUI's own nodes."""

import torch
from torch import Tensor

from .errors import ArgumentError
from .latents import decode, decoding_bytes, encode, vae_factor, vae_of
from .memory import Memory
from .packages import require
from .pipeline import Pipeline
from .sizes import Size, checked


def encode_images(pipeline: Pipeline, images: Tensor, memory: Memory) -> Tensor:
    """(B, H, W, 3 or 4) -> (B, C, h, w) in ComfyUI's scale. Raises SizeError, ArgumentError."""
    require()
    size = checked(Size(images.shape[2], images.shape[1]), vae_factor(pipeline.loaded))
    _ready(pipeline, memory, size)
    return encode(pipeline.loaded.vae, images)


def decode_latents(pipeline: Pipeline, latents: Tensor, memory: Memory) -> Tensor:
    """The reverse. Raises ArgumentError: latents of another kind of model."""
    require()
    channels = int(vae_of(pipeline.loaded).config["latent_channels"])
    if latents.ndim != 4 or latents.shape[1] != channels:
        raise ArgumentError(
            f"The VAE of {pipeline.kind} decodes latents of the shape (batch, {channels}, height, width), got"
            f" {tuple(latents.shape)}. Link a latent of the same kind of model."
        )
    factor = vae_factor(pipeline.loaded)
    _ready(pipeline, memory, Size(latents.shape[3] * factor, latents.shape[2] * factor))
    return decode(pipeline.loaded.vae, latents)


def _ready(pipeline: Pipeline, memory: Memory, size: Size) -> None:
    """Only the VAE's weights are loaded."""
    vae: torch.nn.Module = vae_of(pipeline.loaded)
    weights = [one for one in pipeline.weights if one.module is vae]
    memory.load(weights, decoding_bytes(vae, size.height, size.width))
