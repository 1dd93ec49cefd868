from typing import Any

from comfy_api.v0_0_2 import io

from ...lectern import host
from ...lectern.pipelines.pipeline import Pipeline
from ...lectern.pipelines.vae import decode_latents
from .common import CATEGORY, PipelineType


class LecternPipelineDecode(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternPipelineDecode",
            display_name="Pipeline Decode",
            category=CATEGORY,
            description="Turns a latent into pictures with a pipeline's VAE. Takes latents of KSampler and VAE Encode"
            " as well, when they are of the same kind of model.",
            search_aliases=["vae decode", "latent", "diffusers"],
            inputs=[
                PipelineType.Input("pipeline", tooltip="From a Pipeline Loader or another Pipeline node."),
                io.Latent.Input("latent", tooltip="A latent of the same kind of model, in ComfyUI's own scale."),
            ],
            outputs=[io.Image.Output(display_name="images", tooltip="One picture for each latent.")],
        )

    @classmethod
    def execute(cls, pipeline: Pipeline, latent: dict[str, Any]) -> io.NodeOutput:
        return io.NodeOutput(decode_latents(pipeline, latent["samples"], host.model_memory))
