from comfy_api.v0_0_2 import io

from .common import CATEGORY, SERVERS_CHOICE, ServerType, Target, chosen, server_names, valid, webui


class LecternWebUIServer(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        names = server_names()
        return io.Schema(
            node_id="LecternWebUIServer",
            display_name="WebUI Server",
            category=CATEGORY,
            description="Chooses a server that speaks AUTOMATIC1111's API: A1111, Forge, reForge, SD.Next,"
            " stable-diffusion.cpp or koboldcpp. Its address and password are in lectern.toml, never in the workflow.",
            search_aliases=["automatic1111", "a1111", "forge", "sdnext", "stable diffusion webui", "remote"],
            inputs=[
                io.Combo.Input(
                    "server", options=names, default=names[0],
                    tooltip="An entry of lectern.toml. A pool divides each batch over its servers.",
                ),
                io.Combo.Input(
                    "checkpoint", options=[SERVERS_CHOICE], default=SERVERS_CHOICE,
                    extra_dict={"lectern_list": "checkpoints"},
                    tooltip="The model to use, loaded there when it is another one. The list comes from the server.",
                ),
            ],
            outputs=[ServerType.Output(display_name="server", tooltip="For the WebUI nodes.")],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, server: str | None, checkpoint: str | None) -> bool | str:
        return True if server is None else valid(lambda: webui.entry(server))

    @classmethod
    def fingerprint_inputs(cls, server: str | None, checkpoint: str | None) -> str:
        """ComfyUI keeps results while nothing changes; another machine under the same name is a change."""
        return webui.stamp(server or "")

    @classmethod
    def execute(cls, server: str, checkpoint: str) -> io.NodeOutput:
        return io.NodeOutput(Target(server, chosen(checkpoint)))
