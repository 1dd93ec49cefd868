from pathlib import Path

from comfy_api.v0_0_2 import io
from torch import Tensor

from ...lectern import host
from ...lectern.images import checked
from ...lectern.pipelines.adapterfiles import adapter_path, find_adapters
from ...lectern.pipelines.adapterloading import AUTO
from ...lectern.pipelines.errors import IPAdapterError
from ...lectern.pipelines.ipadapters import Adapter, checked_scale
from ...lectern.pipelines.pipeline import Pipeline
from ...lectern.pipelines.shelf import place
from ...lectern.pipelines.visions import find_encoders
from .common import CATEGORY, PipelineType, adapters, pipeline_input, settings


def encoders() -> dict[str, Path]:
    folders = [*host.directories_of("ipadapter"), *host.directories_of("diffusers")]
    return find_encoders(host.directories_of("clip_vision"), folders)


class LecternPipelineIPAdapter(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternPipelineIPAdapter",
            display_name="Pipeline IP-Adapter",
            category=CATEGORY,
            description="Lets a pipeline take its subject or style from pictures, as if they were a part of the"
            " prompt. Several in a row work together. The linked pipeline stays as it is.",
            search_aliases=["ipadapter", "image prompt", "style transfer", "reference", "diffusers"],
            inputs=[
                pipeline_input(),
                io.Combo.Input(
                    "ip_adapter", options=list(find_adapters(host.directories_of("ipadapter"))),
                    tooltip="A .safetensors file in models/ipadapter: plain, plus or full-face, for Stable Diffusion,"
                    " SDXL or Flux. FaceID adapters are not read.",
                ),
                io.Combo.Input(
                    "image_encoder", options=[AUTO, *encoders()], default=AUTO,
                    tooltip="What reads the pictures: a CLIP vision model in models/clip_vision, models/ipadapter or"
                    " models/diffusers. auto takes the nearest one that fits.",
                ),
                io.Image.Input(
                    "image", tooltip="What the subject or style is taken from. All pictures of a batch count together."
                ),
                io.Float.Input(
                    "scale", default=0.6, min=0.0, max=2.0, step=0.01,
                    tooltip="How much the pictures count beside the prompt.",
                ),
                io.String.Input(
                    "layer_scales", default="", advanced=True,
                    tooltip='A scale for each layer instead, as JSON: {"up": {"block_0": [0.0, 1.0, 0.0]}} takes the'
                    " style alone (SDXL). Layers that are left out have 0. For Flux a list, one number a layer.",
                ),
                io.Mask.Input("mask", optional=True, tooltip="Where the pictures count, white in the mask."),
            ],
            outputs=[PipelineType.Output(display_name="pipeline", tooltip="The pipeline with that IP-Adapter.")],
        )  # fmt: skip

    @classmethod
    def fingerprint_inputs(cls, ip_adapter: str | None, image_encoder: str | None, **_: object) -> str:
        """Another one when a file has changed."""
        try:
            file = adapter_path(ip_adapter or "", host.directories_of("ipadapter"))
            chosen = encoders().get(image_encoder or "")
            return str(hash((place(file), place(chosen) if chosen else None)))
        except (IPAdapterError, OSError):
            return ""

    @classmethod
    def execute(
        cls,
        pipeline: Pipeline,
        ip_adapter: str,
        image_encoder: str,
        image: Tensor,
        scale: float,
        layer_scales: str,
        mask: Tensor | None = None,
    ) -> io.NodeOutput:
        pictures = checked(image, settings().limits.side)
        file = adapter_path(ip_adapter, host.directories_of("ipadapter"))
        layers, encoder = adapters.load(file, image_encoder, encoders(), pipeline.loaded)
        made = Adapter(layers, encoder, pictures, checked_scale(scale, layer_scales), mask)
        return io.NodeOutput(pipeline.with_adapter(made))
