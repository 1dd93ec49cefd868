from comfy_api.v0_0_2 import io

from ...lectern.sdwebui.options import Fields
from .common import CATEGORY, SERVERS_CHOICE, Options, OptionsType, chained, chosen, options_input


class LecternWebUIRefiner(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternWebUIRefiner",
            display_name="WebUI Refiner",
            category=CATEGORY,
            description="Lets another checkpoint finish the picture.",
            search_aliases=["sdxl refiner", "switch model"],
            inputs=[
                io.Combo.Input(
                    "checkpoint", options=[SERVERS_CHOICE], default=SERVERS_CHOICE,
                    extra_dict={"lectern_list": "checkpoints"},
                    tooltip="The refiner. The list comes from the server.",
                ),
                io.Float.Input(
                    "switch_at", default=0.8, min=0.0, max=1.0, step=0.01,
                    tooltip="After which part of the steps it takes over.",
                ),
                options_input(),
            ],
            outputs=[OptionsType.Output(display_name="options", tooltip="For WebUI Sample, or the next option.")],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, checkpoint: str | None) -> bool | str:
        return True  # named here, so that ComfyUI leaves it to the server which names exist

    @classmethod
    def execute(cls, checkpoint: str, switch_at: float, options: Options | None = None) -> io.NodeOutput:
        name = chosen(checkpoint)
        values = {"refiner_checkpoint": name, "refiner_switch_at": switch_at} if name else {}
        return io.NodeOutput(chained(options, Fields(values)))
