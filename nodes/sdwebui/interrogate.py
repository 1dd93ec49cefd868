from comfy_api.v0_0_2 import io
from torch import Tensor

from ...lectern import host
from ...lectern.images import checked
from ...lectern.sdwebui.progress import Watch
from ...lectern.sdwebui.services import interrogate
from .common import CATEGORY, ServerType, Target, settings, webui

MODELS = ["clip", "deepdanbooru"]


class LecternWebUIInterrogate(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternWebUIInterrogate",
            display_name="WebUI Interrogate",
            category=CATEGORY,
            description="Describes pictures in words with the server's own models.",
            search_aliases=["caption", "describe", "clip interrogator", "deepbooru", "tags"],
            inputs=[
                ServerType.Input("server", tooltip="From a WebUI Server node."),
                io.Image.Input("images", tooltip="A picture or a batch."),
                io.Combo.Input(
                    "model", options=MODELS, default=MODELS[0], extra_dict={"lectern_list": "interrogators"},
                    tooltip="clip writes a sentence, deepdanbooru a list of tags.",
                ),
            ],
            outputs=[
                io.String.Output(
                    display_name="captions", is_output_list=True, tooltip="One text for each picture, in order."
                )
            ],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, model: str | None) -> bool | str:
        return True  # named here, so that ComfyUI leaves it to the server which names exist

    @classmethod
    async def execute(cls, server: Target, images: Tensor, model: str) -> io.NodeOutput:
        watch = Watch()
        pictures = checked(images, settings().limits.side)
        return io.NodeOutput(await host.attended(interrogate(webui, server.server, pictures, model, watch), watch))
