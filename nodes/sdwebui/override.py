from comfy_api.v0_0_2 import io

from ...lectern.sdwebui.draft import LoraTag
from ...lectern.sdwebui.options import Override
from .common import (
    CATEGORY,
    NONE,
    SERVERS_CHOICE,
    Options,
    OptionsType,
    chained,
    chosen,
    json_object,
    names,
    options_input,
    valid,
)


class LecternWebUIOverride(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternWebUIOverride",
            display_name="WebUI Override",
            category=CATEGORY,
            description="Changes settings of the server for this request: checkpoint, VAE, text encoders, LoRA, clip"
            " skip, and any other by its name.",
            search_aliases=["lora", "vae", "clip skip", "override settings", "forge modules", "checkpoint"],
            inputs=[
                io.Combo.Input(
                    "checkpoint", options=[SERVERS_CHOICE], default=SERVERS_CHOICE,
                    extra_dict={"lectern_list": "checkpoints"}, tooltip="The list comes from the server.",
                ),
                io.Combo.Input(
                    "vae", options=[SERVERS_CHOICE], default=SERVERS_CHOICE, extra_dict={"lectern_list": "vaes"},
                    tooltip="The list comes from the server.",
                ),
                io.String.Input(
                    "modules", default="", dynamic_prompts=False,
                    tooltip="Forge: names of further modules such as text encoders, separated by commas.",
                ),
                io.Combo.Input(
                    "lora", options=[NONE], default=NONE, extra_dict={"lectern_list": "loras"},
                    tooltip="A LoRA of the server. Chain several of these nodes for several LoRAs.",
                ),
                io.Float.Input("lora_weight", default=1.0, min=-4.0, max=4.0, step=0.05, tooltip="Its weight."),
                io.Int.Input("clip_skip", default=0, min=0, max=12, tooltip="0: the server's choice."),
                io.Boolean.Input(
                    "restore_afterwards", default=True,
                    tooltip="Puts the server's settings back when the request is done.",
                ),
                io.String.Input(
                    "settings", default="", multiline=True, dynamic_prompts=False, advanced=True,
                    tooltip='Any other settings as a JSON object, for example {"eta_noise_seed_delta": 31337}.',
                ),
                options_input(),
            ],
            outputs=[OptionsType.Output(display_name="options", tooltip="For WebUI Sample, or the next option.")],
        )  # fmt: skip

    @classmethod
    def validate_inputs(
        cls, checkpoint: str | None, vae: str | None, lora: str | None, settings: str | None
    ) -> bool | str:
        return valid(lambda: json_object(settings or ""))

    @classmethod
    def execute(
        cls,
        checkpoint: str,
        vae: str,
        modules: str,
        lora: str,
        lora_weight: float,
        clip_skip: int,
        restore_afterwards: bool,
        settings: str,
        options: Options | None = None,
    ) -> io.NodeOutput:
        values = json_object(settings)
        if chosen(checkpoint):
            values["sd_model_checkpoint"] = chosen(checkpoint)
        if clip_skip:
            values["CLIP_stop_at_last_layers"] = clip_skip
        tag = LoraTag(chosen(lora), lora_weight) if chosen(lora) else None
        return io.NodeOutput(chained(options, Override(values, restore_afterwards, chosen(vae), names(modules), tag)))
