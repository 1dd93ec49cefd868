from comfy_api.v0_0_2 import io

from ...lectern.pipelines.packages import require
from ...lectern.pipelines.pipeline import Pipeline
from ...lectern.pipelines.schedulers import NAMES, OWN, SIGMAS, scheduler_for
from .common import CATEGORY, PipelineType, pipeline_input


class LecternPipelineScheduler(io.ComfyNode):
    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="LecternPipelineScheduler",
            display_name="Pipeline Scheduler",
            category=CATEGORY,
            description="Gives a pipeline another scheduler (what other tools call a sampler), made from the settings"
            " that the model was trained with. The linked pipeline stays as it is.",
            search_aliases=["sampler", "euler", "dpm++", "unipc", "ddim", "karras", "shift", "diffusers"],
            inputs=[
                pipeline_input(),
                io.Combo.Input(
                    "scheduler", options=[OWN, *NAMES], default=OWN,
                    tooltip="By its name in diffusers. One that does not fit the pipeline is refused with the list of"
                    " those that do.",
                ),
                io.Combo.Input(
                    "sigmas", options=[OWN, *SIGMAS], default=OWN,
                    tooltip="How the noise is spread over the steps. Not every scheduler has every kind.",
                ),
                io.Float.Input(
                    "shift", default=0.0, min=0.0, max=100.0, step=0.01,
                    tooltip="For models that predict a flow (Flux, SD3): more shift takes more steps at high noise. 0"
                    " leaves the pipeline's own.",
                ),
            ],
            outputs=[PipelineType.Output(display_name="pipeline", tooltip="The pipeline with that scheduler.")],
        )  # fmt: skip

    @classmethod
    def validate_inputs(cls, scheduler: str | None) -> bool | str:
        return True  # named here, so that the list of the installed diffusers counts and not the widget's

    @classmethod
    def execute(cls, pipeline: Pipeline, scheduler: str, sigmas: str, shift: float) -> io.NodeOutput:
        require()
        made = scheduler_for(pipeline.loaded, pipeline.loaded.scheduler, scheduler, sigmas, shift)
        return io.NodeOutput(pipeline.with_scheduler(made))
