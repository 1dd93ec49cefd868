"""One run of a pipeline: what is linked decides between text-to-image, image-to-image and inpainting."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import Parameter
from math import ceil
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from .arguments import accepted, checked, only
from .controlnets import ModeVae, Pictures, control_arguments, controlled, one_prompt_each, own_defaults, several
from .errors import ArgumentError, first_line
from .films import films
from .ipadapters import adapter_arguments
from .latents import decode, encode, heeded, latent_shape, look_of, packed, scale_of, unpacked, vae_of
from .memory import Memory
from .offloading import offloading
from .packages import require
from .pipeline import Pipeline
from .predicting import Predictions
from .prompts import cut_of, note
from .remembering import dtype_of
from .schedulers import fresh
from .shortage import enough
from .sizes import Size, chosen, repeated, resized_images, resized_mask
from .watching import Bar, Watch
from .wearing import worn
from .working import working_bytes

OWN = -1.0  # guidance scale: the pipeline's own default

Noise = Callable[[tuple[int, ...], int], Tensor]  # shape, seed -> float32 on the CPU


@dataclass(frozen=True)
class Request:
    prompt: str
    negative_prompt: str = ""
    seed: int = 0
    steps: int = 20
    guidance_scale: float = OWN
    width: int = 0  # px; 0: the image's, or the pipeline's own
    height: int = 0
    batch_size: int = 1  # pictures; with an image, for each picture of its batch
    denoise: float = 1.0  # only with an image
    clip_skip: int = 0  # last layers of the text encoder that are left out
    image: Tensor | None = None  # (B, H, W, 3 or 4)
    mask: Tensor | None = None  # (B, H, W), 1 where it is painted anew
    arguments: Mapping[str, Any] = field(default_factory=dict)


class Sampled(NamedTuple):
    images: Tensor  # (B, H, W, 3) float32
    latents: Tensor  # (B, C, h, w) in ComfyUI's scale, float32
    notes: tuple[str, ...]  # for the person, one sentence each


def sample(pipeline: Pipeline, request: Request, memory: Memory, noise: Noise, watch: Watch) -> Sampled:
    """Raises ArgumentError, SizeError, or what `watch` raises to end the run; the pipeline stays usable."""
    require()
    watch.check()
    if films(pipeline.loaded):
        raise ArgumentError(f"{pipeline.kind} makes videos. Link it to the node Pipeline Video instead.")
    plain = run_pipe(pipeline, request)
    pipe = controlled(plain, pipeline.controls) if pipeline.controls else plain
    vae = vae_of(pipe)
    size = chosen(pipe, request.width, request.height, request.image)
    extra = checked(pipe, request.arguments)
    call = own_defaults(plain, pipe) | call_arguments(pipe, request, size) | extra
    if pipeline.controls:
        call = controlled_call(pipe, pipeline, request, size, call)
    working = working_bytes(pipe, pipeline.plan, size, count(request))

    def made() -> Sampled:
        wearing = worn(pipeline, pipe, request.clip_skip, request.steps)
        moving = offloading(pipeline, pipe, memory, working)
        with wearing as said, moving as offloaded, heeded(vae, watch.check):
            offloaded.load(pipeline.all_weights(), working)
            given = pictures(pipe, request, size) if request.image is not None else initial(pipe, request, size, noise)
            given = call | given
            given |= adapter_arguments(pipe, pipeline.adapters, size, given)
            vars(pipe)["vae"] = ModeVae(vae, denoiser_dtype(pipe)) if pipeline.controls else vae
            attach(pipe, Bar(watch, look_of(pipe)), given, lambda made: unpacked(pipe, made, size.height, size.width))
            made = unpacked(pipe, run(pipe, given, request.arguments), size.height, size.width)
            latents = scale_of(vae).to_comfy(made.float().cpu())
            watch.check()
            return Sampled(decode(vae, latents), latents, (*said, *notes(pipe, request)))

    return enough(made, pipeline, memory, working)


# What pipelines raise for values that do not go together, and what they run into where they do not look at all.
REFUSED = (ValueError, TypeError)
STUMBLED = (AttributeError, LookupError, ArithmeticError)


def run(pipe: Any, call: Mapping[str, Any], arguments: Mapping[str, Any]) -> Tensor:
    """`arguments` are those of the call that a person wrote. Raises ArgumentError."""
    try:
        return pipe(**call)[0]
    except (*REFUSED, *STUMBLED) as error:
        if not arguments and isinstance(error, STUMBLED):
            raise
        raise ArgumentError(
            f"{type(pipe).__name__} does not take these values: {first_line(error)}. Change the inputs or the"
            " arguments."
        ) from error


def controlled_call(
    pipe: Any, pipeline: Pipeline, request: Request, size: Size, call: dict[str, Any]
) -> dict[str, Any]:
    made = count(request)
    call = call | control_arguments(pipe, pipeline.controls, size, Pictures(made, request.batch_size))
    return one_prompt_each(call, made) if several(pipeline.controls) else call


def count(request: Request) -> int:
    """Pictures that the run makes."""
    return request.batch_size * (1 if request.image is None else len(request.image))


def run_pipe(pipeline: Pipeline, request: Request) -> Any:
    """A pipeline object for this run alone: shared weights, a scheduler of its own, the class that the task needs."""
    from diffusers.pipelines.auto_pipeline import AutoPipelineForImage2Image, AutoPipelineForInpainting

    if request.mask is not None and request.image is None:
        raise ArgumentError("A mask is linked but no image. Link the image that the mask is for.")
    scheduler = fresh(pipeline.own_scheduler())
    if request.image is None:
        pipe = copy.copy(pipeline.loaded)
        pipe.register_modules(scheduler=scheduler)
        return pipe
    auto, task = (
        (AutoPipelineForImage2Image, "image-to-image")
        if request.mask is None
        else (AutoPipelineForInpainting, "inpainting")
    )
    try:
        return auto.from_pipe(pipeline.loaded, scheduler=scheduler)
    except ValueError as error:
        linked = "image" if request.mask is None else "mask"
        raise ArgumentError(
            f"diffusers has no {task} for {pipeline.kind}. Unlink {linked}, or load another pipeline."
        ) from error


def call_arguments(pipe: Any, request: Request, size: Size) -> dict[str, Any]:
    """All but pictures and noise, as far as this pipeline takes them."""
    taken, kind = accepted(pipe), type(pipe).__name__
    asked: dict[str, Any] = {}
    if request.guidance_scale != OWN:
        asked[guidance_name(taken)] = (request.guidance_scale, "guidance_scale to -1")
    if request.clip_skip:
        asked["clip_skip"] = (request.clip_skip, "clip_skip to 0")
    if count(request) > 1:
        asked["num_images_per_prompt"] = (count(request), "batch_size to 1 and link a single image")
    if request.image is not None:
        asked["strength"] = (checked_strength(request.steps, request.denoise), "denoise to 1")
    for name, (_, remedy) in asked.items():
        if name not in taken and not (name == "strength" and request.denoise == 1):
            raise ArgumentError(f"{kind} has no {name}. Set {remedy}.")
    always = {
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt or (" " if "true_cfg_scale" in asked else None),
        "num_inference_steps": request.steps,
        "width": size.width,
        "height": size.height,
        "generator": torch.Generator("cpu").manual_seed(request.seed),
    }
    values = only(taken, always | {name: value for name, (value, _) in asked.items()})
    return values | {"output_type": "latent", "return_dict": False}


def guidance_name(taken: Mapping[str, Parameter]) -> str:
    """What follows the prompt more closely: Qwen-Image has its cfg under another name, and works without the usual."""
    unused = "guidance_scale" in taken and taken["guidance_scale"].default is None
    return "true_cfg_scale" if unused and "true_cfg_scale" in taken else "guidance_scale"


def checked_strength(steps: int, denoise: float) -> float:
    if int(steps * denoise) < 1:
        enough = ceil(100 / steps) / 100  # in the widget's steps; rounded down it would not be enough
        raise ArgumentError(
            f"A denoise of {denoise} leaves none of {steps} steps to run. Raise denoise to {enough:g} or more, or take"
            " more steps."
        )
    return denoise


def denoiser_dtype(pipe: Any) -> torch.dtype:
    return dtype_of(getattr(pipe, "unet", None) or pipe.transformer)


def initial(pipe: Any, request: Request, size: Size, noise: Noise) -> dict[str, Any]:
    """ComfyUI's own noise for the whole batch; the pipeline scales it for its scheduler."""
    if "latents" not in accepted(pipe):
        return {}
    drawn = noise(latent_shape(pipe, request.batch_size, size.height, size.width), request.seed)
    return {"latents": packed(pipe, drawn.to(denoiser_dtype(pipe)))}


def pictures(pipe: Any, request: Request, size: Size) -> dict[str, Any]:
    """The image, and the mask where there is one, for a run that starts from them.

    They are encoded here and draw nothing, so that the generator's first numbers are the noise, as in ComfyUI.
    """
    assert request.image is not None
    vae, scale = vae_of(pipe), scale_of(vae_of(pipe))
    pixels = resized_images(request.image, size)

    def encoded(image: Tensor, **_: object) -> Tensor:
        pictures = image[:, :, 0] if image.ndim == 5 else image
        latents = encode(vae, pictures.movedim(1, -1).float() / 2 + 0.5)
        return scale.to_pipeline(latents).to(image.device, image.dtype)

    values: dict[str, Any] = {}
    if hasattr(pipe, "_encode_vae_image"):
        pipe._encode_vae_image = lambda image, generator=None: encoded(image)
        values["image"] = repeated(pixels.movedim(-1, 1), request.batch_size)
    else:  # Stable Diffusion and SDXL take four channels for latents
        latents = scale.to_pipeline(encode(vae, pixels)).to(denoiser_dtype(pipe))
        values["image"] = repeated(latents, request.batch_size)
    if request.mask is not None:
        values["mask_image"] = masks(request, size)
    return values


def masks(request: Request, size: Size) -> Tensor:
    assert request.image is not None and request.mask is not None
    planes = resized_mask(request.mask, size)
    if len(planes) not in (1, len(request.image)):
        raise ArgumentError(
            f"There are {len(planes)} masks for {len(request.image)} images. Link one mask, or one for each image."
        )
    if not planes.any():
        raise ArgumentError("The mask is empty, so nothing would be painted. Paint where the image should change.")
    return repeated(planes.expand(len(request.image), -1, -1, -1), request.batch_size)


def attach(pipe: Any, bar: Bar, call: dict[str, Any], picture: Callable[[Tensor], Tensor | None]) -> None:
    """Progress and Cancel by the bar, which every pipeline has, and by the callback where there is one.

    Args:
        picture: the latents as (B, C, h, w) or (B, C, t, h, w), of those that the pipeline works on.
    """
    pipe.progress_bar = bar
    predictions, given = Predictions(pipe.scheduler), {}

    def shown() -> Tensor | None:
        latents = predictions.latest()
        latents = given.get("latents") if latents is None else latents
        return None if latents is None else picture(latents)

    def seen(pipe: Any, index: int, timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
        bar.check()
        given.update(values)
        return values

    bar.latents = shown
    if "callback_on_step_end" in accepted(pipe):
        call["callback_on_step_end"] = seen


class Asked(Protocol):
    """What requests for pictures and for videos have in common."""

    @property
    def prompt(self) -> str: ...
    @property
    def negative_prompt(self) -> str: ...
    @property
    def arguments(self) -> Mapping[str, Any]: ...


def notes(pipe: Any, request: Asked) -> tuple[str, ...]:
    """What was asked for and has no effect."""
    taken, found = accepted(pipe), []
    cut = cut_of(pipe, request.prompt, taken, request.arguments)
    if cut:
        found.append(note(cut))
    if request.negative_prompt and "negative_prompt" not in taken:
        found.append(f"{type(pipe).__name__} knows no negative prompt; it was left out.")
    elif request.negative_prompt and without_cfg(taken, request):
        found.append('The negative prompt has no effect until the arguments hold {"true_cfg_scale": 4} or so.')
    return tuple(found)


def without_cfg(taken: Mapping[str, Parameter], request: Asked) -> bool:
    """Whether a negative prompt has no effect: for Flux until a second scale is set, for Qwen-Image it always has."""
    if "true_cfg_scale" not in taken or guidance_name(taken) == "true_cfg_scale":
        return False
    return not request.arguments.get("true_cfg_scale")
