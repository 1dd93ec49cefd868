from comfy_api.v0_0_2 import io
from torch import Tensor

from ...lectern import host
from ...lectern.images import checked
from ...lectern.pipelines.arguments import parsed
from ...lectern.pipelines.pipeline import Pipeline
from ...lectern.pipelines.sampling import OWN, Request, sample
from .common import CATEGORY, negative_prompt_input, notes, pipeline_input, seed_input, settings, steps_input


class LecternPipelineSample(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternPipelineSample",
            display_name="Pipeline Sample",
            category=CATEGORY,
            description="Generates pictures with a diffusers pipeline: from text, from a linked image"
            " (image-to-image), or where a linked mask is white (inpainting). Starts from the same noise as KSampler.",
            search_aliases=["txt2img", "img2img", "inpaint", "ksampler", "generate", "diffusers", "t2i", "i2i"],
            inputs=[
                pipeline_input(),
                io.String.Input("prompt", default="", multiline=True, tooltip="What the picture shows."),
                negative_prompt_input(),
                seed_input(),
                steps_input(),
                io.Float.Input(
                    "guidance_scale", default=OWN, min=OWN, max=100.0, step=0.1,
                    tooltip="How closely the prompt is followed (cfg; for Flux its distilled guidance, for Qwen-Image"
                    " true_cfg_scale). -1 takes the pipeline's own default.",
                ),
                io.Int.Input(
                    "width", default=0, min=0, max=16384, step=8,
                    tooltip="Width in pixels. 0 takes the linked image's, or without one the pipeline's own.",
                ),
                io.Int.Input(
                    "height", default=0, min=0, max=16384, step=8,
                    tooltip="Height in pixels. 0 takes the linked image's, or without one the pipeline's own.",
                ),
                io.Int.Input(
                    "batch_size", default=1, min=1, max=256,
                    tooltip="Pictures made at once; with a linked image, for each picture of its batch.",
                ),
                io.Float.Input(
                    "denoise", default=0.75, min=0.0, max=1.0, step=0.01,
                    tooltip="With a linked image: how much of it changes (strength in diffusers), up to 1 everything.",
                ),
                io.Int.Input(
                    "clip_skip", default=0, min=0, max=24, advanced=True,
                    tooltip="How many last layers of the CLIP text encoder are left out, as diffusers counts: 1 is what"
                    " A1111 calls Clip skip 2.",
                ),
                io.String.Input(
                    "arguments", default="", multiline=True, advanced=True,
                    tooltip='Further arguments of the pipeline\'s call, as a JSON object such as {"eta": 0.5}. A name'
                    " that it does not take is refused with the list of those that it does.",
                ),
                io.Image.Input("image", optional=True, tooltip="Pictures to start from (image-to-image)."),
                io.Mask.Input(
                    "mask", optional=True, tooltip="Where the image is painted anew (inpainting), white in the mask."
                ),
            ],
            outputs=[
                io.Image.Output(display_name="images", tooltip="The generated pictures."),
                io.Latent.Output(
                    display_name="latent", tooltip="The same before the VAE, in ComfyUI's own scale, for core nodes."
                ),
            ],
        )  # fmt: skip

    @classmethod
    def execute(
        cls,
        pipeline: Pipeline,
        prompt: str,
        negative_prompt: str,
        seed: int,
        steps: int,
        guidance_scale: float,
        width: int,
        height: int,
        batch_size: int,
        denoise: float,
        clip_skip: int,
        arguments: str,
        image: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> io.NodeOutput:
        request = Request(
            prompt,
            negative_prompt,
            seed,
            steps,
            guidance_scale,
            width,
            height,
            batch_size,
            denoise,
            clip_skip,
            None if image is None else checked(image, settings().limits.side),
            mask,
            parsed(arguments, settings().limits.text),
        )
        made = sample(pipeline, request, host.model_memory, host.noise, host.SamplingWatch())
        return io.NodeOutput(made.images, {"samples": made.latents}, ui=notes(made.notes))
