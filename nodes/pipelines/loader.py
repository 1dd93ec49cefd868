from comfy_api.v0_0_2 import io

from ...lectern import host
from ...lectern.pipelines.errors import FolderError
from ...lectern.pipelines.finding import find_folder, find_folders, find_model, find_models
from ...lectern.pipelines.loading import AUTO, DTYPES, stamp
from ...lectern.pipelines.pipeline import Spec
from .common import CATEGORY, PipelineType, loader

NONE = "none"  # in the list of bases


class LecternPipelineLoader(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternPipelineLoader",
            display_name="Pipeline Loader",
            category=CATEGORY,
            description="Loads a Hugging Face diffusers pipeline from a folder in models/diffusers, or from a single"
            " file: a checkpoint, or a denoiser with the rest from a base. ComfyUI's memory manager keeps it like any"
            " other model. Only safetensors and GGUF files are read, and no code of a folder runs.",
            search_aliases=["diffusers", "hugging face", "checkpoint", "model", "load", "sdxl", "flux", "gguf",
                            "single file"],
            inputs=[
                io.Combo.Input(
                    "pipeline", options=list(find_models(host.model_directories())),
                    tooltip="A folder with a model_index.json in models/diffusers, or a .safetensors or .gguf file in"
                    " models/checkpoints, models/diffusion_models or models/diffusers; also in the folders that"
                    " extra_model_paths.yaml names for these.",
                ),
                io.String.Input(
                    "variant", default="",
                    tooltip="Which of several sets of files is read: fp16 takes model.fp16.safetensors where there is"
                    " one. Empty takes the plain files.",
                ),
                io.Combo.Input(
                    "dtype", options=list(DTYPES), default=AUTO,
                    tooltip="Precision of the weights in memory. auto keeps that of the files where this device has"
                    " it; fp16 and bf16 need half the memory of fp32. The weights of a GGUF file stay as they are and"
                    " are computed with in this precision.",
                ),
                io.Combo.Input(
                    "base", options=[NONE, *find_folders(host.model_directories())], default=NONE, optional=True,
                    tooltip="Only for a single file: the pipeline folder that the file's denoiser is put into. Text"
                    " encoders, VAE and settings that the file lacks come from it. A whole Stable Diffusion 1.5, 2 or"
                    " SDXL checkpoint needs none.",
                ),
            ],
            outputs=[PipelineType.Output(display_name="pipeline", tooltip="The loaded pipeline.")],
        )  # fmt: skip

    @classmethod
    def fingerprint_inputs(
        cls, pipeline: str | None, variant: str | None, dtype: str | None, base: str | None = NONE
    ) -> str:
        """Another one when a file has changed."""
        try:
            spec = _spec(pipeline or "", "", AUTO, base or NONE)
            return str(hash((stamp(spec.path), stamp(spec.base) if spec.base else None)))
        except (FolderError, OSError):
            return ""

    @classmethod
    def execute(cls, pipeline: str, variant: str, dtype: str, base: str = NONE) -> io.NodeOutput:
        return io.NodeOutput(loader.load(_spec(pipeline, variant.strip(), dtype, base)))


def _spec(pipeline: str, variant: str, dtype: str, base: str) -> Spec:
    roots = host.model_directories()
    return Spec(find_model(pipeline, roots), variant, dtype, None if base == NONE else find_folder(base, roots))
