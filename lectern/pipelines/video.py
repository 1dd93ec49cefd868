"""One run of a pipeline that makes videos: from text, from an image (and a last one), or from another video.

What the pipeline's call takes decides what is possible; no family has code of its own, except where noted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from PIL import Image
from torch import Tensor

from ..images import to_pillow
from .arguments import VIDEO_INPUTS, accepted, checked, only
from .errors import ArgumentError
from .frames import chosen_frames, chosen_size
from .latents import decode, has_frames, heeded, latent_shape, look_of, packs, scale_of, vae_of
from .memory import Memory
from .offloading import offloading
from .packages import require
from .pipeline import Pipeline
from .sampling import OWN, Noise, attach, checked_strength, guidance_name, notes, run
from .shortage import enough
from .sizes import Size, resized_images
from .tasks import video_pipe
from .watching import Bar, Watch
from .wearing import worn
from .working import working_bytes


@dataclass(frozen=True)
class VideoRequest:
    prompt: str
    negative_prompt: str = ""
    seed: int = 0
    steps: int = 20
    guidance_scale: float = OWN
    width: int = 0  # px; 0: the pipeline's own, in the shape of what is linked
    height: int = 0
    frames: int = 0  # 0: those of the video, or the pipeline's own number
    fps: float = 16.0  # frames a second, for pipelines that ask for it
    denoise: float = 1.0  # only with a video
    image: Tensor | None = None  # (B, H, W, 3 or 4); the first is the first frame
    end_image: Tensor | None = None  # the same for the last frame
    video: Tensor | None = None  # (T, H, W, 3 or 4)
    arguments: Mapping[str, Any] = field(default_factory=dict)


class Filmed(NamedTuple):
    images: Tensor  # (T, H, W, 3) float32
    latents: Tensor | None  # (1, C, t, h, w) in ComfyUI's scale, float32; None where that is not known
    notes: tuple[str, ...]  # for the person, one sentence each


def film(pipeline: Pipeline, request: VideoRequest, memory: Memory, noise: Noise, watch: Watch) -> Filmed:
    """Raises ArgumentError, SizeError, FramesError, or what `watch` raises to end it; the pipeline stays usable."""
    require()
    watch.check()
    if pipeline.controls or pipeline.adapters:
        raise ArgumentError("No ControlNet and no IP-Adapter works on videos here. Unlink it, or make pictures.")
    pipe = video_pipe(pipeline, request.image is not None, request.video is not None)
    vae = vae_of(pipe)
    size = chosen_size(pipe, request.width, request.height, request.image if request.video is None else request.video)
    frames = chosen_frames(pipe, request.frames, request.video)
    extra = checked(pipe, request.arguments, VIDEO_INPUTS)
    call = call_arguments(pipe, request, size, frames) | sources(pipe, request, size, frames) | extra
    working = working_bytes(pipe, pipeline.plan, size, frames=frames or 1)

    def made() -> Filmed:
        wearing, moving = worn(pipeline, pipe, steps=request.steps), offloading(pipeline, pipe, memory, working)
        with wearing as said, moving as offloaded, heeded(vae, watch.check):
            offloaded.load(pipeline.all_weights(), working)
            given = call | (initial(pipe, request, size, frames, noise) if latents_known(pipe) else {})
            attach(pipe, Bar(watch, look_of(pipe)), given, lambda latents: latents if latents_known(pipe) else None)
            images, latents = finished(pipe, run(pipe, given, request.arguments))
            return Filmed(images, latents, (*said, *notes(pipe, request)))

    return enough(made, pipeline, memory, working)


def latents_known(pipe: Any) -> bool:
    """Whether its latents are (B, C, t, h, w) in the scale that its VAE's config tells: Wan and its kin.

    Others pack them, turn them round, or hand more than latents to their VAE; those decode by themselves.
    """
    vae = vae_of(pipe)
    return has_frames(vae) and "z_dim" in vae.config and bool(vae.config.get("latents_mean")) and not packs(pipe)


def call_arguments(pipe: Any, request: VideoRequest, size: Size, frames: int | None) -> dict[str, Any]:
    """All but what it starts from, as far as this pipeline takes them."""
    taken = accepted(pipe)
    guidance = guidance_name(taken)
    if request.guidance_scale != OWN and guidance not in taken:
        raise ArgumentError(f"{type(pipe).__name__} has no {guidance}. Set guidance_scale to -1.")
    values: dict[str, Any] = {
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt or None,
        "num_inference_steps": request.steps,
        "width": size.width,
        "height": size.height,
        "frame_rate": request.fps,
        "fps": round(request.fps),
        "generator": torch.Generator("cpu").manual_seed(request.seed),
    }
    if request.guidance_scale != OWN:
        values[guidance] = request.guidance_scale
    if frames is not None:
        values |= {"num_frames": frames, "video_length": frames}
    output = "latent" if latents_known(pipe) else "pt"
    return only(taken, values) | {"output_type": output, "return_dict": False}


def sources(pipe: Any, request: VideoRequest, size: Size, frames: int | None) -> dict[str, Any]:
    """The pictures that the video starts from or ends with, in its size: what every pipeline takes are Pillow's."""
    values: dict[str, Any] = {}
    if request.image is not None:
        values["image"] = still(request.image, size)
    if request.end_image is not None:
        values["last_image"] = ending(pipe, request, size)
    elif request.image is not None and two_pictures(pipe):
        raise ArgumentError("This Wan model was trained for a first and a last frame. Link the last one as end_image.")
    if request.video is not None:
        values["video"] = [to_pillow(frame) for frame in resized_images(request.video[:frames], size)]
        if "strength" in accepted(pipe):
            values["strength"] = checked_strength(request.steps, request.denoise)
    return values


def ending(pipe: Any, request: VideoRequest, size: Size) -> Image.Image:
    assert request.end_image is not None
    if "last_image" not in accepted(pipe):
        raise ArgumentError(f"{type(pipe).__name__} takes no last frame. Unlink end_image.")
    if request.image is None:
        raise ArgumentError("An end_image is linked but no image. Link the first frame as image.")
    if two_pictures(pipe) is False:
        raise ArgumentError("This Wan model was trained for a first frame alone. Unlink end_image.")
    return still(request.end_image, size)


def two_pictures(pipe: Any) -> bool | None:
    """Whether the denoiser of a Wan 2.1 reads two pictures or one; None for those that read none, and others.

    diffusers does not look, and fails in the middle of the run.
    """
    config = getattr(getattr(pipe, "transformer", None), "config", {})
    return bool(config["pos_embed_seq_len"]) if config.get("image_dim") and "pos_embed_seq_len" in config else None


def still(images: Tensor, size: Size) -> Image.Image:
    return to_pillow(resized_images(images[:1], size)[0])


def initial(pipe: Any, request: VideoRequest, size: Size, frames: int | None, noise: Noise) -> dict[str, Any]:
    """ComfyUI's own noise; with a video the generator's first numbers are the same, where it is encoded without any."""
    if request.video is not None or frames is None or "latents" not in accepted(pipe):
        return {}
    return {"latents": noise(latent_shape(pipe, 1, size.height, size.width, frames), request.seed)}


def finished(pipe: Any, made: Any) -> tuple[Tensor, Tensor | None]:
    """Frames, and the latents where they are known."""
    if latents_known(pipe):
        latents = scale_of(pipe.vae).to_comfy(made.float().cpu())
        return decode(pipe.vae, latents), latents
    frames = made[0] if made.ndim == 5 else made
    return frames.movedim(1, -1).float().cpu().clamp(0, 1), None
