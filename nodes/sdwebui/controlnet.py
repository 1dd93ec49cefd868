from comfy_api.v0_0_2 import io, ui
from torch import Tensor

from ...lectern import host
from ...lectern.images import checked
from ...lectern.sdwebui.options import ControlNet
from ...lectern.sdwebui.progress import Watch
from ...lectern.sdwebui.services import detect
from .common import (
    CATEGORY,
    NONE,
    Options,
    OptionsType,
    ServerType,
    Target,
    bounds,
    chained,
    options_input,
    settings,
    webui,
)

MODES = ["Balanced", "My prompt is more important", "ControlNet is more important"]
RESIZES = ["Crop and Resize", "Just Resize", "Resize and Fill"]
PASSES = ["Both", "Low res only", "High res only"]


class LecternWebUIControlNet(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternWebUIControlNet",
            display_name="WebUI ControlNet",
            category=CATEGORY,
            description="Adds one ControlNet unit. With a server linked it also shows what the preprocessor makes of"
            " the image.",
            search_aliases=["canny", "depth", "openpose", "control unit", "preprocessor"],
            inputs=[
                io.Combo.Input(
                    "module", options=[NONE], default=NONE, extra_dict={"lectern_list": "controlnet_modules"},
                    tooltip="The preprocessor. The list comes from the server.",
                ),
                io.Combo.Input(
                    "model", options=[NONE], default=NONE, extra_dict={"lectern_list": "controlnet_models"},
                    tooltip="The ControlNet model. The list comes from the server.",
                ),
                io.Float.Input("weight", default=1.0, min=0.0, max=2.0, step=0.05, tooltip="How strongly it steers."),
                io.Float.Input(
                    "start", default=0.0, min=0.0, max=1.0, step=0.01, tooltip="From which part of the steps on."
                ),
                io.Float.Input(
                    "end", default=1.0, min=0.0, max=1.0, step=0.01, tooltip="Up to which part of the steps."
                ),
                io.Combo.Input(
                    "control_mode", options=MODES, default=MODES[0], tooltip="What wins when prompt and map disagree."
                ),
                io.Combo.Input(
                    "resize_mode", options=RESIZES, default=RESIZES[0],
                    tooltip="How the image is fitted to the picture.",
                ),
                io.Boolean.Input(
                    "pixel_perfect", default=True, tooltip="Lets the server choose the preprocessor's resolution."
                ),
                io.Int.Input(
                    "resolution", default=512, min=64, max=4096, advanced=True,
                    tooltip="Of the preprocessor in pixels, without pixel_perfect.",
                ),
                io.Float.Input(
                    "threshold_a", default=-1.0, min=-1.0, max=1000.0, step=0.01, advanced=True,
                    tooltip="First setting of the preprocessor. -1: its own.",
                ),
                io.Float.Input(
                    "threshold_b", default=-1.0, min=-1.0, max=1000.0, step=0.01, advanced=True,
                    tooltip="Second setting of the preprocessor. -1: its own.",
                ),
                io.Combo.Input(
                    "hires_pass", options=PASSES, default=PASSES[0], advanced=True,
                    tooltip="In which pass of hires fix it steers.",
                ),
                io.Boolean.Input(
                    "return_map", default=False, advanced=True,
                    tooltip="Sends the control map back, among the extras of WebUI Sample.",
                ),
                io.Image.Input(
                    "image", optional=True,
                    tooltip="What the map is made from; a batch steers one round each. Not linked: img2img's image.",
                ),
                io.Mask.Input("mask", optional=True, tooltip="Where it steers."),
                ServerType.Input("server", optional=True, tooltip="Link it to see the control map in this node."),
                options_input(),
            ],
            outputs=[
                OptionsType.Output(display_name="options", tooltip="For WebUI Sample, or the next option."),
                io.Image.Output(display_name="map", tooltip="The control map, when a server and an image are linked."),
            ],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, module: str | None, model: str | None) -> bool | str:
        return True  # named here, so that ComfyUI leaves it to the server which names exist

    @classmethod
    async def execute(
        cls,
        module: str,
        model: str,
        weight: float,
        start: float,
        end: float,
        control_mode: str,
        resize_mode: str,
        pixel_perfect: bool,
        resolution: int,
        threshold_a: float,
        threshold_b: float,
        hires_pass: str,
        return_map: bool,
        image: Tensor | None = None,
        mask: Tensor | None = None,
        server: Target | None = None,
        options: Options | None = None,
    ) -> io.NodeOutput:
        image = None if image is None else checked(image, settings().limits.side)
        values = {
            "module": "None" if module == NONE else module,
            "model": "None" if model == NONE else model,
            "weight": weight,
            "guidance_start": start,
            "guidance_end": end,
            "control_mode": control_mode,
            "resize_mode": resize_mode,
            "pixel_perfect": pixel_perfect,
            "processor_res": resolution,
            "hr_option": hires_pass,
            "save_detected_map": return_map,
            **({} if threshold_a < 0 else {"threshold_a": threshold_a}),
            **({} if threshold_b < 0 else {"threshold_b": threshold_b}),
        }
        made = chained(options, ControlNet(values, image, mask))
        if server is None or image is None or module == NONE:
            return io.NodeOutput(made, host.nothing())
        found = await host.attended(detect(webui, server.server, image, values, bounds()), Watch())
        return io.NodeOutput(made, found, ui=ui.PreviewImage(found, cls=cls))
