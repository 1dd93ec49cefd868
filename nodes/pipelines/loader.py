from comfy_api.v0_0_2 import io

from ...lectern import host
from ...lectern.pipelines.errors import FolderError
from ...lectern.pipelines.finding import find_pipelines, pipeline_folder
from ...lectern.pipelines.loading import AUTO, DTYPES, stamp
from ...lectern.pipelines.pipeline import Spec
from ...lectern.pipelines.quantizing import NONE, QUANTIZATIONS
from .common import CATEGORY, PipelineType, loader, notes


class LecternPipelineLoader(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternPipelineLoader",
            display_name="Pipeline Loader",
            category=CATEGORY,
            description="Loads a Hugging Face diffusers pipeline from a folder in models/diffusers. ComfyUI's memory"
            " manager keeps it like any other model. Only safetensors files are read, and no code of the folder runs.",
            search_aliases=["diffusers", "hugging face", "checkpoint", "model", "load", "sdxl", "flux"],
            inputs=[
                io.Combo.Input(
                    "pipeline", options=list(find_pipelines(host.pipeline_directories())),
                    tooltip="A folder with a model_index.json in models/diffusers, or in a folder that"
                    " extra_model_paths.yaml names for diffusers.",
                ),
                io.String.Input(
                    "variant", default="",
                    tooltip="Which of several sets of files is read: fp16 takes model.fp16.safetensors where there is"
                    " one. Empty takes the plain files.",
                ),
                io.Combo.Input(
                    "dtype", options=list(DTYPES), default=AUTO,
                    tooltip="Precision of the weights in memory. auto keeps that of the files where this device has"
                    " it; fp16 and bf16 need half the memory of fp32. fp8 storage halves the denoiser once more and"
                    " computes in the precision of the files.",
                ),
                io.Combo.Input(
                    "quantization", options=list(QUANTIZATIONS), default=NONE, optional=True, advanced=True,
                    tooltip="Fewer bits for the weights of the denoiser and of large text encoders. Needs the package"
                    " that it is named after; bitsandbytes also needs a GPU.",
                ),
            ],
            outputs=[PipelineType.Output(display_name="pipeline", tooltip="The loaded pipeline.")],
        )  # fmt: skip

    @classmethod
    def fingerprint_inputs(cls, pipeline: str | None, variant: str | None, dtype: str | None, **_: str | None) -> str:
        """Another one when a file has changed."""
        try:
            return str(hash(stamp(pipeline_folder(pipeline or "", host.pipeline_directories()))))
        except (FolderError, OSError):
            return ""

    @classmethod
    def execute(cls, pipeline: str, variant: str, dtype: str, quantization: str = NONE) -> io.NodeOutput:
        folder = pipeline_folder(pipeline, host.pipeline_directories())
        loaded = loader.load(Spec(folder, variant.strip(), dtype, quantization))
        return io.NodeOutput(loaded, ui=notes(loaded.notes))
