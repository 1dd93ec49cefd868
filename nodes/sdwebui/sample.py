import json

from comfy_api.v0_0_2 import io
from torch import Tensor

from ...lectern import host
from ...lectern.images import checked
from ...lectern.sdwebui.draft import Draft
from ...lectern.sdwebui.options import apply_options
from ...lectern.sdwebui.progress import Watch
from ...lectern.sdwebui.sampling import sample
from .common import (
    CATEGORY,
    SERVERS_CHOICE,
    Options,
    OptionsType,
    ServerType,
    Target,
    bounds,
    chosen,
    notes,
    settings,
    webui,
)


class LecternWebUISample(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternWebUISample",
            display_name="WebUI Sample",
            category=CATEGORY,
            description="Generates pictures on a WebUI server as if it were this machine, with progress, preview and"
            " Cancel. A linked image makes it img2img, a mask as well makes it inpainting.",
            search_aliases=["txt2img", "img2img", "inpaint", "ksampler", "generate", "automatic1111", "forge"],
            inputs=[
                ServerType.Input("server", tooltip="From a WebUI Server node."),
                io.String.Input("prompt", default="", multiline=True, tooltip="What the picture shows."),
                io.String.Input("negative_prompt", default="", multiline=True, tooltip="What it must not show."),
                io.Int.Input(
                    "seed", default=0, min=0, max=0xFFFFFFFFFFFFFFFF, control_after_generate=True,
                    tooltip="The first picture's seed; the next ones count on from it.",
                ),
                io.Int.Input("steps", default=20, min=1, max=10000, tooltip="Sampling steps."),
                io.Float.Input(
                    "cfg", default=7.0, min=0.0, max=100.0, step=0.1,
                    tooltip="How closely the prompt is followed. Flux and other distilled models want 1.",
                ),
                io.Combo.Input(
                    "sampler", options=[SERVERS_CHOICE], default=SERVERS_CHOICE,
                    extra_dict={"lectern_list": "samplers"}, tooltip="The list comes from the server.",
                ),
                io.Combo.Input(
                    "scheduler", options=[SERVERS_CHOICE], default=SERVERS_CHOICE,
                    extra_dict={"lectern_list": "schedulers"}, tooltip="The list comes from the server.",
                ),
                io.Int.Input(
                    "width", default=1024, min=0, max=16384, step=8,
                    tooltip="Width in pixels. 0 takes the linked image's.",
                ),
                io.Int.Input(
                    "height", default=1024, min=0, max=16384, step=8,
                    tooltip="Height in pixels. 0 takes the linked image's.",
                ),
                io.Int.Input(
                    "batch_size", default=1, min=1, max=256,
                    tooltip="Pictures made at once; more need more memory on the server.",
                ),
                io.Int.Input("n_iter", default=1, min=1, max=1000, tooltip="How many such batches, one after another."),
                io.Float.Input(
                    "denoise", default=0.75, min=0.0, max=1.0, step=0.01,
                    tooltip="With a linked image: how much of it changes, from 0 nothing to 1 everything.",
                ),
                io.Image.Input(
                    "image", optional=True,
                    tooltip="Pictures to start from (img2img). Of a batch each is the start of batch_size x n_iter new"
                    " ones.",
                ),
                io.Mask.Input(
                    "mask", optional=True, tooltip="Where the image is painted anew (inpainting), white in the mask."
                ),
                OptionsType.Input("options", optional=True, tooltip="From the WebUI option nodes, chained."),
                io.Combo.Input(
                    "style", options=[SERVERS_CHOICE], default=SERVERS_CHOICE, optional=True, advanced=True,
                    extra_dict={"lectern_list": "styles"},
                    tooltip="One of the server's saved styles, added to the prompts there.",
                ),
                io.Float.Input(
                    "distilled_cfg", default=0.0, min=0.0, max=100.0, step=0.1, optional=True, advanced=True,
                    tooltip="For Flux on Forge: its distilled guidance, with a cfg of 1. 0: the server's choice.",
                ),
            ],
            outputs=[
                io.Image.Output(display_name="images", tooltip="The generated pictures, in the order of their seeds."),
                io.Image.Output(
                    display_name="extras", is_output_list=True,
                    tooltip="Grids, control maps and pictures of another size, as a list.",
                ),
                io.String.Output(
                    display_name="infotexts", is_output_list=True,
                    tooltip="How each picture was made, in A1111's words. Save Slides can keep it in the files.",
                ),
                io.String.Output(display_name="info", tooltip="Everything the server said, as JSON."),
                io.Int.Output(display_name="seeds", is_output_list=True, tooltip="Each picture's seed."),
            ],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, sampler: str | None, scheduler: str | None, style: str | None = None) -> bool | str:
        return True  # named here, so that ComfyUI leaves it to the server which names exist

    @classmethod
    async def execute(
        cls,
        server: Target,
        prompt: str,
        negative_prompt: str,
        seed: int,
        steps: int,
        cfg: float,
        sampler: str,
        scheduler: str,
        width: int,
        height: int,
        batch_size: int,
        n_iter: int,
        denoise: float,
        image: Tensor | None = None,
        mask: Tensor | None = None,
        options: Options | None = None,
        style: str = SERVERS_CHOICE,
        distilled_cfg: float = 0.0,
    ) -> io.NodeOutput:
        limit = settings().limits.side
        fields = {
            "prompt": prompt,
            "negative_prompt": negative_prompt,
            "seed": seed,
            "steps": steps,
            "cfg_scale": cfg,
            "sampler_name": chosen(sampler) or None,
            "scheduler": chosen(scheduler) or None,
            "width": width,
            "height": height,
            "batch_size": batch_size,
            "n_iter": n_iter,
            "denoising_strength": None if image is None else denoise,
            "styles": [chosen(style)] if chosen(style) else None,
            "distilled_cfg_scale": distilled_cfg or None,
            "override_settings": {"sd_model_checkpoint": server.checkpoint} if server.checkpoint else None,
        }
        start = Draft(image=None if image is None else checked(image, limit), mask=mask).with_fields(fields)
        watch = Watch()
        made = await host.attended(
            sample(webui, server.server, apply_options(start, options or ()), bounds(), watch), watch
        )
        return io.NodeOutput(
            made.images,
            made.extras or [host.nothing()],
            made.infotexts,
            json.dumps(made.info, ensure_ascii=False),
            made.seeds,
            ui=notes(made.warnings),
        )
