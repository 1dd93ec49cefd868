"""What travels on a LECTERN_PIPELINE link: a loaded pipeline and what was chosen for it. Derived, never changed."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .controlnets import Control
from .ipadapters import Adapter
from .loras import Lora
from .memory import Weights
from .plans import Plan


@dataclass(frozen=True)
class Spec:
    """What to load."""

    path: Path  # the pipeline's folder, or a single file
    variant: str = ""  # "fp16" of model.fp16.safetensors; empty for the plain files
    dtype: str = "auto"  # auto, fp32, fp16, bf16 or fp8 storage
    quantization: str = "none"
    base: Path | None = None  # of a single file: a pipeline's folder that has what the file lacks


@dataclass(frozen=True, eq=False)
class Pipeline:
    """Derived pipelines share the loaded components; each run works on a shallow copy of its own."""

    spec: Spec
    loaded: Any  # a diffusers.DiffusionPipeline: holds the components, is never called and never changed
    weights: tuple[Weights, ...]  # one for each component with weights
    scheduler: Any = None  # instead of the loaded pipeline's own
    loras: tuple[Lora, ...] = ()
    controls: tuple[Control, ...] = ()  # in the order they were linked
    adapters: tuple[Adapter, ...] = ()  # likewise
    plan: Plan = field(default_factory=Plan)  # how it runs
    notes: tuple[str, ...] = ()  # of loading, for the person, one sentence each

    @property
    def patcher(self) -> Weights | None:
        """What ComfyUI's cache looks for on an output, to know that dropping it frees a model."""
        return max(self.weights, key=lambda one: one.bytes, default=None)

    @property
    def kind(self) -> str:
        return type(self.loaded).__name__

    def own_scheduler(self) -> Any:
        return self.scheduler or self.loaded.scheduler

    def all_weights(self) -> tuple[Weights, ...]:
        """The components' and those of what was added to them, each once."""
        added = (*(one.weights for one in self.controls), *(part for one in self.adapters for part in one.parts))
        return tuple(dict.fromkeys((*self.weights, *added)))

    def with_scheduler(self, scheduler: Any) -> "Pipeline":
        return replace(self, scheduler=scheduler)

    def with_lora(self, lora: Lora) -> "Pipeline":
        """Beside those that it has."""
        return replace(self, loras=(*self.loras, lora))

    def with_control(self, control: Control) -> "Pipeline":
        return replace(self, controls=(*self.controls, control))

    def with_adapter(self, adapter: Adapter) -> "Pipeline":
        return replace(self, adapters=(*self.adapters, adapter))

    def with_plan(self, plan: Plan) -> "Pipeline":
        return replace(self, plan=plan)
