from comfy_api.v0_0_2 import io

from ...lectern.sdwebui.draft import ScriptChoice
from ...lectern.sdwebui.options import Script
from .common import CATEGORY, NONE, Options, OptionsType, chained, chosen, json_object, options_input, valid


class LecternWebUIScript(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternWebUIScript",
            display_name="WebUI Script",
            category=CATEGORY,
            description="Runs a script or an extension of the server with its own arguments: X/Y/Z plot, prompt matrix,"
            " and every extension that is always on.",
            search_aliases=["x/y/z plot", "prompt matrix", "extension", "alwayson_scripts"],
            inputs=[
                io.Combo.Input(
                    "script", options=[NONE], default=NONE, extra_dict={"lectern_list": "scripts"},
                    tooltip="The list comes from the server.",
                ),
                io.String.Input(
                    "arguments", default="", multiline=True, dynamic_prompts=False,
                    tooltip="What differs from the script's defaults, as a JSON object: each argument by its label or"
                    ' its place from 0, for example {"Draw legend": false, "0": 4}.',
                ),
                options_input(),
            ],
            outputs=[OptionsType.Output(display_name="options", tooltip="For WebUI Sample, or the next option.")],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, script: str | None, arguments: str | None) -> bool | str:
        return valid(lambda: json_object(arguments or ""))

    @classmethod
    def execute(cls, script: str, arguments: str, options: Options | None = None) -> io.NodeOutput:
        if not chosen(script):
            return io.NodeOutput(options or ())
        choice = ScriptChoice(script, json_object(arguments))
        return io.NodeOutput(chained(options, Script(choice)))
