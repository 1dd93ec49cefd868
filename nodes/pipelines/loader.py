from pathlib import Path

from comfy_api.v0_0_2 import io

from ...lectern import host
from ...lectern.errors import LecternError
from ...lectern.pipelines.finding import find_pipelines, pipeline_folder
from ...lectern.pipelines.hub.fetching import Progress
from ...lectern.pipelines.hub.names import hub_name, place
from ...lectern.pipelines.loading import AUTO, DTYPES
from ...lectern.pipelines.pipeline import Spec
from .common import CATEGORY, PipelineType, downloads, loader, stamps


class LecternPipelineLoader(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternPipelineLoader",
            display_name="Pipeline Loader",
            category=CATEGORY,
            description="Loads a Hugging Face diffusers pipeline from a folder in models/diffusers, or downloads it"
            " there when lectern.toml allows that. ComfyUI's memory manager keeps it like any other model. Only"
            " safetensors files are read, and no code of the folder runs.",
            search_aliases=["diffusers", "hugging face", "hub", "download", "checkpoint", "model", "sdxl", "flux"],
            inputs=[
                io.Combo.Input(
                    "pipeline", options=list(find_pipelines(host.pipeline_directories())) or [""],
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
                    " it; fp16 and bf16 need half the memory of fp32.",
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
    def validate_inputs(cls, pipeline: str | None, hub_id: str | None = "", revision: str | None = "") -> bool | str:
        try:
            if hub_id is not None and revision is not None and pipeline is not None:
                _folder(pipeline, hub_id, revision)
        except LecternError as error:
            return str(error)
        return True

    @classmethod
    def fingerprint_inputs(
        cls,
        pipeline: str | None,
        variant: str | None,
        dtype: str | None,
        hub_id: str | None = "",
        revision: str | None = "",
    ) -> str:
        """Another one when a file has changed, except by a download of this node."""
        try:
            return stamps.of(_folder(pipeline or "", hub_id or "", revision or ""))
        except LecternError:
            return ""

    @classmethod
    async def execute(
        cls, pipeline: str, variant: str, dtype: str, hub_id: str = "", revision: str = ""
    ) -> io.NodeOutput:
        folder = _folder(pipeline, hub_id, revision)
        if hub_id.strip():
            before, progress = stamps.of(folder), Progress()
            name, roots = hub_name(hub_id, revision), host.pipeline_directories()
            folder = await host.attended(downloads.bring(name, variant.strip(), roots, progress), progress)
            stamps.downloaded(folder, before)
        return io.NodeOutput(loader.load(Spec(folder, variant.strip(), dtype)))


def _folder(pipeline: str, hub_id: str, revision: str) -> Path:
    """Where it lies, or where it would after a download. Raises FolderError, HubNameError."""
    roots = host.pipeline_directories()
    return place(hub_name(hub_id, revision), roots) if hub_id.strip() else pipeline_folder(pipeline, roots)
