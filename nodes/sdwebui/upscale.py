from comfy_api.v0_0_2 import io
from torch import Tensor

from ...lectern import host
from ...lectern.images import checked
from ...lectern.sdwebui.progress import Watch
from ...lectern.sdwebui.services import Upscaling, upscale
from .common import CATEGORY, NONE, SERVERS_CHOICE, ServerType, Target, bounds, settings, webui

FACTOR, SIZE = "by factor", "to size"


class LecternWebUIUpscale(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternWebUIUpscale",
            display_name="WebUI Upscale",
            category=CATEGORY,
            description="Scales pictures up with the server's upscalers and face restorers (its Extras tab). A pool"
            " shares a batch.",
            search_aliases=["extras", "esrgan", "gfpgan", "codeformer", "enlarge"],
            inputs=[
                ServerType.Input("server", tooltip="From a WebUI Server node."),
                io.Image.Input("images", tooltip="A picture or a batch."),
                io.Combo.Input(
                    "upscaler", options=["Lanczos"], default="Lanczos", extra_dict={"lectern_list": "upscalers"},
                    tooltip="The list comes from the server.",
                ),
                io.Combo.Input(
                    "mode", options=[FACTOR, SIZE], default=FACTOR,
                    tooltip="Whether factor counts, or width and height.",
                ),
                io.Float.Input("factor", default=2.0, min=1.0, max=8.0, step=0.05, tooltip="How many times as large."),
                io.Int.Input("width", default=1920, min=8, max=16384, tooltip="For 'to size': width in pixels."),
                io.Int.Input("height", default=1080, min=8, max=16384, tooltip="For 'to size': height in pixels."),
                io.Boolean.Input(
                    "crop", default=True, tooltip="For 'to size': cuts what is over, so that the size is exact."
                ),
                io.Combo.Input(
                    "second_upscaler", options=[NONE], default=NONE, advanced=True,
                    extra_dict={"lectern_list": "upscalers"}, tooltip="Blended with the first.",
                ),
                io.Float.Input(
                    "second_visibility", default=0.5, min=0.0, max=1.0, step=0.05, advanced=True,
                    tooltip="How much of the second upscaler is seen.",
                ),
                io.Float.Input(
                    "gfpgan", default=0.0, min=0.0, max=1.0, step=0.05, advanced=True,
                    tooltip="How much of GFPGAN's restored faces is seen.",
                ),
                io.Float.Input(
                    "codeformer", default=0.0, min=0.0, max=1.0, step=0.05, advanced=True,
                    tooltip="How much of CodeFormer's restored faces is seen.",
                ),
                io.Float.Input(
                    "codeformer_weight", default=0.0, min=0.0, max=1.0, step=0.05, advanced=True,
                    tooltip="CodeFormer's fidelity: 0 changes most, 1 least.",
                ),
                io.Boolean.Input(
                    "upscale_first", default=False, advanced=True, tooltip="Scales before it restores faces."
                ),
            ],
            outputs=[
                io.Image.Output(
                    display_name="images", is_output_list=True, tooltip="The larger pictures as a list, in order."
                )
            ],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, upscaler: str | None, second_upscaler: str | None) -> bool | str:
        return True  # named here, so that ComfyUI leaves it to the server which names exist

    @classmethod
    async def execute(
        cls,
        server: Target,
        images: Tensor,
        upscaler: str,
        mode: str,
        factor: float,
        width: int,
        height: int,
        crop: bool,
        second_upscaler: str,
        second_visibility: float,
        gfpgan: float,
        codeformer: float,
        codeformer_weight: float,
        upscale_first: bool,
    ) -> io.NodeOutput:
        wanted = [name for name in (upscaler, second_upscaler) if name not in (NONE, SERVERS_CHOICE)]
        size = {"resize_mode": 0, "upscaling_resize": factor}
        if mode == SIZE:
            size = {
                "resize_mode": 1,
                "upscaling_resize_w": width,
                "upscaling_resize_h": height,
                "upscaling_crop": crop,
            }
        fields = {
            **size,
            "upscaler_1": wanted[0] if wanted else "None",
            "gfpgan_visibility": gfpgan,
            "codeformer_visibility": codeformer,
            "codeformer_weight": codeformer_weight,
            "upscale_first": upscale_first,
        }
        if len(wanted) > 1:
            fields |= {"upscaler_2": wanted[1], "extras_upscaler_2_visibility": second_visibility}
        watch = Watch()
        pictures = checked(images, settings().limits.side)
        work = upscale(webui, server.server, pictures, Upscaling(fields, tuple(wanted)), bounds(), watch)
        return io.NodeOutput(await host.attended(work, watch))
