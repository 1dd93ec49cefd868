from comfy_api.v0_0_2 import io

from ...lectern import host
from ...lectern.pipelines.errors import LoraError
from ...lectern.pipelines.loras import chosen, lora_file
from ...lectern.pipelines.loras_files import read_metadata
from ...lectern.pipelines.loras_words import trigger_words
from ...lectern.pipelines.packages import NEEDED, require
from ...lectern.pipelines.pipeline import Pipeline
from .common import CATEGORY, PipelineType, pipeline_input


class LecternPipelineLora(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternPipelineLora",
            display_name="Pipeline LoRA",
            category=CATEGORY,
            description="Gives a pipeline a LoRA; several of these nodes in a row make a stack. The linked pipeline"
            " stays as it is, and the LoRA's layers leave the model with the last pipeline that wants them.",
            search_aliases=["lora", "lora loader", "kohya", "style", "character", "adapter", "peft", "diffusers"],
            inputs=[
                pipeline_input(),
                io.Combo.Input(
                    "lora", options=host.lora_names(),
                    tooltip="A .safetensors file in models/loras, or in a folder that extra_model_paths.yaml names for"
                    " loras. It must be made for this kind of model.",
                ),
                io.Float.Input(
                    "strength", default=1.0, min=-10.0, max=10.0, step=0.01,
                    tooltip="How much it counts. 0 leaves it out, below 0 turns it round. The same file twice counts"
                    " with both strengths together.",
                ),
                io.String.Input(
                    "weights", default="", multiline=True, advanced=True,
                    tooltip='Parts of the strength for single components or blocks, as JSON: {"text_encoder": 0} leaves'
                    ' the text encoder alone, {"unet": {"down": 0.5, "mid": 1, "up": {"block_1": 0.8}}} weighs blocks'
                    " as diffusers does.",
                ),
            ],
            outputs=[
                PipelineType.Output(display_name="pipeline", tooltip="The pipeline with that LoRA."),
                io.String.Output(
                    display_name="trigger_words",
                    tooltip="Words that the file says it was trained with: its trigger phrase, else its most frequent"
                    " tags.",
                ),
            ],
        )  # fmt: skip

    @classmethod
    def fingerprint_inputs(cls, lora: str | None, **_: object) -> str:
        """Another one when the file has changed."""
        path = host.lora_path(lora or "")
        try:
            return str(lora_file(path).stamp) if path else ""
        except LoraError:
            return ""

    @classmethod
    def execute(cls, pipeline: Pipeline, lora: str, strength: float, weights: str) -> io.NodeOutput:
        require((*NEEDED, "peft"))
        path = host.lora_path(lora)
        if path is None:
            raise LoraError(f"There is no LoRA {lora[:200]!r} in models/loras. Choose another one.")
        file = lora_file(path)
        words = trigger_words(read_metadata(file))
        return io.NodeOutput(pipeline.with_lora(chosen(pipeline.loaded, file, strength, weights)), words)
