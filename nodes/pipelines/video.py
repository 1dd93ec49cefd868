from fractions import Fraction

from comfy_api.v0_0_2 import InputImpl, Types, io
from torch import Tensor

from ...lectern import host
from ...lectern.images import checked
from ...lectern.pipelines.arguments import parsed
from ...lectern.pipelines.pipeline import Pipeline
from ...lectern.pipelines.sampling import OWN
from ...lectern.pipelines.video import VideoRequest, film
from .common import CATEGORY, negative_prompt_input, notes, pipeline_input, seed_input, settings, steps_input


class LecternPipelineVideo(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternPipelineVideo",
            display_name="Pipeline Video",
            category=CATEGORY,
            description="Makes a video with a diffusers pipeline such as Wan: from text, from a linked first frame (and"
            " a last one), or from another video. Starts from the same noise as KSampler.",
            search_aliases=["t2v", "i2v", "v2v", "wan", "ltx", "text to video", "image to video", "diffusers"],
            inputs=[
                pipeline_input(),
                io.String.Input("prompt", default="", multiline=True, tooltip="What happens in the video."),
                negative_prompt_input(),
                seed_input(),
                steps_input(),
                io.Float.Input(
                    "guidance_scale", default=OWN, min=OWN, max=100.0, step=0.1,
                    tooltip="How closely the prompt is followed (cfg). -1 takes the pipeline's own default.",
                ),
                io.Int.Input(
                    "width", default=0, min=0, max=16384, step=8,
                    tooltip="Width in pixels. 0 takes the pipeline's own; with an image or a video linked, its shape in"
                    " as many pixels.",
                ),
                io.Int.Input(
                    "height", default=0, min=0, max=16384, step=8,
                    tooltip="Height in pixels. 0 takes the pipeline's own; with an image or a video linked, its shape"
                    " in as many pixels.",
                ),
                io.Int.Input(
                    "frames", default=0, min=0, max=10000,
                    tooltip="How many frames (num_frames in diffusers), for Wan one more than a multiple of 4. 0 takes"
                    " those of the linked video, or the pipeline's own number.",
                ),
                io.Float.Input(
                    "fps", default=16.0, min=1.0, max=240.0, step=1.0,
                    tooltip="Frames a second of the video. Pipelines that ask for it, such as LTX, get it as well.",
                ),
                io.Float.Input(
                    "denoise", default=0.75, min=0.0, max=1.0, step=0.01,
                    tooltip="With a linked video: how much of it changes (strength in diffusers), up to 1 everything.",
                ),
                io.String.Input(
                    "arguments", default="", multiline=True, advanced=True,
                    tooltip='Further arguments of the pipeline\'s call, as a JSON object such as {"guidance_scale_2":'
                    " 3}. A name that it does not take is refused with the list of those that it does.",
                ),
                io.Image.Input(
                    "image", optional=True,
                    tooltip="The first frame (image-to-video), for pipelines that take one. Of a batch the first.",
                ),
                io.Image.Input(
                    "end_image", optional=True,
                    tooltip="The last frame, for pipelines that take one (last_image in diffusers).",
                ),
                io.Image.Input(
                    "video", optional=True,
                    tooltip="Frames to start from (video-to-video), for pipelines that diffusers can do it with.",
                ),
            ],
            outputs=[
                io.Image.Output(display_name="images", tooltip="The frames in order."),
                io.Video.Output(display_name="video", tooltip="The same as a video, for Save Video."),
                io.Latent.Output(
                    display_name="latent",
                    tooltip="The same before the VAE, in ComfyUI's own scale, for core nodes. Only of Wan and pipelines"
                    " like it; what is linked here does not run for others.",
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
        frames: int,
        fps: float,
        denoise: float,
        arguments: str,
        image: Tensor | None = None,
        end_image: Tensor | None = None,
        video: Tensor | None = None,
    ) -> io.NodeOutput:
        limits = settings().limits
        request = VideoRequest(
            prompt,
            negative_prompt,
            seed,
            steps,
            guidance_scale,
            width,
            height,
            frames,
            fps,
            denoise,
            *(None if one is None else checked(one, limits.side) for one in (image, end_image, video)),
            arguments=parsed(arguments, limits.text),
        )
        made = film(pipeline, request, host.model_memory, host.noise, host.SamplingWatch())
        moving = InputImpl.VideoFromComponents(Types.VideoComponents(images=made.images, frame_rate=Fraction(fps)))
        latent = host.nothing() if made.latents is None else {"samples": made.latents}
        return io.NodeOutput(made.images, moving, latent, ui=notes(made.notes))
