from pathlib import Path

from comfy_api.v0_0_2 import io
from torch import Tensor

from ...lectern import host
from ...lectern.images import checked
from ...lectern.pipelines.controlfiles import control_path, find_controls
from ...lectern.pipelines.controlnets import NO_MODE, Control, checked_control
from ...lectern.pipelines.errors import ControlNetError
from ...lectern.pipelines.pipeline import Pipeline
from ...lectern.pipelines.shelf import place
from .common import CATEGORY, PipelineType, controls, pipeline_input, settings


def roots() -> tuple[list[Path], list[Path]]:
    """Of folders and single files, and of folders alone."""
    return host.directories_of("controlnet"), host.directories_of("diffusers")


class LecternPipelineControlNet(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternPipelineControlNet",
            display_name="Pipeline ControlNet",
            category=CATEGORY,
            description="Lets a picture (edges, depth, a pose ...) steer what a pipeline makes. Several in a row steer"
            " together. The linked pipeline stays as it is.",
            search_aliases=["control net", "canny", "depth", "openpose", "scribble", "tile", "union", "diffusers"],
            inputs=[
                pipeline_input(),
                io.Combo.Input(
                    "control_net", options=list(find_controls(*roots())),
                    tooltip="A folder of diffusers (config.json and safetensors) in models/controlnet or"
                    " models/diffusers, or a .safetensors file of Stable Diffusion or SDXL in models/controlnet.",
                ),
                io.Image.Input(
                    "image",
                    tooltip="The control picture, already prepared (edges drawn, depth measured ...): one for all"
                    " pictures, or one for each. It is resized to theirs.",
                ),
                io.Float.Input(
                    "strength", default=1.0, min=0.0, max=10.0, step=0.01, tooltip="How strongly it steers."
                ),
                io.Float.Input(
                    "start_percent", default=0.0, min=0.0, max=1.0, step=0.001,
                    tooltip="From which part of the steps on it steers.",
                ),
                io.Float.Input(
                    "end_percent", default=1.0, min=0.0, max=1.0, step=0.001,
                    tooltip="Up to which part of the steps it steers.",
                ),
                io.Boolean.Input(
                    "guess_mode", default=False, advanced=True,
                    tooltip="Stable Diffusion and SDXL: it steers without help of the prompt, best with a low guidance"
                    " scale. Counts for all ControlNets of the row.",
                ),
                io.Int.Input(
                    "control_mode", default=NO_MODE, min=NO_MODE, max=99, advanced=True,
                    tooltip="For union models: which kind of control picture this is, by the number that the model's"
                    " page gives. -1 for all others.",
                ),
            ],
            outputs=[PipelineType.Output(display_name="pipeline", tooltip="The pipeline with that ControlNet.")],
        )  # fmt: skip

    @classmethod
    def fingerprint_inputs(cls, control_net: str | None, **_: object) -> str:
        """Another one when a file has changed."""
        try:
            return str(hash(place(control_path(control_net or "", *roots()))))
        except (ControlNetError, OSError):
            return ""

    @classmethod
    def execute(
        cls,
        pipeline: Pipeline,
        control_net: str,
        image: Tensor,
        strength: float,
        start_percent: float,
        end_percent: float,
        guess_mode: bool,
        control_mode: int,
    ) -> io.NodeOutput:
        picture = checked(image, settings().limits.side)
        weights = controls.load(control_path(control_net, *roots()), pipeline.loaded)
        made = Control(weights, picture, strength, start_percent, end_percent, guess_mode, control_mode)
        return io.NodeOutput(pipeline.with_control(checked_control(made)))
