from typing import Any

import torch
from comfy_api.v0_0_2 import io
from torch import Tensor

from ...lectern import host
from ...lectern.errors import LecternError
from ...lectern.pipelines.endpoint import Fetching, fetch, label_of
from ...lectern.pipelines.errors import DecoderError
from ...lectern.pipelines.packages import require
from ...lectern.pipelines.pipeline import Pipeline
from ...lectern.pipelines.remote import frames_of, questions
from ...lectern.pipelines.vae import decode_latents
from .common import CATEGORY, pipeline_input, settings

LOCAL = "local"


class LecternPipelineDecode(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternPipelineDecode",
            display_name="Pipeline Decode",
            category=CATEGORY,
            description="Turns a latent into pictures with a pipeline's VAE, here or at a remote decoder. Takes latents"
            " of KSampler and VAE Encode as well, when they are of the same kind of model.",
            search_aliases=["vae decode", "latent", "diffusers", "remote", "hybrid inference"],
            inputs=[
                pipeline_input(),
                io.Latent.Input("latent", tooltip="A latent of the same kind of model, in ComfyUI's own scale."),
                io.Combo.Input(
                    "decoder", options=decoder_names(), default=LOCAL, optional=True,
                    tooltip="Where it is decoded: local with the pipeline's own VAE, or at an endpoint that"
                    " lectern.toml names under decoders (hybrid inference), which must have a VAE of the same kind.",
                ),
            ],
            outputs=[
                io.Image.Output(display_name="images", tooltip="One picture for each latent; of a video all frames.")
            ],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, decoder: str | None = LOCAL) -> bool | str:
        return True  # named here, so that lectern.toml counts when it runs and not the widget's list

    @classmethod
    async def execute(cls, pipeline: Pipeline, latent: dict[str, Any], decoder: str = LOCAL) -> io.NodeOutput:
        if decoder == LOCAL:
            return io.NodeOutput(decode_latents(pipeline, latent["samples"], host.model_memory, host.check_cancel))
        return io.NodeOutput(await remotely(pipeline, latent["samples"], decoder))


def decoder_names() -> list[str]:
    """For the widget; with a mistake in lectern.toml the default, so that the editor still opens."""
    try:
        return [LOCAL, *(name for name in settings().decoders if name != LOCAL)]
    except LecternError:
        return [LOCAL]


async def remotely(pipeline: Pipeline, latents: Tensor, name: str) -> Tensor:
    """Raises DecoderError, SettingsError, ArgumentError."""
    require()
    known = settings().decoders
    if name not in known:
        there = ", ".join([LOCAL, *known])
        raise DecoderError(f"lectern.toml names no decoder {name[:64]!r}. Choose one of those that are there: {there}.")
    asked, shown = questions(pipeline, latents), Fetching()
    answers = await host.attended(fetch(name, known[name], asked, shown), shown)
    label = label_of(name, known[name])
    made = (frames_of(label, one, *answer) for one, answer in zip(asked, answers, strict=True))
    return torch.cat(list(made))
