from comfy_api.v0_0_2 import io

from ...lectern.sdwebui.options import Hires
from .common import CATEGORY, SERVERS_CHOICE, Options, OptionsType, chained, chosen, names, options_input


class LecternWebUIHires(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternWebUIHires",
            display_name="WebUI Hires",
            category=CATEGORY,
            description="Adds hires fix to txt2img: the picture is scaled up and sampled a second time.",
            search_aliases=["hires fix", "highres", "upscale", "second pass"],
            inputs=[
                io.Combo.Input(
                    "upscaler", options=[SERVERS_CHOICE], default=SERVERS_CHOICE,
                    extra_dict={"lectern_list": "hires_upscalers"},
                    tooltip="What scales the picture. The list comes from the server.",
                ),
                io.Float.Input(
                    "scale", default=2.0, min=1.0, max=8.0, step=0.05,
                    tooltip="How many times as large. Not used when a size is given below.",
                ),
                io.Float.Input(
                    "denoise", default=0.5, min=0.0, max=1.0, step=0.01,
                    tooltip="How much the second pass changes, from 0 nothing to 1 everything.",
                ),
                io.Int.Input(
                    "steps", default=0, min=0, max=10000, tooltip="Steps of the second pass. 0: as in the first."
                ),
                io.Int.Input(
                    "width", default=0, min=0, max=16384, step=8,
                    tooltip="Final width in pixels. 0: from the scale, or from the height.",
                ),
                io.Int.Input(
                    "height", default=0, min=0, max=16384, step=8,
                    tooltip="Final height in pixels. 0: from the scale, or from the width.",
                ),
                io.Combo.Input(
                    "sampler", options=[SERVERS_CHOICE], default=SERVERS_CHOICE, advanced=True,
                    extra_dict={"lectern_list": "samplers"}, tooltip="Of the second pass.",
                ),
                io.Combo.Input(
                    "scheduler", options=[SERVERS_CHOICE], default=SERVERS_CHOICE, advanced=True,
                    extra_dict={"lectern_list": "schedulers"}, tooltip="Of the second pass.",
                ),
                io.Combo.Input(
                    "checkpoint", options=[SERVERS_CHOICE], default=SERVERS_CHOICE, advanced=True,
                    extra_dict={"lectern_list": "checkpoints"}, tooltip="Of the second pass.",
                ),
                io.String.Input(
                    "prompt", default="", multiline=True, advanced=True,
                    tooltip="Of the second pass. Empty: as in the first.",
                ),
                io.String.Input(
                    "negative_prompt", default="", multiline=True, advanced=True,
                    tooltip="Of the second pass. Empty: as in the first.",
                ),
                io.Float.Input(
                    "cfg", default=0.0, min=0.0, max=100.0, step=0.1, advanced=True,
                    tooltip="Of the second pass, on Forge and reForge. 0: the server's choice.",
                ),
                io.Float.Input(
                    "distilled_cfg", default=0.0, min=0.0, max=100.0, step=0.1, advanced=True,
                    tooltip="Of the second pass with Flux on Forge. 0: the server's choice.",
                ),
                io.String.Input(
                    "modules", default="", advanced=True, dynamic_prompts=False,
                    tooltip="VAE and text encoders of the second pass on Forge, separated by commas.",
                ),
                options_input(),
            ],
            outputs=[OptionsType.Output(display_name="options", tooltip="For WebUI Sample, or the next option.")],
        )  # fmt: skip

    @classmethod
    def validate_inputs(
        cls, upscaler: str | None, sampler: str | None, scheduler: str | None, checkpoint: str | None
    ) -> bool | str:
        return True  # named here, so that ComfyUI leaves it to the server which names exist

    @classmethod
    def execute(
        cls,
        upscaler: str,
        scale: float,
        denoise: float,
        steps: int,
        width: int,
        height: int,
        sampler: str,
        scheduler: str,
        checkpoint: str,
        prompt: str,
        negative_prompt: str,
        cfg: float,
        distilled_cfg: float,
        modules: str,
        options: Options | None = None,
    ) -> io.NodeOutput:
        values = {
            "hr_scale": scale,
            "hr_upscaler": chosen(upscaler) or None,
            "denoising_strength": denoise,
            "hr_second_pass_steps": steps or None,
            "hr_resize_x": width or None,
            "hr_resize_y": height or None,
            "hr_sampler_name": chosen(sampler) or None,
            "hr_scheduler": chosen(scheduler) or None,
            "hr_checkpoint_name": chosen(checkpoint) or None,
            "hr_prompt": prompt or None,
            "hr_negative_prompt": negative_prompt or None,
            "hr_cfg": cfg or None,
            "hr_distilled_cfg": distilled_cfg or None,
        }
        return io.NodeOutput(chained(options, Hires(values, names(modules))))
