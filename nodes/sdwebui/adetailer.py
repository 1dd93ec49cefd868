from comfy_api.v0_0_2 import io

from ...lectern.sdwebui.adetailer import MODELS, check_pass
from ...lectern.sdwebui.options import ADetailer
from .common import CATEGORY, Options, OptionsType, chained, json_object, options_input, valid


class LecternWebUIADetailer(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternWebUIADetailer",
            display_name="WebUI ADetailer",
            category=CATEGORY,
            description="Finds faces, hands or people in the finished picture and paints them anew in detail. One pass"
            " for each of these nodes; the server needs the ADetailer extension.",
            search_aliases=["after detailer", "face fix", "hand fix", "face restore"],
            inputs=[
                io.Combo.Input(
                    "model", options=list(MODELS), default=MODELS[0],
                    extra_dict={"lectern_list": "adetailer_models"}, tooltip="What is looked for.",
                ),
                io.String.Input(
                    "prompt", default="", multiline=True, tooltip="For what was found. Empty: the picture's own prompt."
                ),
                io.String.Input(
                    "negative_prompt", default="", multiline=True,
                    tooltip="For what was found. Empty: the picture's own.",
                ),
                io.Float.Input(
                    "confidence", default=0.3, min=0.0, max=1.0, step=0.01,
                    tooltip="How sure the model must be; lower finds more.",
                ),
                io.Float.Input(
                    "denoise", default=0.4, min=0.0, max=1.0, step=0.01, tooltip="How much of it changes."
                ),
                io.Int.Input("mask_blur", default=4, min=0, max=64, tooltip="Softness of the edge in pixels."),
                io.Int.Input(
                    "dilate_erode", default=4, min=-128, max=128, tooltip="Grows (or shrinks) the masks, in pixels."
                ),
                io.Boolean.Input("only_masked", default=True, tooltip="Samples each find alone at full size."),
                io.Int.Input(
                    "padding", default=32, min=0, max=256,
                    tooltip="For only_masked: pixels around it that are seen, too.",
                ),
                io.String.Input(
                    "fields", default="", multiline=True, dynamic_prompts=False, advanced=True,
                    tooltip='Other fields of the extension as a JSON object, for example {"ad_mask_k_largest": 1}.',
                ),
                options_input(),
            ],
            outputs=[OptionsType.Output(display_name="options", tooltip="For WebUI Sample, or the next option.")],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, model: str | None, fields: str | None) -> bool | str:
        return valid(lambda: check_pass(json_object(fields or "")))

    @classmethod
    def execute(
        cls,
        model: str,
        prompt: str,
        negative_prompt: str,
        confidence: float,
        denoise: float,
        mask_blur: int,
        dilate_erode: int,
        only_masked: bool,
        padding: int,
        fields: str,
        options: Options | None = None,
    ) -> io.NodeOutput:
        values = {
            "ad_model": model,
            "ad_prompt": prompt,
            "ad_negative_prompt": negative_prompt,
            "ad_confidence": confidence,
            "ad_denoising_strength": denoise,
            "ad_mask_blur": mask_blur,
            "ad_dilate_erode": dilate_erode,
            "ad_inpaint_only_masked": only_masked,
            "ad_inpaint_only_masked_padding": padding,
            **check_pass(json_object(fields)),
        }
        return io.NodeOutput(chained(options, ADetailer(values)))
