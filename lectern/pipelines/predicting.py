"""The picture as a step predicts it: a clear preview early on, where the latents themselves are still noise."""

from functools import wraps
from typing import Any

from torch import Tensor


class Predictions:
    """Looks over the shoulder of a scheduler that belongs to one run alone."""

    def __init__(self, scheduler: Any) -> None:
        self._scheduler = scheduler
        self._last: tuple[Tensor, Any, Tensor] | None = None
        step = scheduler.step

        @wraps(step)  # pipelines read its signature
        def seen(model_output: Tensor, timestep: Any, sample: Tensor, *rest: Any, **named: Any) -> Any:
            made = step(model_output, timestep, sample, *rest, **named)
            self._last = (model_output, timestep, sample)
            return made

        scheduler.step = seen

    def latest(self) -> Tensor | None:
        """Shaped as the pipeline's latents; None before the first step, or where a scheduler does not tell."""
        return predicted(self._scheduler, *self._last) if self._last else None


def predicted(scheduler: Any, output: Tensor, timestep: Any, sample: Tensor) -> Tensor | None:
    """What a step that has just been made from `sample` leads to when all its noise is taken away at once."""
    config = scheduler.config
    if kept := getattr(scheduler, "model_outputs", None):
        # Multistep schedulers keep it themselves, those that work on it at all.
        clean = "++" in str(config.get("algorithm_type")) or config.get("predict_x0")
        return kept[-1] if clean else None
    if hasattr(scheduler, "sigmas") and scheduler.step_index:
        sigma = scheduler.sigmas[scheduler.step_index - 1].to(sample.device)
        if "FlowMatch" in type(scheduler).__name__:
            return sample - sigma * output
        return _of_kind(config.get("prediction_type"), output, sample, 1 / (sigma**2 + 1) ** 0.5, sigma)
    if hasattr(scheduler, "alphas_cumprod"):
        alpha = scheduler.alphas_cumprod[int(timestep)].to(sample.device) ** 0.5
        return _of_kind(config.get("prediction_type"), output, sample / alpha, alpha, (1 - alpha**2) ** 0.5 / alpha)
    return None


def _of_kind(kind: str | None, output: Tensor, sample: Tensor, alpha: Any, sigma: Any) -> Tensor | None:
    """`sample` is the picture plus `sigma` times noise; `alpha` scales both to a variance of one."""
    if kind == "epsilon":
        return sample - sigma * output
    if kind == "v_prediction":
        return sample * alpha**2 - sigma * alpha * output
    return output if kind == "sample" else None
