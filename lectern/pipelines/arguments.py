"""Call arguments of a pipeline: what it takes, and JSON that a person wrote for it."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from inspect import Parameter, signature
from typing import Any

from ..jsontext import read_object
from .errors import ArgumentError

# What the node fills in by its own inputs, or needs for progress and Cancel.
OWN_INPUTS = {
    "prompt": "prompt", "negative_prompt": "negative_prompt", "image": "image", "mask_image": "mask",
    "num_inference_steps": "steps", "guidance_scale": "guidance_scale", "height": "height", "width": "width",
    "strength": "denoise", "num_images_per_prompt": "batch_size", "clip_skip": "clip_skip", "generator": "seed",
    "control_image": "the image of Pipeline ControlNet",
    "controlnet_conditioning_scale": "the strength of Pipeline ControlNet",
    "control_guidance_start": "start_percent of Pipeline ControlNet",
    "control_guidance_end": "end_percent of Pipeline ControlNet",
    "control_mode": "control_mode of Pipeline ControlNet", "guess_mode": "guess_mode of Pipeline ControlNet",
    "ip_adapter_image": "the image of Pipeline IP-Adapter",
    "ip_adapter_image_embeds": "the image of Pipeline IP-Adapter",
    "negative_ip_adapter_image": "the image of Pipeline IP-Adapter",
    "negative_ip_adapter_image_embeds": "the image of Pipeline IP-Adapter",
}  # fmt: skip
# The same for the node for videos.
VIDEO_INPUTS = {
    **{name: own for name, own in OWN_INPUTS.items() if own not in ("mask", "batch_size", "clip_skip")},
    "num_frames": "frames", "video_length": "frames", "video": "video", "last_image": "end_image",
    "frame_rate": "fps", "fps": "fps",
}  # fmt: skip
INTERNAL = ("latents", "output_type", "return_dict", "callback", "callback_steps", "callback_on_step_end")
INTERNAL_TOO = ("callback_on_step_end_tensor_inputs", "self", "args", "kwargs", "num_videos_per_prompt")


def accepted(pipe: Any) -> Mapping[str, Parameter]:
    return taken_by(type(pipe))


@lru_cache(maxsize=256)
def taken_by(kind: Any) -> Mapping[str, Parameter]:
    """The same of a class of pipelines."""
    return signature(kind.__call__).parameters


def open_arguments(pipe: Any, own: Mapping[str, str] = OWN_INPUTS) -> list[str]:
    """Those that JSON may set, as in the signature, for a message."""
    closed = {*own, *INTERNAL, *INTERNAL_TOO}
    return [_described(one) for name, one in accepted(pipe).items() if name not in closed]


def parsed(text: str, limit: int) -> dict[str, Any]:
    """From a JSON object of at most `limit` characters. Raises JsonError."""
    return read_object(text, limit, '{"eta": 0.5}')


def checked(pipe: Any, values: Mapping[str, Any], own: Mapping[str, str] = OWN_INPUTS) -> dict[str, Any]:
    """Raises ArgumentError for a name that the pipeline does not take, with those that it does.

    Args:
        own: what inputs of the node set, with their names.
    """
    taken, kind = accepted(pipe), type(pipe).__name__
    for name, value in values.items():
        if name in own:
            raise ArgumentError(f"{name} has an input of its own, {own[name]}. Set that and leave it out here.")
        if name not in taken or name in (*INTERNAL, *INTERNAL_TOO):
            raise ArgumentError(
                f"{kind} has no argument {name[:80]!r} to set. It takes: {', '.join(open_arguments(pipe, own))}."
            )
        if value == []:
            raise ArgumentError(f"The argument {name} is an empty list. Put values into it, or leave it out.")
    return dict(values)


def only(names: Iterable[str], values: Mapping[str, Any]) -> dict[str, Any]:
    wanted = set(names)
    return {name: value for name, value in values.items() if name in wanted}


def _described(parameter: Parameter) -> str:
    has_default = parameter.default is not Parameter.empty
    return f"{parameter.name}={parameter.default!r}" if has_default else parameter.name
