"""What the Diffusers nodes share."""

from comfy_api.v0_0_2 import io

from ...lectern import host
from ...lectern.pipelines.adapterloading import AdapterLoader
from ...lectern.pipelines.controlloading import ControlLoader
from ...lectern.pipelines.hub.downloading import Downloads
from ...lectern.pipelines.hub.stamps import Stamps
from ...lectern.pipelines.loading import Loader
from ..shared import notes as notes
from ..shared import settings as settings

CATEGORY = "Lectern/Diffusers"

PipelineType = io.Custom("LECTERN_PIPELINE")  # a pipelines.pipeline.Pipeline

loader = Loader(host.model_memory, host.vocabularies())
controls = ControlLoader(host.model_memory)
adapters = AdapterLoader(host.model_memory)
downloads = Downloads(lambda: settings().hub)  # for the background loop
stamps = Stamps()


def pipeline_input() -> io.Input:
    return PipelineType.Input("pipeline", tooltip="From a Pipeline Loader or another Pipeline node.")


def negative_prompt_input() -> io.Input:
    return io.String.Input(
        "negative_prompt", default="", multiline=True,
        tooltip="What it must not show, for pipelines that know a negative prompt.",
    )  # fmt: skip


def seed_input() -> io.Input:
    return io.Int.Input(
        "seed", default=0, min=0, max=0xFFFFFFFFFFFFFFFF, control_after_generate=True,
        tooltip="The same seed gives the same noise, here and in KSampler.",
    )  # fmt: skip


def steps_input() -> io.Input:
    return io.Int.Input("steps", default=20, min=1, max=10000, tooltip="Sampling steps.")
