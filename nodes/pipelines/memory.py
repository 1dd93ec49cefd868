from comfy_api.v0_0_2 import io

from ...lectern.pipelines.packages import require
from ...lectern.pipelines.pipeline import Pipeline
from ...lectern.pipelines.plans import AUTO, BACKENDS, CACHES, NONE, OFFLOADS, OWN, Plan, checked
from .common import CATEGORY, PipelineType, pipeline_input


class LecternPipelineMemory(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternPipelineMemory",
            display_name="Pipeline Memory",
            category=CATEGORY,
            description="Makes a pipeline run in less memory, or faster: where its weights lie, the VAE in tiles,"
            " attention, caches and torch.compile. The linked pipeline stays as it is.",
            search_aliases=["offload", "vram", "tiling", "attention", "sage", "cache", "compile", "diffusers"],
            inputs=[
                pipeline_input(),
                io.Combo.Input(
                    "offload", options=list(OFFLOADS), default=AUTO, optional=True,
                    tooltip="auto: full where it fits, else model. full: all components on the device at once. model:"
                    " each when it is called. group: block by block, the next one coming while one computes."
                    " sequential: layer by layer, slowest and smallest.",
                ),
                io.Boolean.Input(
                    "vae_tiling", default=False, optional=True,
                    tooltip="The VAE works on one tile of a large picture after another, in a fraction of the memory.",
                ),
                io.Boolean.Input(
                    "vae_slicing", default=False, optional=True, advanced=True,
                    tooltip="The VAE works on one picture of a batch after another also where a pipeline calls it"
                    " itself; the nodes here always do.",
                ),
                io.Combo.Input(
                    "attention", options=[OWN, *BACKENDS], default=OWN, optional=True, advanced=True,
                    tooltip="Attention backend of the denoiser, by its name in diffusers. flash, sage and xformers need"
                    " their package.",
                ),
                io.Combo.Input(
                    "cache", options=[NONE, *CACHES], default=NONE, optional=True, advanced=True,
                    tooltip="Leaves out what hardly changes from step to step: faster, with slightly other pictures."
                    " For transformers such as that of Flux.",
                ),
                io.Float.Input(
                    "cache_threshold", default=0.0, min=0.0, max=10.0, step=0.01, round=False, optional=True,
                    advanced=True,
                    tooltip="Of first block and magcache: how much change is left out; more is faster. 0 takes"
                    " diffusers' own, 0.05 and 0.06.",
                ),
                io.Boolean.Input(
                    "compile", default=False, optional=True, advanced=True,
                    tooltip="torch.compile for the blocks that the denoiser repeats. The first run takes long, later"
                    " ones of the same size are faster.",
                ),
            ],
            outputs=[PipelineType.Output(display_name="pipeline", tooltip="The pipeline that runs this way.")],
        )  # fmt: skip

    @classmethod
    def execute(
        cls,
        pipeline: Pipeline,
        offload: str = AUTO,
        vae_tiling: bool = False,
        vae_slicing: bool = False,
        attention: str = OWN,
        cache: str = NONE,
        cache_threshold: float = 0.0,
        compile: bool = False,
    ) -> io.NodeOutput:
        require()
        plan = Plan(offload, vae_tiling, vae_slicing, attention, cache, cache_threshold, compile)
        return io.NodeOutput(pipeline.with_plan(checked(pipeline.loaded, plan)))
