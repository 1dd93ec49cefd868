"""Pictures to latents and back by a pipeline's VAE, for graphs that go on with ComfyUI's own nodes."""

from collections.abc import Callable
from typing import Any

from torch import Tensor

from .errors import ArgumentError
from .latents import decode, decoding_bytes, encode, vae_factor, vae_of
from .memory import Memory
from .packages import require
from .pipeline import Pipeline
from .shortage import enough
from .sizes import Size, checked
from .tiles import tiled


def encode_images(pipeline: Pipeline, images: Tensor, memory: Memory) -> Tensor:
    """(B, H, W, 3 or 4) -> (B, C, h, w) in ComfyUI's scale. Raises SizeError, ArgumentError."""
    require()
    size = checked(Size(images.shape[2], images.shape[1]), vae_factor(pipeline.loaded))
    return _run(lambda vae: encode(vae, images), pipeline, memory, size)


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
    size = Size(latents.shape[3] * factor, latents.shape[2] * factor)
    return _run(lambda vae: decode(vae, latents), pipeline, memory, size)


def _run(work: Callable[[Any], Tensor], pipeline: Pipeline, memory: Memory, size: Size) -> Tensor:
    """Only the VAE's weights are loaded, however the plan offloads the others."""
    vae = vae_of(pipeline.loaded)
    weights = [one for one in pipeline.weights if one.module is vae]
    working = decoding_bytes(vae, size.height, size.width, pipeline.plan.vae_tiling)

    def done() -> Tensor:
        with tiled(vae, pipeline.plan):
            memory.load(weights, working)
            return work(vae)

    return enough(done, pipeline, memory, working)
