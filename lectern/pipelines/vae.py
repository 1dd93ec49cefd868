"""Pictures to latents and back by a pipeline's VAE, for graphs that go on with ComfyUI's own nodes."""

from collections.abc import Callable
from typing import Any

from torch import Tensor

from .errors import ArgumentError
from .films import films
from .latents import (
    channels_of,
    decode,
    decoding_bytes,
    encode,
    encode_video,
    frame_factor,
    has_frames,
    heeded,
    vae_factor,
    vae_of,
)
from .memory import Memory
from .packages import require
from .pipeline import Pipeline
from .shortage import enough
from .sizes import Size, checked
from .tiles import tiled

Check = Callable[[], None]  # raises to end the work


def never() -> None:
    """Nobody can end it."""


def encode_images(pipeline: Pipeline, images: Tensor, memory: Memory, check: Check = never) -> Tensor:
    """(B, H, W, 3 or 4) -> (B, C, h, w), or of a video's frames (1, C, t, h, w), in ComfyUI's scale.

    Frames after the last that fills a latent frame are left out, as core does.

    Args:
        check: called before each picture, or part of a video.

    Raises:
        SizeError, ArgumentError, or what `check` raises.
    """
    require()
    pipe = pipeline.loaded
    vae = _checked_scale(pipeline)
    size = checked(Size(images.shape[2], images.shape[1]), vae_factor(pipe))
    video = has_frames(vae) and films(pipe)
    work = encode_video if video else encode
    return _run(lambda vae: work(vae, images), pipeline, memory, size, len(images) if video else 1, check)


def decode_latents(pipeline: Pipeline, latents: Tensor, memory: Memory, check: Check = never) -> Tensor:
    """The reverse; of a video all frames. Raises ArgumentError: latents of another kind of model."""
    require()
    pipe = pipeline.loaded
    checked_latents(pipeline, latents)
    factor = vae_factor(pipe)
    frames = (latents.shape[2] - 1) * frame_factor(pipe) + 1 if latents.ndim == 5 else 1
    size = Size(latents.shape[-1] * factor, latents.shape[-2] * factor)
    return _run(lambda vae: decode(vae, latents), pipeline, memory, size, frames, check)


def checked_latents(pipeline: Pipeline, latents: Tensor) -> Tensor:
    """Raises ArgumentError: latents of another kind of model."""
    vae = _checked_scale(pipeline)
    channels, frames = channels_of(vae), has_frames(vae)
    if latents.ndim not in ((4, 5) if frames else (4,)) or latents.shape[1] != channels or 0 in latents.shape:
        wanted = f"(batch, {channels}, {'frames, ' if frames else ''}height, width)"
        raise ArgumentError(
            f"The VAE of {pipeline.kind} decodes latents of the shape {wanted}, got {tuple(latents.shape)}. Link a"
            " latent of the same kind of model."
        )
    return latents


def _checked_scale(pipeline: Pipeline) -> Any:
    """The VAE. Raises ArgumentError: LTX's gives latents that core scales before they are a LATENT."""
    vae = vae_of(pipeline.loaded)
    if "latents_mean" in dict(vae.named_buffers(recurse=False)):
        raise ArgumentError(
            f"The VAE of {pipeline.kind} has latents in a scale that is not ComfyUI's. Use the frames that Pipeline"
            " Video gives, or core's nodes with core's own model."
        )
    return vae


def _run(
    work: Callable[[Any], Tensor], pipeline: Pipeline, memory: Memory, size: Size, frames: int, check: Check
) -> Tensor:
    """Only the VAE's weights are loaded, however the plan offloads the others."""
    vae = vae_of(pipeline.loaded)
    weights = [one for one in pipeline.weights if one.module is vae]
    working = decoding_bytes(vae, size.height, size.width, frames, pipeline.plan.vae_tiling)

    def done() -> Tensor:
        with tiled(vae, pipeline.plan), heeded(vae, check):
            memory.load(weights, working)
            return work(vae)

    return enough(done, pipeline, memory, working)
