"""The class of pipeline that a video's task needs, made from the components of the loaded one."""

import copy
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from .arguments import accepted, taken_by
from .errors import ArgumentError
from .films import films
from .pipeline import Pipeline
from .schedulers import fresh


def video_pipe(pipeline: Pipeline, image: bool, video: bool) -> Any:
    """A pipeline object for this run alone: shared weights, a scheduler of its own.

    Args:
        image, video: what is linked.

    Raises:
        ArgumentError: the pipeline makes no videos, or not from this.
    """
    if not films(pipeline.loaded):
        raise ArgumentError(f"{pipeline.kind} makes pictures. Link it to the node Pipeline Sample instead.")
    if image and video:
        raise ArgumentError("An image and a video are linked. Unlink one: a video starts from either.")
    kind, remedy = _class_for(pipeline, image, video)
    pipe = copy.copy(pipeline.loaded) if kind is type(pipeline.loaded) else _remade(pipeline, kind, remedy)
    pipe.register_modules(scheduler=fresh(pipeline.own_scheduler()))
    return _checked_channels(pipe, image)


def _class_for(pipeline: Pipeline, image: bool, video: bool) -> tuple[type, str]:
    """The loaded class where it takes what is linked, else the one that diffusers has for it; what else to do."""
    auto: Any = import_module("diffusers.pipelines.auto_pipeline")
    own, taken = type(pipeline.loaded), accepted(pipeline.loaded)
    if image:
        name, mapping, suits = "image", auto.AUTO_IMAGE2VIDEO_PIPELINES_MAPPING, "image" in taken
    elif video:
        name, mapping, suits = "video", auto.AUTO_VIDEO2VIDEO_PIPELINES_MAPPING, "video" in taken
    else:
        start = next((name for name in ("image", "video") if name in taken and _needs(own, name)), "")
        name, mapping, suits = f"text without {start}", auto.AUTO_TEXT2VIDEO_PIPELINES_MAPPING, not start
        if start:
            return _found(pipeline, name, _sibling(own, mapping), f"Link one as {start}, or load another pipeline.")
    found = own if suits else _sibling(own, mapping)
    return _found(pipeline, name, found, f"Unlink {name}, or load another pipeline.")


def _found(pipeline: Pipeline, name: str, kind: type | None, remedy: str) -> tuple[type, str]:
    if kind is None:
        raise ArgumentError(f"diffusers makes no video from {name} with {pipeline.kind}. {remedy}")
    return kind, remedy


def _needs(kind: type, name: str) -> bool:
    """Whether the class is there for videos from such a start, even where its call could do without."""
    auto: Any = import_module("diffusers.pipelines.auto_pipeline")
    mappings = {"image": auto.AUTO_IMAGE2VIDEO_PIPELINES_MAPPING, "video": auto.AUTO_VIDEO2VIDEO_PIPELINES_MAPPING}
    parameter = taken_by(kind)[name]
    return parameter.default is parameter.empty or kind in mappings[name].values() or "ImageToVideo" in kind.__name__


def _sibling(kind: type, mapping: Mapping[str, type]) -> type | None:
    """The class of the same model in diffusers' table for a task; Wan's two are filed as wan and wan-i2v."""
    auto: Any = import_module("diffusers.pipelines.auto_pipeline")
    models = {_model(name) for table in auto.SUPPORTED_TASKS_MAPPINGS for name, one in table.items() if one is kind}
    return next((one for name, one in mapping.items() if _model(name) in models), None)


def _model(name: str) -> str:
    return name.removesuffix("-i2v")


def _remade(pipeline: Pipeline, kind: Any, remedy: str) -> Any:
    """Raises ArgumentError where that class lacks a component or a setting that the loaded pipeline works with."""
    import torch

    there = pipeline.loaded.components
    components, settings = kind._get_signature_keys(kind)
    _, own_settings = pipeline.loaded._get_signature_keys(type(pipeline.loaded))
    kept = {name: pipeline.loaded.config.get(name) for name in own_settings}
    lost = [name for name, part in there.items() if isinstance(part, torch.nn.Module) and name not in components]
    lost += [name for name, value in kept.items() if value and name not in settings]
    missing = [name for name in components if there.get(name) is None and name not in kind._optional_components]
    if lost or missing:
        what = f"cannot work with its {', '.join(lost)}" if lost else f"needs {', '.join(missing)}, which it lacks"
        raise ArgumentError(f"diffusers would run {pipeline.kind} as {kind.__name__} for this, which {what}. {remedy}")
    given = {name: there[name] for name in components if there.get(name) is not None}
    return kind(**given, **{name: value for name, value in kept.items() if name in settings})


def _checked_channels(pipe: Any, image: bool) -> Any:
    """Wan's denoisers for a video from an image take the image as further channels; its classes do not look."""
    config = getattr(getattr(pipe, "transformer", None), "config", {})
    if not type(pipe).__name__.startswith("Wan") or pipe.config.get("expand_timesteps"):
        return pipe
    beside = config.get("in_channels", 0) > config.get("out_channels", 0)
    if beside == image or type(pipe).__name__ not in ("WanPipeline", "WanImageToVideoPipeline"):
        return pipe
    if image:
        raise ArgumentError(
            "This Wan model was trained for text alone. Unlink image, or load its image-to-video model."
        )
    raise ArgumentError("This Wan model makes a video from an image. Link one as image, or load its text model.")
