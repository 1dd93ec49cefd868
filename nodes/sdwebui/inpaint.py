from comfy_api.v0_0_2 import io

from ...lectern.sdwebui.draft import Composite
from ...lectern.sdwebui.options import Inpaint
from .common import CATEGORY, Options, OptionsType, chained, options_input

FILLS = ["fill", "original", "latent noise", "latent nothing"]
RESIZES = ["just resize", "crop and resize", "resize and fill", "latent upscale"]


class LecternWebUIInpaint(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternWebUIInpaint",
            display_name="WebUI Inpaint",
            category=CATEGORY,
            description="Sets how img2img treats the linked image and mask: what fills the mask, how much around it is"
            " seen, how its edge blends.",
            search_aliases=["mask blur", "masked content", "only masked", "resize mode"],
            inputs=[
                io.Combo.Input(
                    "fill", options=FILLS, default=FILLS[1],
                    tooltip="What lies under the mask when sampling begins.",
                ),
                io.Boolean.Input(
                    "only_masked", default=False,
                    tooltip="Samples the masked part alone at full size and sets it in: more detail, less context.",
                ),
                io.Int.Input(
                    "padding", default=32, min=0, max=1024,
                    tooltip="For only_masked: pixels around the mask that are seen, too.",
                ),
                io.Int.Input("mask_blur", default=4, min=0, max=256, tooltip="Softness of the mask's edge in pixels."),
                io.Boolean.Input("invert", default=False, tooltip="Paints where the mask is black instead."),
                io.Boolean.Input(
                    "soft_mask", default=False,
                    tooltip="Sends the mask's greys as they are. Off: grey becomes black or white, which is safer.",
                ),
                io.Combo.Input(
                    "composite", options=[str(one) for one in Composite], default=str(Composite.AUTO),
                    tooltip="Whether the original is laid over what the mask keeps. auto: when the server does not.",
                ),
                io.Combo.Input(
                    "resize_mode", options=RESIZES, default=RESIZES[0], advanced=True,
                    tooltip="How the image is brought to width and height.",
                ),
                io.Float.Input(
                    "image_cfg", default=0.0, min=0.0, max=100.0, step=0.1, advanced=True,
                    tooltip="image_cfg_scale of InstructPix2Pix models. 0: the server's choice.",
                ),
                io.Float.Input(
                    "noise_multiplier", default=0.0, min=0.0, max=2.0, step=0.01, advanced=True,
                    tooltip="initial_noise_multiplier. 0: the server's choice.",
                ),
                options_input(),
            ],
            outputs=[OptionsType.Output(display_name="options", tooltip="For WebUI Sample, or the next option.")],
        )  # fmt: skip

    @classmethod
    def execute(
        cls,
        fill: str,
        only_masked: bool,
        padding: int,
        mask_blur: int,
        invert: bool,
        soft_mask: bool,
        composite: str,
        resize_mode: str,
        image_cfg: float,
        noise_multiplier: float,
        options: Options | None = None,
    ) -> io.NodeOutput:
        values = {
            "inpainting_fill": FILLS.index(fill),
            "inpaint_full_res": only_masked,
            "inpaint_full_res_padding": padding,
            "mask_blur": mask_blur,
            "mask_blur_x": mask_blur,
            "mask_blur_y": mask_blur,
            "mask_round": not soft_mask,
            "inpainting_mask_invert": int(invert),
            "resize_mode": RESIZES.index(resize_mode),
            "image_cfg_scale": image_cfg or None,
            "initial_noise_multiplier": noise_multiplier or None,
        }
        return io.NodeOutput(chained(options, Inpaint(values, soft_mask, Composite(composite))))
