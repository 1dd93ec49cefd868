"""What ControlNets add to one run: the pipeline class that takes them, and their part of the call."""

from collections.abc import Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any, NamedTuple

from torch import Tensor

from .arguments import accepted
from .controlfamilies import UNION
from .errors import ArgumentError, ControlNetError
from .memory import Weights
from .sizes import Size, repeated, resized_images

NO_MODE = -1
# How the classes of a task end, the longest first; "ControlNet" goes before that.
TASKS = ("Img2ImgPipeline", "InpaintPipeline", "Pipeline")


@dataclass(frozen=True, eq=False)
class Control:
    weights: Weights
    image: Tensor  # (B, H, W, 3 or 4): one for all pictures, or one for each
    strength: float = 1.0
    start: float = 0.0  # part of the steps, 0 to 1
    end: float = 1.0
    guess_mode: bool = False
    mode: int = NO_MODE  # which kind of picture it is, for a union model

    @property
    def net(self) -> Any:
        return self.weights.module


class Pictures(NamedTuple):
    """How many a run makes."""

    made: int
    each: int  # for each picture of the linked image's batch


def checked_control(control: Control) -> Control:
    """Raises ControlNetError."""
    if control.start >= control.end:
        raise ControlNetError(
            f"A ControlNet that starts at {control.start:g} and ends at {control.end:g} of the steps has no effect."
            " Set end_percent above start_percent."
        )
    modes = control.net.config.get("num_control_type") if _is_union(control) else control.net.config.get("num_mode")
    if _is_union(control) and control.mode == NO_MODE:
        raise ControlNetError(f"A union model needs control_mode: which of its {modes} kinds of picture is linked.")
    if modes and control.mode >= modes:
        raise ControlNetError(
            f"This ControlNet knows {modes} kinds of picture, got control_mode {control.mode}. Set it to 0 to"
            f" {modes - 1}."
        )
    return control


def controlled(pipe: Any, controls: Sequence[Control]) -> Any:
    """The pipeline for the same task that takes ControlNets, of the same components. Raises ControlNetError."""
    unions = {_is_union(one) for one in controls}
    if len(unions) > 1:
        raise ControlNetError("A union model cannot be chained with a ControlNet of another class. Use one kind alone.")
    made = _class(type(pipe).__name__, unions == {True})
    taken = signature(made.__init__).parameters
    options = {name: value for name, value in pipe.config.items() if name in taken and not name.startswith("_")}
    nets = [one.net for one in controls]
    # Neither from_pipe: that of diffusers casts the shared weights to float32, AutoPipeline's knows no union models.
    parts = {name: one for name, one in pipe.components.items() if name in taken}
    return made(**{**options, **parts, "controlnet": nets[0] if len(nets) == 1 else nets})


def _class(name: str, union: bool) -> Any:
    import diffusers

    ending = next(one for one in TASKS if name.endswith(one))
    start, middle = name.removesuffix(ending), "ControlNetUnion" if union else "ControlNet"
    if found := getattr(diffusers, f"{start}{middle}{ending}", None):
        return found
    raise ControlNetError(
        f"diffusers has no {name} with a ControlNet of this kind. Unlink what makes it that task (image or mask), or"
        " leave the ControlNet out."
    )


def own_defaults(plain: Any, pipe: Any) -> dict[str, Any]:
    """Numbers that the pipeline without ControlNets starts from; the classes for them have others (Flux's guidance)."""
    before, now = accepted(plain), accepted(pipe)
    numbers = {name: one.default for name, one in before.items() if isinstance(one.default, int | float)}
    return {name: value for name, value in numbers.items() if name in now and now[name].default != value}


def control_arguments(pipe: Any, controls: Sequence[Control], size: Size, pictures: Pictures) -> dict[str, Any]:
    """Raises ArgumentError: not one control picture for all pictures, nor one for each; an option it does not have."""
    taken, many = accepted(pipe), len(controls) > 1
    name = "control_image" if "control_image" in taken else "image"
    images = [_spread(one.image, size, pictures) for one in controls]
    values: dict[str, list[Any]] = {
        name: images,
        "controlnet_conditioning_scale": [float(one.strength) for one in controls],
        "control_guidance_start": [one.start for one in controls],
        "control_guidance_end": [one.end for one in controls],
    }
    call = {key: value if many else value[0] for key, value in values.items()}
    return call | _modes(pipe, controls, call[name]) | _guess(pipe, controls)


def _modes(pipe: Any, controls: Sequence[Control], images: Any) -> dict[str, Any]:
    modes = [one.mode for one in controls]
    if _is_union(controls[0]):  # one takes several pictures; here it is given one
        return {"control_mode": modes, "control_image": images if len(controls) > 1 else [images]}
    if all(one == NO_MODE for one in modes):
        return {}
    if "control_mode" not in accepted(pipe):
        raise ArgumentError(f"{type(pipe).__name__} has no control_mode. Set control_mode to {NO_MODE}.")
    chosen = [None if one == NO_MODE else one for one in modes]
    return {"control_mode": chosen if len(chosen) > 1 else chosen[0]}


def _guess(pipe: Any, controls: Sequence[Control]) -> dict[str, Any]:
    if not any(one.guess_mode for one in controls):
        return {}
    if "guess_mode" not in accepted(pipe):
        raise ArgumentError(f"{type(pipe).__name__} has no guess_mode. Switch guess_mode off.")
    return {"guess_mode": True}


def _spread(images: Tensor, size: Size, pictures: Pictures) -> Tensor:
    """-> (1 or count, 3, height, width)"""
    made = resized_images(images, size).movedim(-1, 1)
    if len(made) in (1, pictures.made):
        return made
    if len(made) * pictures.each == pictures.made:
        return repeated(made, pictures.each)
    raise ArgumentError(
        f"There are {len(made)} control pictures for {pictures.made} pictures. Link one, or one for each."
    )


def one_prompt_each(call: dict[str, Any], count: int) -> dict[str, Any]:
    """Pipelines take several control pictures only with as many prompts."""
    texts = [name for name in call if "prompt" in name and isinstance(call[name], str)]
    return call | {name: [call[name]] * count for name in texts} | {"num_images_per_prompt": 1}


def several(controls: Sequence[Control]) -> bool:
    return any(len(one.image) > 1 for one in controls)


def _is_union(control: Control) -> bool:
    return type(control.net).__name__ == UNION


class ModeVae:
    """A VAE that draws nothing when it encodes: some pipelines draw for the control picture, from the numbers that
    are the noise, or from nobody's seed. Stands before the pipeline's own for one run.

    It answers in the denoiser's precision, `dtype`: a VAE that overflows in fp16 is kept in fp32 beside an fp16 one.
    """

    def __init__(self, vae: Any, dtype: Any) -> None:
        self._vae = vae
        self._dtype = dtype

    def __getattr__(self, name: str) -> Any:
        return getattr(self._vae, name)

    def encode(self, pixels: Any) -> Any:
        encoded = self._vae.encode(pixels)
        encoded.latent_dist = Mode(encoded.latent_dist, self._dtype)
        return encoded


class Mode:
    def __init__(self, distribution: Any, dtype: Any) -> None:
        self._distribution = distribution
        self._dtype = dtype

    def sample(self, generator: Any = None) -> Tensor:
        return self._distribution.mode().to(self._dtype)

    mode = sample
