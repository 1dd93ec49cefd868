"""What the Diffusers nodes share."""

from comfy_api.v0_0_2 import io

from ...lectern import host
from ...lectern.pipelines.loading import Loader
from ...lectern.settings import Settings, SettingsFile

CATEGORY = "Lectern/Diffusers"

PipelineType = io.Custom("LECTERN_PIPELINE")  # a pipelines.pipeline.Pipeline

loader = Loader(host.model_memory)


def settings() -> Settings:
    return SettingsFile(host.private_directory()).read()


def notes(texts: tuple[str, ...]) -> dict[str, list[str]]:
    """For the node's face in the editor, and in /history; also when empty, so that old ones go."""
    return {"lectern_notes": list(texts)}
