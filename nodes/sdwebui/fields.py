from comfy_api.v0_0_2 import io

from ...lectern.sdwebui.fields import parse_fields
from ...lectern.sdwebui.options import Fields
from .common import CATEGORY, Options, OptionsType, chained, options_input, settings, valid


class LecternWebUIFields(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternWebUIFields",
            display_name="WebUI Fields",
            category=CATEGORY,
            description="Sets any field of the request by its name in the API, checked against the API's own schema.",
            search_aliases=["payload", "api", "json", "tiling", "eta", "subseed", "variation"],
            inputs=[
                io.String.Input(
                    "fields", default="{}", multiline=True, dynamic_prompts=False,
                    tooltip='A JSON object, for example {"tiling": true, "subseed_strength": 0.1}. null leaves a field'
                    " to the server.",
                ),
                options_input(),
            ],
            outputs=[OptionsType.Output(display_name="options", tooltip="For WebUI Sample, or the next option.")],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, fields: str | None) -> bool | str:
        return valid(lambda: parse_fields(fields or "", settings().limits.text))

    @classmethod
    def execute(cls, fields: str, options: Options | None = None) -> io.NodeOutput:
        return io.NodeOutput(chained(options, Fields(parse_fields(fields, settings().limits.text))))
