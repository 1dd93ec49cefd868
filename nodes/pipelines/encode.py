from comfy_api.v0_0_2 import io
from torch import Tensor

from ...lectern import host
from ...lectern.images import checked
from ...lectern.pipelines.pipeline import Pipeline
from ...lectern.pipelines.vae import encode_images
from .common import CATEGORY, pipeline_input, settings


class LecternPipelineEncode(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternPipelineEncode",
            display_name="Pipeline Encode",
            category=CATEGORY,
            description="Turns pictures into a latent with a pipeline's VAE, in ComfyUI's own scale: KSampler and VAE"
            " Decode go on with it when they use the same kind of model.",
            search_aliases=["vae encode", "latent", "diffusers"],
            inputs=[
                pipeline_input(),
                io.Image.Input("image", tooltip="Pictures whose sides are multiples of 8 pixels; alpha is left out."),
            ],
            outputs=[
                io.Latent.Output(
                    display_name="latent",
                    tooltip="One latent for each picture; with a pipeline for videos one for all frames.",
                )
            ],
        )

    @classmethod
    def execute(cls, pipeline: Pipeline, image: Tensor) -> io.NodeOutput:
        images = checked(image, settings().limits.side)
        return io.NodeOutput({"samples": encode_images(pipeline, images, host.model_memory, host.check_cancel)})
