from dataclasses import replace

from comfy_api.v0_0_2 import io

from ...lectern import host
from ...lectern.errors import LecternError
from ...lectern.pipelines.finding import find_folder, find_folders, find_model, find_models
from ...lectern.pipelines.hub.fetching import Progress
from ...lectern.pipelines.hub.names import hub_name, place
from ...lectern.pipelines.pipeline import Spec
from ...lectern.pipelines.quantizing import NONE, QUANTIZATIONS
from ...lectern.pipelines.reading import AUTO, DTYPES
from .common import CATEGORY, PipelineType, downloads, loader, notes, stamps


class LecternPipelineLoader(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternPipelineLoader",
            display_name="Pipeline Loader",
            category=CATEGORY,
            description="Loads a Hugging Face diffusers pipeline from a folder in models/diffusers, from a single file"
            " (a checkpoint, or a denoiser with the rest from a base), or downloads it when lectern.toml allows that."
            " ComfyUI's memory manager keeps it like any other model. Only safetensors and GGUF files are read, and no"
            " code of a folder runs.",
            search_aliases=["diffusers", "hugging face", "hub", "download", "checkpoint", "model", "load", "sdxl",
                            "flux", "gguf", "single file"],
            inputs=[
                io.Combo.Input(
                    "pipeline", options=list(find_models(host.model_directories())) or [""],
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
                    " it; fp16 and bf16 need half the memory of fp32. fp8 storage halves the denoiser once more and"
                    " computes in the precision of the files. The weights of a GGUF file stay as they are and are"
                    " computed with in this precision.",
                ),
                io.Combo.Input(
                    "base", options=[NONE, *find_folders(host.model_directories())], default=NONE, optional=True,
                    tooltip="Only for a single file: the pipeline folder that the file's denoiser is put into. Text"
                    " encoders, VAE and settings that the file lacks come from it. A whole Stable Diffusion 1.5, 2 or"
                    " SDXL checkpoint needs none.",
                ),
                io.Combo.Input(
                    "quantization", options=list(QUANTIZATIONS), default=NONE, optional=True, advanced=True,
                    tooltip="Fewer bits for the weights of the denoiser and of large text encoders. Needs the package"
                    " that it is named after; bitsandbytes also needs a GPU.",
                ),
                io.String.Input(
                    "hub_id", default="", optional=True,
                    tooltip="A pipeline on the Hugging Face hub as owner/name; it wins over pipeline. It is downloaded"
                    " once into models/diffusers/owner/name, when downloads are switched on in [hub] of lectern.toml.",
                ),
                io.String.Input(
                    "revision", default="", optional=True,
                    tooltip="For hub_id: its branch, tag or commit. Empty takes main. Each revision has a folder of"
                    " its own.",
                ),
            ],
            outputs=[PipelineType.Output(display_name="pipeline", tooltip="The loaded pipeline.")],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, pipeline: str | None, hub_id: str | None = "") -> bool | str:
        """Only what ComfyUI cannot check itself: it repeats the sentence for each input that is named here."""
        try:
            if pipeline is not None and hub_id is not None:  # an input that is linked is None, and known when it runs
                _spec(pipeline, "", AUTO, NONE, hub_id, "")
        except LecternError as error:
            return str(error)
        return True

    @classmethod
    def fingerprint_inputs(
        cls,
        pipeline: str | None,
        variant: str | None,
        dtype: str | None,
        base: str | None = NONE,
        hub_id: str | None = "",
        revision: str | None = "",
        **_: str | None,
    ) -> str:
        """Another one when a file has changed, except by a download of this node."""
        try:
            spec = _spec(pipeline or "", "", AUTO, base or NONE, hub_id or "", revision or "")
        except LecternError:
            return ""
        return stamps.of(spec.path) + (stamps.of(spec.base) if spec.base else "")

    @classmethod
    async def execute(
        cls,
        pipeline: str,
        variant: str,
        dtype: str,
        base: str = NONE,
        quantization: str = NONE,
        hub_id: str = "",
        revision: str = "",
    ) -> io.NodeOutput:
        spec = replace(_spec(pipeline, variant.strip(), dtype, base, hub_id, revision), quantization=quantization)
        if hub_id.strip():
            before, progress = stamps.of(spec.path), Progress()
            name, roots = hub_name(hub_id, revision), host.directories_of("diffusers")
            folder = await host.attended(downloads.bring(name, spec.variant, roots, progress), progress)
            stamps.downloaded(folder, before)
        loaded = loader.load(spec)
        return io.NodeOutput(loaded, ui=notes(loaded.notes))


def _spec(pipeline: str, variant: str, dtype: str, base: str, hub_id: str, revision: str) -> Spec:
    """Raises FolderError, HubNameError. A hub pipeline's folder is named, whether it is there or not."""
    roots = host.model_directories()
    if hub_id.strip():
        return Spec(place(hub_name(hub_id, revision), host.directories_of("diffusers")), variant, dtype)
    return Spec(find_model(pipeline, roots), variant, dtype, base=None if base == NONE else find_folder(base, roots))
