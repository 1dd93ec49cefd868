"""The workflows behind the names of image backends, made of our own nodes: from text, from a picture, within a mask."""

from enum import IntEnum
from functools import lru_cache
from typing import Any

from ..graph import Graph
from ..picks import OutputPick, Pick, Picked, PickOptions
from ..publishing.versions import App
from .names import Backend, slug_of


class Form(IntEnum):
    """What a picture is made from; the version of a backend's app."""

    TEXT = 1
    IMAGE = 2
    MASK = 3


CHOICE = "server's choice"
SIDE = 1024  # pixels, where nobody says a size and the backend has none of its own
LOADED, MADE, SAVED = "2", "4", "5"  # ids of nodes
SOURCE = "1"

_WEBUI_INPUTS = (
    "prompt", "negative_prompt", "seed", "steps", "cfg", "sampler", "scheduler", "width", "height", "batch_size",
)  # fmt: skip
_DIFFUSERS_INPUTS = (
    "prompt", "negative_prompt", "seed", "steps", "guidance_scale", "width", "height", "batch_size",
)  # fmt: skip


@lru_cache(maxsize=512)
def backend_app(backend: Backend, name: str, form: Form) -> App:
    """The same object for the same arguments, so that what is derived from it is derived once.

    Args:
        name: of the server, or of the pipeline.
    """
    graph = _webui(name, form) if backend is Backend.SDWEBUI else _diffusers(name, form)
    return App(
        slug=slug_of(backend, name),
        title=name,
        description=_DESCRIPTIONS[backend],
        version=int(form),
        workflow=None,
        graph=graph,
        picked=_picked(backend, form),
        source="backend",
        active=int(Form.TEXT),
        versions=tuple(map(int, Form)),
        bundled=True,
    )


_DESCRIPTIONS = {
    Backend.SDWEBUI: "A WebUI server of lectern.toml. Version 1 starts from text, 2 from a picture, 3 repaints a part.",
    Backend.DIFFUSERS: "A diffusers pipeline. Version 1 starts from text, 2 from a picture, 3 repaints a part.",
}


def _picked(backend: Backend, form: Form) -> Picked:
    webui = backend is Backend.SDWEBUI
    names = [*(_WEBUI_INPUTS if webui else _DIFFUSERS_INPUTS), *(() if form is Form.TEXT else ("denoise",))]
    picks = [Pick(MADE, name, name, PickOptions(required=name == "prompt")) for name in names]
    if webui:
        picks.append(Pick(LOADED, "checkpoint", "checkpoint"))
    if form is not Form.TEXT:
        picks.append(Pick(SOURCE, "image", "image", PickOptions(required=True)))
    return Picked(tuple(picks), (OutputPick(SAVED, "images", "Images"),))


def _webui(server: str, form: Form) -> Graph:
    side = SIDE if form is Form.TEXT else 0  # 0: the picture's own
    sample = {
        "server": [LOADED, 0], "prompt": "", "negative_prompt": "", "seed": 0, "steps": 20, "cfg": 7.0,
        "sampler": CHOICE, "scheduler": CHOICE, "width": side, "height": side, "batch_size": 1, "n_iter": 1,
        "denoise": 0.75, **_sources(form),
    }  # fmt: skip
    save = {
        "images": [MADE, 0], "infotext": [MADE, 2], "format": "PNG", "quality": 90, "target_kb": 0, "titles": "",
        "filename": "{prefix}_{counter}_", "filename_prefix": "lectern/sdwebui", "workflow": False, "dpi": 0,
    }  # fmt: skip
    return {
        **_source_nodes(form),
        LOADED: _node("LecternWebUIServer", {"server": server, "checkpoint": CHOICE}),
        MADE: _node("LecternWebUISample", sample),
        SAVED: _node("LecternSaveSlides", save),
    }


def _diffusers(pipeline: str, form: Form) -> Graph:
    load = {"pipeline": pipeline, "variant": "", "dtype": "auto", "base": "none", "quantization": "none"}
    sample = {
        "pipeline": [LOADED, 0], "prompt": "", "negative_prompt": "", "seed": 0, "steps": 20, "guidance_scale": -1.0,
        "width": 0, "height": 0, "batch_size": 1, "denoise": 0.75, "clip_skip": 0, "arguments": "", **_sources(form),
    }  # fmt: skip
    return {
        **_source_nodes(form),
        LOADED: _node("LecternPipelineLoader", load),
        MADE: _node("LecternPipelineSample", sample),
        SAVED: _node("SaveImage", {"images": [MADE, 0], "filename_prefix": "lectern/diffusers"}),
    }


def _source_nodes(form: Form) -> dict[str, Any]:
    return {} if form is Form.TEXT else {SOURCE: _node("LoadImage", {"image": ""})}


def _sources(form: Form) -> dict[str, Any]:
    image = {} if form is Form.TEXT else {"image": [SOURCE, 0]}
    return image | ({"mask": [SOURCE, 1]} if form is Form.MASK else {})


def _node(class_type: str, inputs: dict[str, Any]) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs, "_meta": {"title": class_type}}
