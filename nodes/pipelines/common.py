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
